//! The accounts of programs, and passwords made for one program: no factor, and nothing else is different.

use super::fakes::*;
use crate::*;

fn reader() -> Terms {
    Terms { exempt: Some(Exempt::Account("reader".into())), ..Terms::default() }
}

/// A rule that lets nobody in: whoever gets in all the same, no rule was read for.
fn refusing() -> World {
    let policy = Policy { otherwise: Requirement::Refuse, ..Policy::default() };
    World::with(&Settings { policy, ..Settings::default() }, false)
}

async fn signed_in(world: &World, request: LoginRequest, typed: &str) -> Result<Verdict, EngineError> {
    world.decide_on(&world.engine, request, typed).await
}

fn alerts(world: &World) -> Vec<String> {
    let inner = world.store.lock();
    let address = |record: &AuditRecord| match &record.event {
        AuditEvent::ServiceAccountNewAddress { account, service, address, .. } => {
            assert_eq!((account.as_str(), service.as_str()), ("reader", "ldap/wiki"));
            Some(address.clone())
        }
        _ => None,
    };
    inner.audit.iter().filter_map(address).collect()
}

// LDP-23
#[tokio::test]
async fn exempt_login_is_let_in_by_its_password_and_no_rule_is_read() {
    let world = refusing();
    let Verdict::Allow(grant) = signed_in(&world, bind("ada", reader()), "secret").await.unwrap() else {
        panic!("refused")
    };
    assert!(grant.methods().is_empty() && !grant.remembered());
    let decision = world.decisions().pop().unwrap();
    assert!(decision.allowed && decision.first_factor == FirstFactor::Accepted);
    assert_eq!(decision.rule.as_deref(), Some("service account reader"));
    assert_eq!(denied(signed_in(&world, bind("ada", Terms::default()), "secret").await), Denial::PolicyRefused);
    assert!(world.store.lock().trust.is_empty(), "nothing is remembered of such a login");
}

fn app() -> Terms {
    Terms { exempt: Some(Exempt::AppPassword("my phone".into())), ..Terms::default() }
}

#[tokio::test]
async fn app_password_stands_for_the_factor_and_not_for_what_the_rules_forbid() {
    let world = World::new();
    let verdict = signed_in(&world, bind("ada", app()), "secret").await.unwrap();
    assert!(matches!(&verdict, Verdict::Allow(grant) if grant.methods().is_empty()), "{verdict:?}");
    assert_eq!(world.decisions().pop().unwrap().rule.as_deref(), Some("app password my phone"));
    let world = refusing();
    assert_eq!(denied(signed_in(&world, bind("ada", app()), "secret").await), Denial::PolicyRefused);
}

#[tokio::test]
async fn programs_of_a_person_neither_clear_nor_count_what_is_guessed_of_their_own_password() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let wrong = Denial::Primary(PrimaryRefusal::WrongPassword);
    let guess = |terms: Terms| signed_in(&world, bind("ada", terms), "guess");
    // A revoked one that a program keeps trying locks nobody out.
    for _ in 0..80 {
        assert_eq!(denied(guess(app()).await), wrong);
    }
    assert!(signed_in(&world, bind("ada", Terms::default()), "secret,100001").await.unwrap().is_allow());
    // And a right one in between does not give a stranger their tries back.
    for _ in 0..50 {
        denied(guess(Terms::default()).await);
        assert!(signed_in(&world, bind("ada", app()), "secret").await.unwrap().is_allow(), "programs go on");
    }
    let locked = denied(signed_in(&world, bind("ada", Terms::default()), "secret,100002").await);
    assert!(matches!(locked, Denial::LockedOut { .. }), "{locked:?}");
}

