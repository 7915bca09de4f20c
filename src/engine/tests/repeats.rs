//! Programs that bind again and again with what a person typed once: one factor for a while, and no longer than it may.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::prelude::*;

use super::fakes::*;
use crate::*;

const TYPED: &str = "secret,100001";

fn world() -> Arc<World> {
    let world = of_programs(&Settings::default());
    world.enrol("ada", Method::Totp);
    world
}

async fn sign_in(world: &World, request: LoginRequest, typed: &str) -> Result<Verdict, EngineError> {
    world.decide_on(&world.engine, request, typed).await
}

async fn bound(world: &World, typed: &str) -> Result<Verdict, EngineError> {
    sign_in(world, bind("ada", repeating()), typed).await
}

/// Let in with a factor of its own.
async fn with_factor(world: &World, typed: &str) {
    let Verdict::Allow(grant) = bound(world, typed).await.unwrap() else { panic!("refused") };
    assert!(!grant.remembered() && grant.methods() == [Method::Totp]);
}

/// Let in by what was given before.
async fn again(world: &World, typed: &str) {
    let Verdict::Allow(grant) = bound(world, typed).await.unwrap() else { panic!("refused") };
    assert!(grant.remembered() && grant.methods().is_empty());
}

fn revoked_by(world: &World) -> Vec<String> {
    let by = |record: &AuditRecord| match &record.event {
        AuditEvent::TrustRevoked { by, .. } => Some(by.clone()),
        _ => None,
    };
    world.store.lock().audit.iter().filter_map(by).collect()
}

// LDP-24, LDP-18: one factor, and the password is asked for each time.
#[tokio::test]
async fn what_was_typed_once_signs_in_again_with_its_used_code_and_each_time_on_the_record() {
    let world = world();
    with_factor(&world, TYPED).await;
    for seconds in [0, 29, 30] {
        world.clock.pass(seconds);
        again(&world, TYPED).await;
    }
    assert_eq!(world.asked(), 4);
    let decisions = world.decisions();
    let remembered: Vec<bool> = decisions.iter().map(|decision| decision.remembered).collect();
    assert_eq!(remembered, [false, true, true, true]);
    assert!(decisions.iter().all(|decision| decision.allowed && decision.first_factor == FirstFactor::Accepted));
    let ids: std::collections::HashSet<AttemptId> = decisions.iter().map(|decision| decision.attempt).collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(world.store.lock().spends.len(), 1);
    // A minute after the factor it is over, however often it was used.
    world.clock.pass(1);
    assert_eq!(denied(bound(&world, TYPED).await), Denial::WrongCode);
}

#[tokio::test]
async fn node_that_was_not_asked_before_knows_it_too() {
    let world = world();
    with_factor(&world, TYPED).await;
    let elsewhere = world.decide_on(&world.other_node, bind("CORP\\Ada", repeating()), TYPED).await.unwrap();
    assert!(matches!(elsewhere, Verdict::Allow(grant) if grant.remembered()), "every spelling is one person");
}

#[tokio::test]
async fn another_code_or_none_is_judged_as_usual_and_a_wrong_one_is_counted() {
    let world = world();
    with_factor(&world, TYPED).await;
    assert_eq!(denied(bound(&world, "secret,999999").await), Denial::WrongCode);
    assert_eq!(denied(bound(&world, "secret").await), Denial::CodeMissing);
    let wrong = |key: &CounterKey| key.0.starts_with("code-of|");
    let failures: u32 = {
        let inner = world.store.lock();
        inner.counters.iter().filter(|(key, _)| wrong(key)).map(|(_, counter)| counter.failures).sum()
    };
    assert_eq!(failures, 1);
    world.clock.pass(30);
    with_factor(&world, "secret,100002").await;
    again(&world, TYPED).await;
}

