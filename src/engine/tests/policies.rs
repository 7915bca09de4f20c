//! Policy: which rule decides, and what it asks for.

use std::time::Duration;

use chrono::{NaiveTime, Weekday};

use super::fakes::*;
use crate::config::Problems;
use crate::policy_config::PolicyConfig;
use crate::*;

fn rule(name: &str, require: Requirement) -> Rule {
    Rule {
        name: name.into(),
        doors: vec![],
        services: vec![],
        users: vec![],
        groups: vec![],
        networks: vec![],
        hours: None,
        require,
        remember: None,
    }
}

fn world(rules: Vec<Rule>) -> World {
    let policy = Policy { rules, ..Policy::default() };
    World::with(&Settings { policy, ..Settings::default() }, false)
}

#[tokio::test]
async fn rule_that_skips_lets_in_with_the_password_and_says_so() {
    let world = world(vec![Rule { users: vec!["ada".into()], ..rule("old printer", Requirement::Skip) }]);
    let Verdict::Allow(grant) = world.decide("ada", "secret").await.unwrap() else { panic!("refused") };
    assert!(grant.methods().is_empty());
    assert_eq!(world.decisions()[0].rule.as_deref(), Some("old printer"));
    assert_eq!(denied(world.decide("bob", "hidden").await), Denial::NotEnrolled);
    assert!(!world.decide("ada", "guess").await.unwrap().is_allow());
}

/// Within the hour there is nothing to write; after it there is, so that a place stays known.
#[tokio::test]
async fn where_somebody_without_a_factor_was_let_in_is_written_down_once_an_hour() {
    let world = world(vec![rule("everybody", Requirement::Skip)]);
    let seen = || {
        let inner = world.store.lock();
        let mut sightings = inner.counters.iter().filter(|(key, _)| key.0.starts_with("known-at|"));
        let (_, sighting) = sightings.next().expect("a sighting");
        assert!(sightings.next().is_none());
        (sighting.failures, sighting.last_failure)
    };
    assert!(world.decide("ada", "secret").await.unwrap().is_allow());
    let first = seen();
    assert_eq!(first, (1, Some(world.clock.now())));
    world.clock.pass(3_599);
    assert!(world.decide("ada", "secret").await.unwrap().is_allow());
    assert_eq!(seen(), first);
    world.clock.pass(1);
    assert!(world.decide("ada", "secret").await.unwrap().is_allow());
    assert_eq!(seen(), (2, Some(world.clock.now())));
}

#[tokio::test]
async fn rule_that_refuses_refuses_every_factor() {
    let world = world(vec![Rule { groups: vec!["staff".into()], ..rule("closed", Requirement::Refuse) }]);
    world.enrol("ada", Method::Totp);
    let typed = format!("secret,{}", world.code());
    assert_eq!(denied(world.decide("ada", &typed).await), Denial::PolicyRefused);
}

#[tokio::test]
async fn factor_that_the_rule_does_not_name_does_not_count() {
    let world = world(vec![rule("push only", Requirement::AnyOf(vec![Method::Push]))]);
    world.enrol("ada", Method::Totp);
    let typed = format!("secret,{}", world.code());
    assert_eq!(denied(world.decide("ada", &typed).await), Denial::NotEnrolled);
}

#[tokio::test]
async fn first_rule_that_matches_decides() {
    let world = world(vec![
        Rule { services: vec!["other".into()], ..rule("not this", Requirement::Skip) },
        rule("this", Requirement::Refuse),
        rule("never read", Requirement::Skip),
    ]);
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::PolicyRefused);
    assert_eq!(world.decisions()[0].rule.as_deref(), Some("this"));
}