// LDP-23: the exemption is from the factor only.
#[tokio::test]
async fn exempt_login_needs_the_right_password_of_an_enabled_user_who_is_not_locked() {
    let world = refusing();
    let wrong = Denial::Primary(PrimaryRefusal::WrongPassword);
    assert_eq!(denied(signed_in(&world, bind("ada", reader()), "guess").await), wrong);
    assert_eq!(denied(signed_in(&world, bind("nobody", reader()), "secret").await), Denial::UnknownUser);
    assert_eq!(denied(signed_in(&world, bind("ada", reader()), "").await), Denial::EmptyPassword);
    assert!(signed_in(&world, bind("ada", reader()), "secret").await.unwrap().is_allow());

    world.store.lock().users.values_mut().for_each(|user| user.enabled = false);
    assert_eq!(denied(signed_in(&world, bind("ada", reader()), "secret").await), Denial::UserDisabled);
    world.store.lock().users.values_mut().for_each(|user| user.enabled = true);

    for n in 0..50 {
        assert_eq!(denied(signed_in(&world, bind("ada", reader()), &format!("guess{n}")).await), wrong);
    }
    let locked = denied(signed_in(&world, bind("ada", reader()), "secret").await);
    assert!(matches!(locked, Denial::LockedOut { .. }), "{locked:?}");
}

#[tokio::test]
async fn whole_field_of_an_exempt_login_is_its_password() {
    let world = refusing();
    world.directory.people.lock().unwrap().insert("ada".into(), "secret,123456".into());
    assert!(signed_in(&world, bind("ada", reader()), "secret,123456").await.unwrap().is_allow());
}

#[tokio::test]
async fn door_that_insists_on_a_factor_gets_one_whatever_is_exempt() {
    let world = World::new();
    let phone = world.enrol("ada", Method::Push);
    for insist in [Insist::Factor, Insist::Test(phone)] {
        let page = Channel { prompts: Prompts::Page, ..bind("ada", reader()).channel };
        let request = LoginRequest { insist, channel: page, ..bind("ada", reader()) };
        let prompt = shown(world.begin_on(&world.engine, request, "secret").await);
        world.engine.cancel(prompt.attempt, Withdrawn::ClientGone).await.unwrap();
    }
    let refusing = refusing();
    refusing.enrol("ada", Method::Totp);
    let request = LoginRequest { insist: Insist::Factor, ..bind("ada", reader()) };
    assert_eq!(denied(signed_in(&refusing, request, "secret").await), Denial::PolicyRefused);
}

#[tokio::test]
async fn exempt_login_neither_answers_for_one_that_is_not_nor_lets_itself_be_answered_for() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let at_station = |terms| LoginRequest { terms, ..request("ada", Prompts::None) };
    let (exempt, usual) = tokio::join!(
        signed_in(&world, at_station(reader()), "secret"),
        signed_in(&world, at_station(Terms::default()), "secret")
    );
    assert!(exempt.unwrap().is_allow());
    assert_eq!(denied(usual), Denial::CodeMissing);
}

// L5
#[tokio::test]
async fn account_of_a_program_is_told_of_once_for_each_address_it_is_new_at() {
    let world = World::new();
    let from = |address: &str| {
        let origin = Origin { address: address.parse().unwrap(), ..bind("ada", reader()).origin };
        LoginRequest { origin, ..bind("ada", reader()) }
    };
    for address in ["192.0.2.10", "192.0.2.10", "::ffff:192.0.2.10", "192.0.2.11", "192.0.2.10"] {
        assert!(signed_in(&world, from(address), "secret").await.unwrap().is_allow());
    }
    assert_eq!(alerts(&world), ["192.0.2.10", "192.0.2.11"]);
    // What was refused was not seen there.
    denied(signed_in(&world, from("192.0.2.12"), "guess").await);
    assert!(signed_in(&world, from("192.0.2.12"), "secret").await.unwrap().is_allow());
    assert_eq!(alerts(&world).len(), 3);
    // Each use keeps the address known; after a month without one it is new again, swept or not.
    for days in [29, 29, 31] {
        world.clock.pass(days * 86_400);
        world.engine.sweep().await.unwrap();
        assert!(signed_in(&world, from("192.0.2.10"), "secret").await.unwrap().is_allow());
    }
    assert_eq!(alerts(&world), ["192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.10"]);
    world.clock.pass(31 * 86_400);
    assert!(signed_in(&world, from("192.0.2.10"), "secret").await.unwrap().is_allow());
    assert_eq!(alerts(&world).len(), 5, "swept or not");
}