// LDP-25: dropped at once when the directory refuses the password.
#[tokio::test]
async fn password_that_is_refused_takes_what_was_remembered_with_it_there_and_nowhere_else() {
    let world = world();
    let other_service = || {
        let service = Service { door: Door::Ldap, name: "mail".into() };
        LoginRequest { service, ..bind("ada", repeating()) }
    };
    with_factor(&world, TYPED).await;
    world.clock.pass(30);
    assert!(sign_in(&world, other_service(), "secret,100002").await.unwrap().is_allow());
    assert_eq!(denied(bound(&world, "guess,100001").await), Denial::Primary(PrimaryRefusal::WrongPassword));
    again(&world, TYPED).await;

    let change = |to: &str| world.directory.people.lock().unwrap().insert("ada".into(), to.into());
    change("new");
    assert_eq!(denied(bound(&world, TYPED).await), Denial::Primary(PrimaryRefusal::WrongPassword));
    assert_eq!(revoked_by(&world), ["the directory"]);
    change("secret");
    assert!(!bound(&world, TYPED).await.unwrap().is_allow(), "the old password came back, and its factor with it");
    let elsewhere = sign_in(&world, other_service(), "secret,100002").await.unwrap();
    assert!(matches!(elsewhere, Verdict::Allow(grant) if grant.remembered()));
}

// LDP-25: nor does it outlive a lock, an expiry or a disabled account at the directory, though the password stays right.
#[tokio::test]
async fn whatever_the_directory_refuses_the_password_for_takes_it_away() {
    use PrimaryRefusal::*;
    for refusal in [WrongPassword, PasswordExpired, PasswordMustChange, AccountDisabled, AccountLocked, AccountExpired]
    {
        let world = world();
        with_factor(&world, TYPED).await;
        *world.directory.refuses.lock().unwrap() = Some(refusal);
        assert_eq!(denied(bound(&world, TYPED).await), Denial::Primary(refusal));
        *world.directory.refuses.lock().unwrap() = None;
        assert_eq!(denied(bound(&world, TYPED).await), Denial::CodeUsedBefore, "{refusal:?}");
    }
}

// LDP-25: who guesses passwords until they are locked keeps what is remembered from being used as well.
#[tokio::test]
async fn lock_counts_for_what_is_remembered_too() {
    let world = world();
    with_factor(&world, TYPED).await;
    for n in 0..50 {
        denied(bound(&world, &format!("guess{n}")).await);
    }
    let asked = world.asked();
    assert!(matches!(denied(bound(&world, TYPED).await), Denial::LockedOut { .. }));
    assert_eq!(world.asked(), asked);
}

// LDP-25: dropped at once when the directory shows a newer password, though it reads the same.
#[tokio::test]
async fn newer_password_owes_a_factor_of_its_own() {
    let versions = [None, Some(""), Some("20270101000000Z"), Some("20270102000000Z")];
    for (before, after) in versions.into_iter().flat_map(|one| versions.map(|other| (one, other))) {
        let world = world();
        let set = |version: Option<&str>| *world.directory.version.lock().unwrap() = version.map(str::to_owned);
        set(before);
        with_factor(&world, TYPED).await;
        set(after);
        if before == after {
            again(&world, TYPED).await;
            continue;
        }
        assert_eq!(denied(bound(&world, TYPED).await), Denial::CodeUsedBefore, "{before:?} and {after:?}");
        assert_eq!(revoked_by(&world), ["the directory"]);
        set(before);
        assert!(!bound(&world, TYPED).await.unwrap().is_allow(), "it came back");
    }
}

#[tokio::test]
async fn disabled_reported_and_revoked_lose_it_at_once() {
    let world = world();
    with_factor(&world, TYPED).await;
    world.store.lock().users.values_mut().for_each(|user| user.enabled = false);
    assert_eq!(denied(bound(&world, TYPED).await), Denial::UserDisabled);
    world.store.lock().users.values_mut().for_each(|user| user.enabled = true);

    let entry = world.store.lock().trust[0].clone();
    world.engine.disown(entry.user, AttemptId(uuid::Uuid::new_v4()), "ldap/wiki".into(), String::new()).await.unwrap();
    assert!(world.store.lock().trust.is_empty(), "a report left it");
    assert_eq!(denied(bound(&world, TYPED).await), Denial::CodeUsedBefore);

    world.store.lock().trust.push(entry.clone());
    again(&world, TYPED).await;
    world.store.revoke_trust(entry.id, "admin", world.clock.now()).await.unwrap();
    assert_eq!(denied(bound(&world, TYPED).await), Denial::CodeUsedBefore);
}

