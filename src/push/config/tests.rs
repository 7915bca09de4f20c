use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::tests::world::{Shelf, apns_key, link, service_account};

fn shelf() -> Shelf {
    Shelf::default()
        .with("apns.p8", apns_key().1.clone())
        .with("account.json", service_account("https://oauth2.googleapis.com/token"))
}

#[test]
fn nothing_written_means_web_push_to_the_browsers_makers() {
    let (meant, problems) = link(json!({}), &shelf());
    let meant = meant.unwrap();
    assert_eq!(problems, []);
    assert!(meant.web_push() && !meant.apns() && !meant.fcm());
    let hosts: Vec<_> = meant.web_push.unwrap().hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, WebPushConfig::default().allowed_hosts);
}

#[test]
fn apple_and_google_are_reached_where_they_are() {
    let apns = |sandbox| {
        json!({
            "apns": {
                "key": { "credential": "apns.p8" }, "key_id": "ABC1234567", "team_id": "DEF1234567",
                "topic": "com.example.vestibule", "sandbox": sandbox,
            },
            "fcm": { "service_account": { "credential": "account.json" } },
        })
    };
    for (sandbox, host) in [(false, "https://api.push.apple.com/"), (true, "https://api.sandbox.push.apple.com/")] {
        let (meant, problems) = link(apns(sandbox), &shelf());
        let meant = meant.unwrap();
        assert_eq!(problems, []);
        assert_eq!(meant.apns.unwrap().endpoint.as_str(), host);
        let fcm = meant.fcm.unwrap();
        assert_eq!(fcm.endpoint.as_str(), "https://fcm.googleapis.com/");
        assert_eq!(fcm.account.project, "example-project");
        assert_eq!(fcm.account.token_url.as_str(), "https://oauth2.googleapis.com/token");
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_path() {
    let (meant, problems) = link(
        json!({
            "web_push": {
                "contact": "mailto:root@localhost",
                "allowed_hosts": ["push.example.com", "*.com", "https://push.example.com"],
                "allow_private": ["10.0.0.0/8", "0.0.0.0/0", "ten"],
                "ca_file": "missing.pem",
            },
            "apns": {
                "key": { "credential": "missing" }, "key_id": "short", "team_id": "DEF 234567", "topic": "a b",
                "endpoint": "http://localhost", "ca_file": "missing.pem",
            },
            "fcm": { "service_account": { "credential": "missing" }, "endpoint": "not a url" },
            "proxy": "http://user:secret@proxy.example.com",
            "limits": { "queue": 0, "at_once": 0, "at_once_per_host": 10_001, "patience": "100ms" },
        }),
        &shelf(),
    );
    assert!(meant.is_none());
    let paths: Vec<_> = problems.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "push.web_push.contact",
            "push.web_push.allowed_hosts.1",
            "push.web_push.allowed_hosts.2",
            "push.web_push.allow_private.1",
            "push.web_push.allow_private.2",
            "push.web_push.ca_file",
            "push.apns.key_id",
            "push.apns.team_id",
            "push.apns.topic",
            "push.apns.key",
            "push.apns.endpoint",
            "push.apns.ca_file",
            "push.fcm.service_account",
            "push.fcm.endpoint",
            "push.proxy",
            "push.limits.queue",
            "push.limits.at_once",
            "push.limits.at_once_per_host",
            "push.limits.patience",
        ]
    );
    assert!(!format!("{problems:?}").contains("secret@"), "a login in a URL is repeated");
}

#[test]
fn a_key_that_is_none_is_refused_without_repeating_it() {
    let account = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut account = serde_json::from_str(&service_account("https://oauth2.googleapis.com/token")).unwrap();
        change(&mut account);
        account.to_string()
    };
    let wrong_key =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode("precious"));
    for (apns, google) in [
        ("precious".to_owned(), "precious".to_owned()),
        (wrong_key.clone(), account(&|account| account["private_key"] = json!(wrong_key.clone()))),
        (wrong_key.clone(), account(&|account| account["type"] = json!("authorized_user"))),
        (wrong_key.clone(), account(&|account| account["token_uri"] = json!("http://oauth2.example.com/"))),
        (wrong_key.clone(), account(&|account| account["project_id"] = json!("../precious"))),
        (wrong_key.clone(), account(&|account| account["private_key"] = json!({ "precious": 1 }))),
    ] {
        let shelf = Shelf::default().with("apns.p8", apns).with("account.json", google);
        let section = json!({
            "apns": {
                "key": { "credential": "apns.p8" }, "key_id": "ABC1234567", "team_id": "DEF1234567", "topic": "a.b",
            },
            "fcm": { "service_account": { "credential": "account.json" } },
        });
        let (meant, problems) = link(section, &shelf);
        assert!(meant.is_none());
        let paths: Vec<_> = problems.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["push.apns.key", "push.fcm.service_account"]);
        assert!(!format!("{problems:?}").contains("precious"), "{problems:?}");
    }
}

#[test]
fn a_misspelled_option_is_refused() {
    for section in [json!({ "webpush": {} }), json!({ "web_push": { "hosts": [] } }), json!({ "limits": { "que": 1 } })]
    {
        serde_json::from_value::<PushConfig>(section).unwrap_err();
    }
}

#[test]
fn settings_can_be_logged_without_their_keys() {
    let section = json!({
        "apns": {
            "key": { "credential": "apns.p8" }, "key_id": "ABC1234567", "team_id": "DEF1234567", "topic": "a.b",
        },
        "fcm": { "service_account": { "credential": "account.json" } },
    });
    let shown = format!("{:?}", link(section, &shelf()).0.unwrap());
    assert!(shown.contains("example-project") && shown.len() < 1_500, "{shown}");
    assert!(!shown.contains("PRIVATE") && !shown.contains("key:"), "{shown}");
}