// A program signs in all the time: where it was seen is written down once an hour.
#[tokio::test]
async fn sighting_of_an_account_is_written_down_once_an_hour() {
    let world = World::new();
    let seen = |world: &World| {
        let counters = &world.store.lock().counters;
        counters.iter().find(|(key, _)| key.0.starts_with("account-at|")).map(|(_, seen)| seen.failures)
    };
    for (seconds, times) in [(0, 1), (3_599, 1), (1, 2), (3_600, 3)] {
        world.clock.pass(seconds);
        assert!(signed_in(&world, bind("ada", reader()), "secret").await.unwrap().is_allow());
        assert_eq!(seen(&world), Some(times));
    }
}

// An address that was locked for guessing names tries no account's password either.
#[tokio::test]
async fn address_that_is_locked_is_locked_for_accounts_too() {
    let budget = Budget { tries: 2, ..Settings::default().budgets.password_from };
    let budgets = Budgets { password_from: budget, ..Settings::default().budgets };
    let world = World::with(&Settings { budgets, ..Settings::default() }, false);
    let own = |user: &str, terms| {
        let request = bind(user, terms);
        LoginRequest { origin: Origin { direct: true, ..request.origin.clone() }, ..request }
    };
    for name in ["nobody", "noone"] {
        assert_eq!(denied(signed_in(&world, own(name, Terms::default()), "guess").await), Denial::UnknownUser);
    }
    let asked = world.asked();
    let locked = denied(signed_in(&world, own("ada", reader()), "secret").await);
    assert!(matches!(locked, Denial::LockedOut { .. }), "{locked:?}");
    assert_eq!(world.asked(), asked, "the directory is not asked for a password");
}

#[tokio::test]
async fn password_made_for_a_program_raises_no_alert() {
    let world = World::new();
    let app = Terms { exempt: Some(Exempt::AppPassword("my phone".into())), ..Terms::default() };
    assert!(signed_in(&world, bind("ada", app), "secret").await.unwrap().is_allow());
    assert_eq!(world.events(), ["login.decided"]);
}

// I6: where the record of it cannot be kept, the account is not let in.
#[tokio::test]
async fn fault_at_any_call_lets_no_account_in_without_its_record_and_its_alert() {
    let whole = World::new();
    assert!(signed_in(&whole, bind("ada", reader()), "secret").await.unwrap().is_allow());
    for n in 1..=whole.fuse.calls() + 1 {
        let world = World::new();
        world.fuse.fail_at(n);
        let allowed = signed_in(&world, bind("ada", reader()), "secret").await.is_ok_and(|verdict| verdict.is_allow());
        let recorded = world.decisions().iter().filter(|decision| decision.allowed).count();
        assert_eq!((allowed, alerts(&world).len()), (recorded == 1, recorded), "call {n} failed");
    }
}

// L5
#[tokio::test]
async fn misuse_of_an_account_is_on_the_record() {
    let world = World::new();
    let service = Service { door: Door::Ldap, name: "wiki".into() };
    let address = "203.0.113.9".parse().unwrap();
    world.engine.misused("reader", &service, address, "its time is over").await.unwrap();
    let AuditEvent::ServiceAccountMisused { account, service, address, why } =
        world.store.lock().audit.pop().unwrap().event
    else {
        panic!("another event")
    };
    assert_eq!(
        [account.as_str(), service.as_str(), address.as_str(), why.as_str()],
        ["reader", "ldap/wiki", "203.0.113.9", "its time is over"]
    );
    world.fuse.fail_at(1);
    let unrecorded = world.engine.misused("reader", &bind("ada", reader()).service, [192, 0, 2, 1].into(), "x").await;
    assert!(matches!(unrecorded, Err(EngineError::Store(_))));
}