// B11: group removal, a stricter rule, a shorter window: what holds now counts.
#[tokio::test]
async fn rule_and_window_of_now_count_and_not_those_of_then() {
    let ruled = |require: Requirement| Settings {
        policy: Policy { otherwise: require, ..Policy::default() },
        ..Settings::default()
    };
    let world = world();
    with_factor(&world, TYPED).await;
    world.engine.adopt(ruled(Requirement::AnyOf(vec![Method::Push])));
    assert_eq!(denied(bound(&world, TYPED).await), Denial::NotEnrolled);
    world.engine.adopt(ruled(Requirement::Refuse));
    assert_eq!(denied(bound(&world, TYPED).await), Denial::PolicyRefused);
    world.engine.adopt(Settings::default());
    again(&world, TYPED).await;

    world.clock.pass(10);
    let shorter = |seconds| Terms { repeats: Some(Duration::from_secs(seconds)), ..Terms::default() };
    let verdict = sign_in(&world, bind("ada", shorter(11)), TYPED).await.unwrap();
    assert!(matches!(verdict, Verdict::Allow(grant) if grant.remembered()));
    assert_eq!(denied(sign_in(&world, bind("ada", shorter(10)), TYPED).await), Denial::CodeUsedBefore);
    for terms in [shorter(0), Terms::default()] {
        assert_eq!(denied(sign_in(&world, bind("ada", terms), TYPED).await), Denial::CodeUsedBefore);
    }
    again(&world, TYPED).await;
}

// OTP-08
#[tokio::test]
async fn clock_that_was_set_back_brings_nothing_back() {
    let world = world();
    with_factor(&world, TYPED).await;
    world.clock.went_back.store(5_000, Ordering::SeqCst);
    assert!(matches!(bound(&world, TYPED).await, Err(EngineError::Clock(_))));
    world.clock.went_back.store(0, Ordering::SeqCst);
    world.clock.pass(-1);
    assert!(!bound(&world, TYPED).await.unwrap().is_allow(), "granted in the future");
}

#[tokio::test]
async fn nothing_is_remembered_where_it_may_not_be() {
    let nist = Settings { push: PushRules { nist: true, ..PushRules::default() }, ..Settings::default() };
    let insisting = LoginRequest { insist: Insist::Factor, ..bind("ada", repeating()) };
    for (settings, request) in [(nist, bind("ada", repeating())), (Settings::default(), insisting)] {
        let world = of_programs(&settings);
        world.enrol("ada", Method::Totp);
        assert!(sign_in(&world, request.clone(), TYPED).await.unwrap().is_allow());
        assert!(world.store.lock().trust.is_empty());
        assert_eq!(denied(sign_in(&world, request, TYPED).await), Denial::CodeUsedBefore);
    }
    // Insisting does not rely on what another login left either.
    let world = world();
    with_factor(&world, TYPED).await;
    let insisting = LoginRequest { insist: Insist::Factor, ..bind("ada", repeating()) };
    assert_eq!(denied(sign_in(&world, insisting, TYPED).await), Denial::CodeUsedBefore);
    // Nor does a login that can be asked.
    let asked = LoginRequest {
        channel: Channel { prompts: Prompts::Text, ..bind("ada", repeating()).channel },
        ..bind("ada", repeating())
    };
    assert_eq!(denied(done(world.begin_on(&world.engine, asked, TYPED).await)), Denial::CodeUsedBefore);
}

