//! What the section means once it is linked. What is wrong with one is told by the corpus of bad configurations.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use vestibule_engine::config::{Problems, Sources};
use vestibule_engine::{Order, SecretBytes, Splitting, Timestamp};

use super::*;
use crate::LdapDoorSettings;
use crate::client::Protection;
use crate::settings::{Anonymous, ApplicationSettings, Diagnostics, Operations};

/// The section below refers to nothing outside it.
struct Nothing;

impl Sources for Nothing {
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String> {
        Err(format!("{reference} is not there"))
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        Err(format!("{} is not there", path.display()))
    }
}

fn link(applications: &Value) -> LdapDoorSettings {
    let written = json!({
        "listeners": {
            "inner": { "address": "192.0.2.1:389", "tls": "never" },
            "local": { "address": "127.0.0.1:389", "tls": "never" },
        },
        "balancers": ["192.0.2.99"],
        "applications": applications,
    });
    let written: LdapDoorConfig = serde_json::from_value(written).unwrap();
    let mut problems = Problems::default();
    let primaries = BTreeMap::from([("corp".to_owned(), Behind::Searched)]);
    let linked = written.link("ldap", &primaries, &Nothing, &mut problems);
    linked.unwrap_or_else(|| panic!("{:?}", problems.into_vec()))
}

/// One application, with this on top of what it must have.
fn application(more: &Value) -> ApplicationSettings {
    let mut written = json!({ "addresses": ["192.0.2.10"], "primary": "corp" });
    written.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    link(&json!({ "jenkins": written })).applications.remove(0)
}

#[test]
fn what_is_not_written_is_the_cautious_choice() {
    let jenkins = application(&json!({}));
    assert_eq!(jenkins.splitting, Splitting::After { delimiter: ',' });
    assert_eq!((jenkins.patience.as_secs(), jenkins.reject_delay.as_secs()), (25, 1));
    assert_eq!((jenkins.order, jenkins.anonymous), (Order::PasswordFirst, Anonymous::RootDse));
    assert_eq!((jenkins.diagnostics, jenkins.coalesce.map(|span| span.as_secs())), (Diagnostics::Pass, Some(10)));
    assert!(!jenkins.direct && !jenkins.allow_plaintext && !jenkins.app_passwords);
}

#[test]
fn no_time_at_all_switches_coalescing_off() {
    assert_eq!(application(&json!({ "coalesce": "0s" })).coalesce, None);
}

#[test]
fn closest_network_says_which_application_somebody_is() {
    let settings = link(&json!({
        "everything": { "addresses": ["0.0.0.0/0", "::/0"], "primary": "corp" },
        "servers": { "addresses": ["10.0.0.0/8"], "primary": "corp" },
        "jenkins": { "addresses": ["10.1.2.3"], "primary": "corp" },
    }));
    for (address, application) in [
        ("10.1.2.3", "jenkins"),
        ("::ffff:10.1.2.3", "jenkins"),
        ("10.1.2.4", "servers"),
        ("11.1.2.3", "everything"),
        ("2001:db8::1", "everything"),
    ] {
        assert_eq!(settings.application_at("inner", address.parse().unwrap()), Some(application), "{address}");
    }
}

#[test]
fn two_applications_on_one_machine_are_told_apart_by_their_listeners() {
    let settings = link(&json!({
        "gitlab": { "addresses": ["192.0.2.10"], "listeners": ["inner"], "primary": "corp" },
        "jenkins": { "addresses": ["192.0.2.10"], "listeners": ["local"], "primary": "corp", "app_passwords": true },
    }));
    let here = "192.0.2.10".parse().unwrap();
    assert_eq!(settings.application_at("inner", here), Some("gitlab"));
    assert_eq!(settings.application_at("local", here), Some("jenkins"));
    assert_eq!(settings.application_at("local", "192.0.2.11".parse().unwrap()), None);
    assert!(settings.is_balancer("::ffff:192.0.2.99".parse().unwrap()) && !settings.is_balancer(here));
    assert_eq!(settings.service_names().collect::<Vec<_>>(), ["gitlab", "jenkins"]);
    assert_eq!(settings.app_password_services().collect::<Vec<_>>(), ["jenkins"]);
    let entrances: Vec<_> = settings.entrances().map(|entrance| (entrance.listener, entrance.protection)).collect();
    assert_eq!(entrances, [("inner", Protection::Never), ("local", Protection::Never)]);
}

#[test] // LDP-23
fn service_account_may_look_things_up_from_where_its_application_is_and_nothing_else() {
    let jenkins = application(&json!({ "service_accounts": {
        "narrow": {
            "dn": "cn=narrow,dc=example,dc=org",
            "networks": ["192.0.2.10"],
            "operations": ["modify"],
            "expires": "2027-12-31",
        },
        "usual": { "dn": "cn=usual,dc=example,dc=org" },
    }}));
    let [narrow, usual] = &jenkins.accounts[..] else { panic!("{:?}", jenkins.accounts) };
    assert_eq!(usual.operations, Operations { search: true, compare: true, ..Operations::default() });
    assert_eq!(narrow.operations, Operations { modify: true, ..Operations::default() });
    let [here, elsewhere] = ["192.0.2.10", "192.0.2.11"].map(|address| address.parse().unwrap());
    assert!(narrow.may_come_from(here) && !narrow.may_come_from(elsewhere));
    assert!(usual.may_come_from(elsewhere), "the application's own addresses decide");
    // The first moment of that day in UTC.
    assert_eq!((narrow.expires, usual.expires), (Some(Timestamp::from_secs(1_830_211_200)), None));
}
