//! One sign-in in several logins at once: one ring, and each is decided by itself.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::fakes::*;
use crate::*;

type Held = tokio::task::JoinHandle<Result<Verdict, EngineError>>;

fn world() -> Arc<World> {
    let world = of_programs(&Settings::default());
    world.enrol("ada", Method::Push);
    world
}

/// A bind with the client at its other end; the client hangs up when the sender is used or dropped.
fn bind_of(
    world: &Arc<World>,
    elsewhere: bool,
    request: LoginRequest,
    typed: &'static str,
) -> (Held, tokio::sync::oneshot::Sender<()>) {
    let (hang_up, hung_up) = tokio::sync::oneshot::channel::<()>();
    let world = Arc::clone(world);
    let held = tokio::spawn(async move {
        let engine = if elsewhere { &world.other_node } else { &world.engine };
        let mut with = DirectoryLogin(Arc::clone(&world.directory));
        let primary = Primary::Password { password: Password::new(typed), with: &mut with };
        engine.decide(request, primary, async { drop(hung_up.await) }).await
    });
    (held, hang_up)
}

fn bound(world: &Arc<World>, elsewhere: bool) -> (Held, tokio::sync::oneshot::Sender<()>) {
    bind_of(world, elsewhere, bind("ada", repeating()), "secret")
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn rung(world: &World) -> Vec<AttemptId> {
    world.phone.rung.lock().unwrap().clone()
}

async fn verdict(held: Held) -> Verdict {
    held.await.unwrap().unwrap()
}

fn grant(verdict: Verdict) -> Grant {
    match verdict {
        Verdict::Allow(grant) => grant,
        Verdict::Deny(denial) => panic!("refused: {denial:?}"),
    }
}

/// Each of these was let in by a decision of its own.
fn are_separate(world: &World, grants: &[Grant]) {
    let attempts: HashSet<AttemptId> = grants.iter().map(Grant::attempt).collect();
    assert_eq!(attempts.len(), grants.len(), "two grants of one attempt");
    let decisions = world.decisions();
    for grant in grants {
        let own: Vec<&Decision> = decisions.iter().filter(|decision| decision.attempt == grant.attempt()).collect();
        assert_eq!(own.len(), 1);
        assert_eq!((own[0].allowed, own[0].remembered), (true, grant.remembered()));
    }
}

// LDP-24: at once, a moment later, and on another node.
#[tokio::test(start_paused = true)]
async fn same_sign_in_again_while_the_phone_rings_rings_once_and_each_is_let_in_by_itself() {
    let world = world();
    let mut logins = vec![bound(&world, false), bound(&world, false), bound(&world, true)];
    seconds(5).await;
    logins.extend([bound(&world, false), bound(&world, true)]);
    seconds(5).await;
    let attempt = rung(&world);
    assert_eq!(attempt.len(), 1);
    assert_eq!(world.asked(), 5, "each asks for its password over its own connection");
    world.respond(&world.other_node, attempt[0], approval()).await.unwrap();
    let mut grants = Vec::new();
    for (held, _hang_up) in logins {
        grants.push(grant(verdict(held).await));
    }
    let with_phone = grants.iter().filter(|grant| grant.methods() == [Method::Push]).count();
    assert_eq!((with_phone, grants.iter().filter(|grant| grant.remembered()).count()), (1, 4));
    are_separate(&world, &grants);
    assert!(grants.iter().all(|grant| grant.carried().0 == b"carried"));
}

#[tokio::test(start_paused = true)]
async fn followers_hear_at_once_and_need_not_look() {
    let world = world();
    let leader = bound(&world, false);
    seconds(1).await;
    let follower = bound(&world, true);
    seconds(1).await;
    world.respond(&world.engine, rung(&world)[0], approval()).await.unwrap();
    let answered = tokio::time::Instant::now();
    grant(verdict(leader.0).await);
    grant(verdict(follower.0).await);
    assert_eq!(answered.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn follower_whose_password_is_wrong_or_whose_user_is_disabled_is_not_let_in_by_the_leader() {
    let world = world();
    let (leader, _stays) = bound(&world, false);
    seconds(1).await;
    world.directory.people.lock().unwrap().insert("ada".into(), "new".into());
    let (follower, _stays_too) = bound(&world, false);
    assert_eq!(denied(Ok(verdict(follower).await)), Denial::Primary(PrimaryRefusal::WrongPassword));
    world.respond(&world.engine, rung(&world)[0], approval()).await.unwrap();
    grant(verdict(leader).await);

    let world = self::world();
    let (leader, _stays) = bound(&world, false);
    seconds(1).await;
    let (follower, _stays_too) = bound(&world, false);
    seconds(1).await;
    world.respond(&world.engine, rung(&world)[0], approval()).await.unwrap();
    world.store.lock().users.values_mut().for_each(|user| user.enabled = false);
    grant(verdict(leader).await);
    assert_eq!(denied(Ok(verdict(follower).await)), Denial::UserDisabled);
}

#[tokio::test(start_paused = true)]
async fn no_on_the_phone_is_a_no_to_all_of_them_each_on_the_record() {
    for (reported, denial) in [(false, Denial::Declined), (true, Denial::Reported)] {
        let world = world();
        let logins = [bound(&world, false), bound(&world, false), bound(&world, true)];
        seconds(1).await;
        world.respond(&world.engine, rung(&world)[0], declined(Method::Push, reported)).await.unwrap();
        for (held, _stays) in logins {
            assert_eq!(denied(Ok(verdict(held).await)), denial);
        }
        let decisions = world.decisions();
        let attempts: HashSet<AttemptId> = decisions.iter().map(|decision| decision.attempt).collect();
        assert_eq!((decisions.len(), attempts.len(), rung(&world).len()), (3, 3, 1));
        assert!(decisions.iter().all(|decision| decision.denial == Some(denial.clone())));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_and_all_of_them_are_refused_in_time() {
    let world = world();
    let leader = bound(&world, false);
    seconds(10).await;
    let follower = bound(&world, true);
    let began = tokio::time::Instant::now();
    for (held, _stays) in [leader, follower] {
        assert_eq!(denied(Ok(verdict(held).await)), Denial::FactorTimedOut);
    }
    assert_eq!((began.elapsed(), rung(&world).len()), (Duration::from_secs(15), 1));
    assert_eq!(world.store.open_attempts().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn follower_with_less_patience_is_refused_and_the_phone_rings_on() {
    let world = world();
    let (leader, _stays) = bound(&world, false);
    seconds(1).await;
    let patience = Duration::from_secs(3);
    let hurried = LoginRequest { channel: Channel { prompts: Prompts::None, patience }, ..bind("ada", repeating()) };
    let (follower, _stays_too) = bind_of(&world, true, hurried, "secret");
    let began = tokio::time::Instant::now();
    assert_eq!(denied(Ok(verdict(follower).await)), Denial::FactorTimedOut);
    assert_eq!(began.elapsed(), patience);
    world.respond(&world.engine, rung(&world)[0], approval()).await.unwrap();
    assert_eq!(grant(verdict(leader).await).methods(), [Method::Push]);
}

// LDP-13
#[tokio::test(start_paused = true)]
async fn follower_takes_over_when_the_leaders_client_hangs_up_and_the_first_ring_is_void() {
    for elsewhere in [false, true] {
        let world = world();
        let (leader, hang_up) = bound(&world, false);
        seconds(1).await;
        let followers = [bound(&world, elsewhere), bound(&world, elsewhere), bound(&world, false)];
        seconds(1).await;
        hang_up.send(()).unwrap();
        assert_eq!(denied(Ok(verdict(leader).await)), Denial::Withdrawn);
        seconds(1).await;
        let rung = rung(&world);
        assert_eq!(rung.len(), 2, "one ring again, for all who still wait");
        assert_eq!(*world.phone.withdrawn.lock().unwrap(), rung[..1]);
        assert_eq!(world.respond(&world.engine, rung[0], approval()).await.unwrap(), Responded::Over);
        world.respond(&world.engine, rung[1], approval()).await.unwrap();
        let mut grants = Vec::new();
        for (held, _stays) in followers {
            grants.push(grant(verdict(held).await));
        }
        are_separate(&world, &grants);
    }
}

#[tokio::test(start_paused = true)]
async fn ring_that_was_taken_over_is_over_when_its_own_client_has_waited_long_enough() {
    let world = world();
    let (leader, hang_up) = bound(&world, false);
    let began = tokio::time::Instant::now();
    seconds(1).await;
    let (follower, _stays) = bound(&world, false);
    seconds(19).await;
    world.clock.pass(20);
    hang_up.send(()).unwrap();
    verdict(leader).await;
    seconds(1).await;
    let until = world.phone.asked.lock().unwrap()[1].0.until;
    // The clock of the wall stood still when the follower came.
    assert_eq!(until, Timestamp::from_secs(START).after(Duration::from_secs(25)));
    assert_eq!(denied(Ok(verdict(follower).await)), Denial::FactorTimedOut);
    assert_eq!(began.elapsed(), Duration::from_secs(26));
}

#[tokio::test(start_paused = true)]
async fn follower_that_hangs_up_withdraws_nothing() {
    let world = world();
    let (leader, _stays) = bound(&world, false);
    seconds(1).await;
    let (follower, hang_up) = bound(&world, false);
    seconds(1).await;
    hang_up.send(()).unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(denied(Ok(verdict(follower).await)), Denial::Withdrawn);
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(world.phone.withdrawn.lock().unwrap().is_empty());
    world.respond(&world.engine, rung(&world)[0], approval()).await.unwrap();
    grant(verdict(leader).await);
    let withdrawn: Vec<Decision> =
        world.decisions().into_iter().filter(|decision| decision.denial == Some(Denial::Withdrawn)).collect();
    assert_eq!(withdrawn.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn node_lost_while_its_login_rings_leaves_the_others_their_answer() {
    let world = world();
    let (leader, _gone_with_it) = bound(&world, false);
    seconds(1).await;
    leader.abort();
    let (follower, _stays) = bound(&world, true);
    seconds(1).await;
    assert_eq!(rung(&world).len(), 1);
    world.respond(&world.other_node, rung(&world)[0], approval()).await.unwrap();
    assert!(grant(verdict(follower).await).remembered());
}

#[tokio::test(start_paused = true)]
async fn login_lost_before_it_rings_leaves_its_place_to_a_follower() {
    // At every point of the leader's way once.
    let mut taken_over = 0;
    for steps in 0..40 {
        let world = world();
        world.directory.slowness.store(0, Ordering::SeqCst);
        let (leader, _gone_with_it) = bound(&world, false);
        let (follower, _stays) = bound(&world, false);
        for _ in 0..steps {
            tokio::task::yield_now().await;
        }
        leader.abort();
        seconds(1).await;
        let rung = rung(&world);
        taken_over += usize::from(rung.len() == 1);
        for attempt in rung {
            drop(world.respond(&world.engine, attempt, approval()).await);
        }
        // The attempt of a login that was lost while it rang its phone may be there unrung, until its time is over.
        let verdict = verdict(follower).await;
        assert!(
            verdict.is_allow() || matches!(verdict, Verdict::Deny(Denial::FactorTimedOut)),
            "after {steps}: {verdict:?}"
        );
    }
    assert!(taken_over > 30, "{taken_over}");
}

// OTP-03: one code, spent once, though both bring it.
#[tokio::test]
async fn same_code_brought_twice_at_once_lets_one_in_by_it_and_the_other_by_that() {
    for elsewhere in [false, true] {
        for slowness in 0..12 {
            let world = of_programs(&Settings::default());
            world.enrol("ada", Method::Totp);
            world.directory.slowness.store(3, Ordering::SeqCst);
            let one = bind_of(&world, false, bind("ada", repeating()), "secret,100001");
            for _ in 0..slowness {
                tokio::task::yield_now().await;
            }
            let two = bind_of(&world, elsewhere, bind("ada", repeating()), "secret,100001");
            let grants = [grant(verdict(one.0).await), grant(verdict(two.0).await)];
            are_separate(&world, &grants);
            assert_eq!(grants.iter().filter(|grant| grant.remembered()).count(), 1);
            assert_eq!(world.store.lock().spends.len(), 1);
        }
    }
}

// OTP-05
#[tokio::test]
async fn same_wrong_code_brought_twice_at_once_is_one_guess_and_both_are_refused() {
    let world = of_programs(&Settings::default());
    world.enrol("ada", Method::Totp);
    let logins = [(); 3].map(|()| bind_of(&world, false, bind("ada", repeating()), "secret,999999"));
    for (held, _stays) in logins {
        assert_eq!(denied(Ok(verdict(held).await)), Denial::WrongCode);
    }
    let inner = world.store.lock();
    let counted: u32 = inner.counters.values().map(|counter| counter.failures).sum();
    assert_eq!(counted, 1);
    drop(inner);
    assert_eq!(world.decisions().len(), 3);
}

// Revoked between the leader's verdict and the follower's, at every point once: then the follower asks for itself.
#[tokio::test(start_paused = true)]
async fn memory_revoked_in_the_very_moment_lets_no_follower_in() {
    let mut asked_anew = 0;
    for after in 0..30 {
        let world = world();
        let (leader, _stays) = bound(&world, false);
        seconds(1).await;
        let (follower, _stays_too) = bound(&world, true);
        seconds(1).await;
        world.respond(&world.engine, rung(&world)[0], approval()).await.unwrap();
        for _ in 0..after {
            tokio::task::yield_now().await;
        }
        let allowed = |world: &World| world.decisions().iter().filter(|decision| decision.allowed).count();
        world.store.lock().trust.clear();
        let before = allowed(&world);
        grant(verdict(leader).await);
        let verdict = verdict(follower).await;
        assert_eq!(verdict.is_allow(), before == 2, "revoked after {after} turns");
        if !verdict.is_allow() {
            asked_anew += 1;
            assert_eq!((rung(&world).len(), denied(Ok(verdict))), (2, Denial::FactorTimedOut));
        }
    }
    assert!(asked_anew > 0);
}

// Two nodes begin in the same moment, and the phone says yes to the one while the other hears that it came second: that one
// has no grant but its own.
#[tokio::test(start_paused = true)]
async fn node_that_came_second_while_the_phone_said_yes_gives_out_no_grant_of_the_first() {
    let mut came_second = 0;
    for (lag, delay) in (0..10).flat_map(|lag| (0..8).map(move |delay| (lag, delay))) {
        let world = world();
        let approve = async {
            while rung(&world).is_empty() {
                tokio::task::yield_now().await;
            }
            for _ in 0..delay {
                tokio::task::yield_now().await;
            }
            drop(world.respond(&world.engine, rung(&world)[0], approval()).await);
            // Where the second rang by itself, it is answered as well.
            seconds(2).await;
            for attempt in rung(&world).into_iter().skip(1) {
                drop(world.respond(&world.engine, attempt, approval()).await);
            }
        };
        let (here, _stays) = bound(&world, false);
        for _ in 0..lag {
            tokio::task::yield_now().await;
        }
        let (there, _stays_too) = bound(&world, true);
        approve.await;
        let grants = [grant(verdict(here).await), grant(verdict(there).await)];
        are_separate(&world, &grants);
        came_second += usize::from(grants.iter().any(Grant::remembered));
    }
    assert!(came_second > 40, "{came_second}");
}

#[tokio::test(start_paused = true)]
async fn logins_of_different_sign_ins_do_not_wait_for_each_other() {
    let settings =
        Settings { push: PushRules { of_service: 9, in_all: 9, ..PushRules::default() }, ..Settings::default() };
    let world = of_programs(&settings);
    world.enrol("ada", Method::Push);
    let at = |address: &str| {
        let origin = Origin { address: address.parse().unwrap(), ..bind("ada", repeating()).origin };
        LoginRequest { origin, ..bind("ada", repeating()) }
    };
    let (here, _stays) = bind_of(&world, false, at("192.0.2.1"), "secret");
    seconds(1).await;
    let (there, _stays_too) = bind_of(&world, false, at("192.0.2.2"), "secret");
    let (other_text, _stays_as_well) = bind_of(&world, false, at("192.0.2.1"), "secret,push");
    let (no_window, _stays_also) = bind_of(&world, false, bind("ada", Terms::default()), "secret");
    seconds(1).await;
    assert_eq!(rung(&world).len(), 4);
    world.respond(&world.engine, rung(&world)[0], approval()).await.unwrap();
    grant(verdict(here).await);
    for held in [there, other_text, no_window] {
        assert_eq!(denied(Ok(verdict(held).await)), Denial::FactorTimedOut);
    }
}

#[tokio::test(start_paused = true)]
async fn phone_that_rang_too_often_is_rung_for_none_of_them() {
    let world = world();
    for _ in 0..5 {
        let (held, _stays) = bound(&world, false);
        assert_eq!(denied(Ok(verdict(held).await)), Denial::FactorTimedOut);
    }
    for (held, _stays) in [bound(&world, false), bound(&world, false), bound(&world, true)] {
        let denial = denied(Ok(verdict(held).await));
        assert!(matches!(denial, Denial::TooManyPushes), "{denial:?}");
    }
}