#[tokio::test]
async fn person_who_owes_no_factor_is_let_in_and_nothing_is_remembered() {
    let settings =
        Settings { policy: Policy { otherwise: Requirement::Skip, ..Policy::default() }, ..Settings::default() };
    let world = of_programs(&settings);
    for _ in 0..2 {
        assert!(bound(&world, "secret").await.unwrap().is_allow());
    }
    assert_eq!(world.events(), ["login.decided", "login.decided"]);
}

#[tokio::test]
async fn station_that_the_rule_remembers_goes_before_what_a_program_repeats() {
    let rule = Rule {
        name: "remembers".into(),
        doors: vec![],
        services: vec![],
        users: vec![],
        groups: vec![],
        networks: vec![],
        hours: None,
        require: Requirement::AnyOf(vec![Method::Totp]),
        remember: Some(Duration::from_secs(3_600)),
    };
    let settings = Settings { policy: Policy { rules: vec![rule], ..Policy::default() }, ..Settings::default() };
    let world = of_programs(&settings);
    world.enrol("ada", Method::Totp);
    let at_station = || {
        let origin = Origin { station: Station::parse("laptop"), ..bind("ada", repeating()).origin };
        LoginRequest { origin, ..bind("ada", repeating()) }
    };
    assert!(sign_in(&world, at_station(), TYPED).await.unwrap().is_allow());
    assert_eq!(world.store.lock().trust[0].station.as_str(), "laptop");
    world.clock.pass(3_599);
    assert!(sign_in(&world, at_station(), "secret").await.unwrap().is_allow());
    // Without a station, only the same text counts.
    with_factor(&world, &format!("secret,{}", world.code())).await;
    assert!(world.store.lock().trust[1].station.is_of_repeats());
    assert_eq!(denied(bound(&world, "secret").await), Denial::CodeMissing);
}

// C15: what is kept and what is told gives nothing away.
#[tokio::test]
async fn entry_and_audit_show_the_address_and_nothing_that_was_typed() {
    let world = world();
    with_factor(&world, TYPED).await;
    let inner = world.store.lock();
    let entry = &inner.trust[0];
    assert_eq!((entry.station.shown(), entry.station.is_of_repeats()), ("192.0.2.1", true));
    assert_eq!((entry.service.as_str(), entry.until), ("ldap/wiki", entry.granted.after(Duration::from_secs(60))));
    let granted = inner.audit.iter().find_map(|record| match &record.event {
        AuditEvent::TrustGranted { station, .. } => Some(station.clone()),
        _ => None,
    });
    assert_eq!(granted.as_deref(), Some("192.0.2.1"));
    assert!(!entry.station.as_str().contains("secret") && !entry.station.as_str().contains("100001"));
    // The store reads it back as it was, and nothing else with such a mark.
    assert_eq!(Station::kept(entry.station.as_str()).as_ref(), Some(&entry.station));
    assert_eq!(Station::kept("Laptop"), Station::parse("laptop"));
    for forged in ["laptop\u{1}00.00", "192.0.2.1\u{1}x", "192.0.2.1\u{1}0\u{1}0", "\u{1}"] {
        assert_eq!(Station::kept(forged), None, "{forged:?}");
    }
    assert_eq!(Station::parse("192.0.2.1\u{1}00.00"), None);
}

/// One login, in all that makes it the one it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    user: String,
    address: std::net::IpAddr,
    station: Option<&'static str>,
    service: (Door, &'static str),
    typed: String,
    passcode: Option<&'static str>,
}

impl Told {
    /// The same but for one thing, or another altogether.
    fn but(&self, other: &Self, in_what: i32) -> Self {
        let (one, other) = (self.clone(), other.clone());
        match in_what {
            0 => Self { user: other.user, ..one },
            1 => Self { address: other.address, ..one },
            2 => Self { station: other.station, ..one },
            3 => Self { service: other.service, ..one },
            4 => Self { typed: other.typed, ..one },
            5 => Self { passcode: other.passcode, ..one },
            _ => other,
        }
    }

