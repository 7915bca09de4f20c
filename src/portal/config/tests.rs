//! The section as administrators write it, rightly and wrongly.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use vestibule_engine::SecretBytes;
use vestibule_engine::config::{Problems, SecretRef, Sources};

use super::*;
use crate::settings::{Help, Named, PortalSettings};

/// Files by the certificate of one name.
struct Files {
    certificate: String,
    key: String,
}

impl Files {
    fn new() -> Self {
        let ca = vestibule_peers::certificates::TestCa::new().unwrap();
        let issued = ca.server(&["login.example.com"]).unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        Self { certificate: read(&issued.certificate_file), key: read(&issued.key_file) }
    }
}

impl Sources for Files {
    fn secret(&self, _: &SecretRef) -> Result<SecretBytes, String> {
        Ok(SecretBytes::new(self.key.clone()))
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        if path.ends_with("portal.pem") { Ok(self.certificate.clone().into()) } else { Err("there is none".into()) }
    }
}

fn link(written: &serde_json::Value) -> (Option<PortalSettings>, Vec<(String, bool)>) {
    let config: PortalConfig = serde_json::from_value(written.clone()).unwrap();
    let mut problems = Problems::default();
    let primaries = ["local", "corp"].map(|name| (name.to_owned(), name.to_owned()));
    let primaries = BTreeMap::from(primaries);
    let meant = config.link("portal", &primaries, &Files::new(), &mut problems);
    (meant, problems.into_vec().into_iter().map(|problem| (problem.path, problem.is_error)).collect())
}

fn least() -> serde_json::Value {
    serde_json::json!({
        "origin": "https://login.example.com",
        "tls": {"certificate": "portal.pem", "key": {"file": "portal.key"}},
        "primaries": ["corp", "local"],
    })
}

#[test]
fn a_name_a_certificate_and_a_primary_are_enough() {
    let (meant, problems) = link(&least());
    let meant = meant.unwrap();
    assert_eq!(problems, []);
    assert_eq!(meant.listen, ["0.0.0.0:8443".parse().unwrap()]);
    assert_eq!((meant.origin(), meant.site_name(), meant.help()), ("https://login.example.com", "Vestibule", None));
    assert_eq!((meant.session.idle.as_secs(), meant.session.absolute.as_secs()), (3_600, 86_400));
}

#[test]
fn every_problem_is_told_at_once_with_its_path() {
    let (meant, problems) = link(&serde_json::json!({
        "listen": ["8443"],
        "origin": "http://login.example.com/portal",
        "primaries": ["corp", "corp", "nobody"],
        "site": {"name": "", "help": "ask around", "accent": "#FFE000"},
        "session": {"idle": "10s", "absolute": "30d"},
        "limits": {"connections": 1, "connections_per_source": 0, "refusal_delay": "11s"},
    }));
    assert!(meant.is_none());
    let paths: Vec<&str> = problems.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "portal.listen.0",
            "portal.origin",
            "portal.tls",
            "portal.primaries.1",
            "portal.primaries.2",
            "portal.site.name",
            "portal.site.help",
            "portal.site.accent",
            "portal.session.idle",
            "portal.session.absolute",
            "portal.limits.connections",
            "portal.limits.connections_per_source",
            "portal.limits.refusal_delay",
        ]
    );
}

#[test]
fn plain_http_needs_a_listed_proxy_in_front() {
    let mut written = least();
    written.as_object_mut().unwrap().remove("tls");
    assert!(link(&written).0.is_none());
    written["trusted_proxies"] = serde_json::json!(["10.0.0.0/8"]);
    assert!(link(&written).0.unwrap().identity.is_none());
}

#[test]
fn a_certificate_without_its_key_is_told_with_its_path() {
    let mut written = least();
    written["tls"]["certificate"] = "elsewhere.pem".into();
    assert_eq!(link(&written).1, [("portal.tls.certificate".to_owned(), true)]);
}

#[test]
fn an_origin_is_what_browsers_send() {
    for (written, meant) in [
        ("https://Login.Example.com/", "https://login.example.com"),
        ("https://login.example.com:443", "https://login.example.com"),
        ("https://login.example.com:8443", "https://login.example.com:8443"),
    ] {
        let mut config = least();
        config["origin"] = written.into();
        assert_eq!(link(&config).0.unwrap().origin(), meant, "{written}");
    }
}

