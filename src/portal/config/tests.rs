//! The section as administrators write it, rightly and wrongly.

use std::collections::BTreeSet;
use std::path::Path;

use vestibule_engine::SecretBytes;
use vestibule_engine::config::{Problems, SecretRef, Sources};

use super::*;
use crate::settings::{Help, PortalSettings};

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
    let primaries = BTreeSet::from(["local".to_owned(), "corp".to_owned()]);
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