    fn request(&self) -> LoginRequest {
        let base = bind(&self.user, repeating());
        let station = self.station.and_then(Station::parse);
        LoginRequest {
            origin: Origin { address: self.address, station, ..base.origin },
            service: Service { door: self.service.0, name: self.service.1.into() },
            splitting: Splitting::Never,
            passcode: self.passcode.and_then(Passcode::parse),
            ..base
        }
    }
}

fn told() -> impl Strategy<Value = Told> {
    let long = |end: char| "n".repeat(299) + &end.to_string();
    let password = |end: char| "p".repeat(127) + &end.to_string();
    (
        prop::sample::select(vec!["ada".to_owned(), "bob".to_owned(), long('a'), long('b')]),
        prop::sample::select(vec!["192.0.2.1", "192.0.2.11", "2001:db8::1", "2001:db8::2"]),
        prop::sample::select(vec![None, Some("laptop"), Some("laptop2")]),
        prop::sample::select(vec![(Door::Ldap, "wiki"), (Door::Ldap, "wik"), (Door::Radius, "wiki")]),
        prop::sample::select(vec![password('a'), password('b'), "p".repeat(126), "p1".into(), "p".into()]),
        prop::sample::select(vec![None, Some("push"), Some("push1"), Some("1push")]),
    )
        .prop_map(|(user, address, station, service, typed, passcode)| Told {
            user,
            address: address.parse().unwrap(),
            station,
            service,
            typed,
            passcode,
        })
}

/// Every password is right, and every phone says yes at once: what keeps two logins apart is only what they are.
async fn rings_for(one: &Told, other: &Told, at_once: bool) -> usize {
    let push = PushRules { of_service: 9, in_all: 9, ..PushRules::default() };
    let world = of_programs(&Settings { push, ..Settings::default() });
    for told in [one, other] {
        world.directory.any_password.store(true, Ordering::SeqCst);
        world.directory.people.lock().unwrap().insert(told.user.clone(), String::new());
        if !world.store.lock().users.values().any(|user| user.subject.name == told.user) {
            world.enrol(&told.user, Method::Push);
        }
    }
    let rung = || world.phone.rung.lock().unwrap().clone();
    let at_first = std::cell::Cell::new(0);
    let approve = async {
        // Time enough for both to ring, if neither waits for the other.
        tokio::time::sleep(Duration::from_secs(1)).await;
        at_first.set(rung().len());
        let mut approved = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let rung = rung();
            for attempt in rung.iter().skip(approved) {
                drop(world.respond(&world.other_node, *attempt, approval()).await);
            }
            approved = rung.len();
        }
    };
    let login = async |told: &Told| sign_in(&world, told.request(), &told.typed).await.unwrap().is_allow();
    let both =
        async { if at_once { tokio::join!(login(one), login(other)) } else { (login(one).await, login(other).await) } };
    let allowed = tokio::select! {
        () = approve => unreachable!(),
        allowed = both => allowed,
    };
    // "push1" asks for the first phone, which everybody has; "1push" is a code, and a wrong one.
    assert_eq!(allowed, (one.passcode != Some("1push"), other.passcode != Some("1push")));
    assert!(!at_once || at_first.get() == rung().len(), "one waited for the other, and rang after it");
    rung().len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    // LDP-25: whatever differs, in whatever place of however long a text, they are two logins.
    #[test]
    fn logins_that_differ_in_anything_share_no_factor(one in told(), other in told(), in_what in 0..7, at_once: bool) {
        let other = one.but(&other, in_what);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let rings = runtime.block_on(rings_for(&one, &other, at_once));
        let typed_wrong = [&one, &other].iter().filter(|told| told.passcode == Some("1push")).count();
        let expected = if one == other { 1_usize.saturating_sub(typed_wrong) } else { 2 - typed_wrong };
        prop_assert_eq!(rings, expected);
    }

    #[test]
    fn login_is_known_again_by_itself(told in told(), at_once: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let rings = runtime.block_on(rings_for(&told, &told, at_once));
        prop_assert_eq!(rings, usize::from(told.passcode != Some("1push")));
    }
}