#[test]
fn help_becomes_something_to_click() {
    let link = |written: &str| Help::parse(written).map(|help| help.link);
    assert_eq!(link("it@example.com").as_deref(), Some("mailto:it@example.com"));
    assert_eq!(link("+49 30 1234-56").as_deref(), Some("tel:+4930123456"));
    assert_eq!(link("https://help.example.com/mfa").as_deref(), Some("https://help.example.com/mfa"));
    for odd in ["", "javascript:alert(1)", "http://help.example.com", "it@example.com?bcc=x@y.z", "ask around"] {
        assert_eq!(link(odd), None, "{odd}");
    }
}

#[test]
fn contrast_is_that_of_the_standard() {
    let colour = |text| Colour::parse(text).unwrap();
    assert!((Colour::WHITE.contrast(colour("#000000")) - 21.0).abs() < 0.01);
    assert!((Colour::WHITE.contrast(colour("#777777")) - 4.48).abs() < 0.01);
    assert!(colour("#2B50C8").contrast_as_accent() > 5.3);
    for odd in ["2B50C8", "#2B50C", "#2B50C88", "#GG50C8", "#é0C8"] {
        assert_eq!(Colour::parse(odd), None, "{odd}");
    }
}

fn with_console(console: serde_json::Value) -> serde_json::Value {
    let mut written = least();
    written["console"] = console;
    written
}

#[test]
fn a_console_is_for_those_who_are_named_and_from_private_networks() {
    let written = with_console(serde_json::json!({
        "administrators": [{"source": "corp", "users": ["Ada", "00000000-0000-0000-0000-000000000007"]}],
        "auditors": [{"source": "house", "groups": ["CN=Audit,DC=example"]}],
    }));
    let config: PortalConfig = serde_json::from_value(written).unwrap();
    let config = PortalConfig { primaries: vec!["corp".to_owned(), "house".to_owned()], ..config };
    let kept_under = [("corp", "corp"), ("house", "local")].map(|(name, source)| (name.to_owned(), source.to_owned()));
    let mut problems = Problems::default();
    let meant = config.link("portal", &BTreeMap::from(kept_under), &Files::new(), &mut problems).unwrap();
    let console = meant.console.unwrap();
    assert_eq!((console.administrators[0].source.as_str(), console.auditors[0].source.as_str()), ("corp", "local"));
    let named = &console.administrators[0].users;
    assert!(named.contains(&Named::Name("ada".to_owned())) && matches!(named[1], Named::Id(_)), "{named:?}");
    let is_open_to =
        |address: &str| console.networks.iter().any(|network| network.contains(&address.parse::<IpAddr>().unwrap()));
    for near in ["127.0.0.1", "::1", "10.9.9.9", "172.31.0.1", "192.168.1.1", "fd00::1", "fe80::1", "169.254.1.1"] {
        assert!(is_open_to(near), "{near}");
    }
    for far in ["203.0.113.9", "172.32.0.1", "2001:db8::1", "100.64.0.1"] {
        assert!(!is_open_to(far), "{far}");
    }
    assert!(link(&least()).0.unwrap().console.is_none());
}

#[test]
fn every_problem_of_the_console_is_told_with_its_path() {
    let written = with_console(serde_json::json!({
        "administrators": [],
        "auditors": [
            {"source": "nobody", "users": ["ada"]},
            {"source": "corp"},
            {"source": "corp", "users": ["", "ada"], "groups": [" "]},
        ],
        "networks": ["10.0.0.0/33"],
    }));
    let (meant, problems) = link(&written);
    assert!(meant.is_none());
    let paths: Vec<&str> = problems.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "portal.console.administrators",
            "portal.console.auditors.0.source",
            "portal.console.auditors.1",
            "portal.console.auditors.2.users.0",
            "portal.console.auditors.2.groups.0",
            "portal.console.networks.0",
        ]
    );
    let least =
        serde_json::json!({"administrators": [{"source": "corp", "users": ["ada"]}], "networks": ["0.0.0.0/0"]});
    assert_eq!(link(&with_console(least)).1, [("portal.console.networks.0".to_owned(), false)]);
    let nowhere = serde_json::json!({"administrators": [{"source": "corp", "users": ["ada"]}], "networks": []});
    assert_eq!(link(&with_console(nowhere)).1, [("portal.console.networks".to_owned(), true)]);
}

/// The portal has to ask whoever is to have rights in it.
#[test]
fn people_of_a_source_that_the_portal_does_not_ask_have_no_console() {
    let mut written = with_console(serde_json::json!({"administrators": [{"source": "local", "users": ["ada"]}]}));
    written["primaries"] = serde_json::json!(["corp"]);
    assert_eq!(link(&written).1, [("portal.console.administrators.0.source".to_owned(), true)]);
}