#[tokio::test]
async fn network_rule_looks_at_the_person_and_never_at_the_system_that_asks() {
    let inside = NetworkMatch("192.0.2.0/24".parse().unwrap());
    let world = world(vec![Rule { networks: vec![inside], ..rule("office", Requirement::Skip) }]);
    // The VPN gateway itself has 192.0.2.1: that is no reason to let its whole clientele in.
    for station in ["198.51.100.7", "", "00-11-22-33-44-55"] {
        let request = request_from("ada", Prompts::None, station);
        let verdict = world.decide_on(&world.engine, request, "secret").await;
        assert_eq!(denied(verdict), Denial::NotEnrolled, "{station}");
    }
    let request = request_from("ada", Prompts::None, "192.0.2.55");
    assert!(world.decide_on(&world.engine, request, "secret").await.unwrap().is_allow());
}

#[tokio::test]
async fn remembered_station_needs_no_factor_until_it_is_over_or_revoked() {
    let remember = Some(Duration::from_secs(8 * 3600));
    let world = world(vec![Rule { remember, ..rule("remembers", Requirement::AnyOf(vec![Method::Totp])) }]);
    world.enrol("ada", Method::Totp);
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    let Verdict::Allow(grant) = world.decide("ada", "secret").await.unwrap() else { panic!("refused") };
    assert!(grant.remembered() && grant.methods().is_empty());
    // Another station, another person, a wrong password: not remembered.
    let elsewhere = request_from("ada", Prompts::None, "203.0.113.5");
    assert_eq!(denied(world.decide_on(&world.engine, elsewhere, "secret").await), Denial::CodeMissing);
    assert_eq!(denied(world.decide("bob", "hidden").await), Denial::NotEnrolled);
    assert!(!world.decide("ada", "guess").await.unwrap().is_allow());
    world.clock.pass(8 * 3600 + 1);
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::CodeMissing);
}

#[tokio::test]
async fn station_is_not_remembered_by_a_rule_that_does_not_say_so() {
    let world = world(vec![rule("forgets", Requirement::AnyOf(vec![Method::Totp]))]);
    world.enrol("ada", Method::Totp);
    assert!(world.decide("ada", &format!("secret,{}", world.code())).await.unwrap().is_allow());
    assert_eq!(denied(world.decide("ada", "secret").await), Denial::CodeMissing);
}

#[test]
fn hours_over_midnight_belong_to_the_day_they_began() {
    let at = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
    let night = Hours { days: vec![Weekday::Fri], from: at(22, 0), to: at(6, 0), zone: chrono_tz::Europe::Berlin };
    let moment = |text: &str| Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros());
    // 2026-11-20 is a Friday.
    assert!(night.contain(moment("2026-11-20T22:00:00+01:00")));
    assert!(night.contain(moment("2026-11-21T05:59:00+01:00")));
    assert!(!night.contain(moment("2026-11-21T06:00:00+01:00")));
    assert!(!night.contain(moment("2026-11-20T05:00:00+01:00")));
    assert!(!night.contain(moment("2026-11-21T23:00:00+01:00")));
}

#[test]
fn every_problem_of_a_policy_is_told_at_once() {
    let written = r#"{"rules": [
        {"name": "a", "require": {"any_of": []}, "networks": ["10.0.0.0/33"]},
        {"name": "a", "require": "skip", "remember": "40d", "users": ["x"],
         "hours": {"from": "25:00", "to": "06:00", "zone": "Mars/Base"}}
    ]}"#;
    let policy: PolicyConfig = serde_json::from_str(written).unwrap();
    let mut problems = Problems::default();
    policy.link("policy", &mut problems);
    let mut paths: Vec<String> =
        problems.into_vec().into_iter().filter(|problem| problem.is_error).map(|problem| problem.path).collect();
    paths.sort();
    let expected = [
        "policy.rules.0.networks.0",
        "policy.rules.0.require",
        "policy.rules.1.hours.from",
        "policy.rules.1.hours.zone",
        "policy.rules.1.name",
        "policy.rules.1.remember",
    ];
    assert_eq!(paths, expected);
}
