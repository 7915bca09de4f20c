use std::collections::BTreeMap;

use clap::Parser;
use serde_json::{Value, json};
use vestibule_engine::SecretBytes;
use vestibule_engine::config::{Problems, SecretRef};
use vestibule_ldap::Behind;

use super::*;

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    args: Args,
}

fn args(typed: &str) -> Args {
    let words = ["ldap", "--user", "ada"].into_iter().chain(typed.split_whitespace());
    Typed::try_parse_from(words).unwrap().args
}

struct Nothing;

impl Sources for Nothing {
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String> {
        Err(format!("{reference} is not there"))
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        Err(format!("{} is not there", path.display()))
    }
}

/// A door with these applications, each at its addresses.
fn door(applications: &[(&str, &str)], more: &Value) -> (LdapDoorSettings, LdapDoorConfig) {
    let application = |(name, address): &(&str, &str)| {
        let mut application = json!({ "addresses": [address], "primary": "corp" });
        application.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ((*name).to_owned(), application)
    };
    let written = json!({
        "listeners": {
            "inner": { "address": "127.0.0.1:389", "tls": "never" },
            "outer": { "address": "0.0.0.0:1389", "tls": "never" },
        },
        "balancers": ["127.0.0.9"],
        "applications": applications.iter().map(application).collect::<serde_json::Map<_, _>>(),
    });
    let written: LdapDoorConfig = serde_json::from_value(written).unwrap();
    let mut problems = Problems::default();
    let primaries = BTreeMap::from([("corp".to_owned(), Behind::Searched)]);
    (written.clone().link("ldap", &primaries, &Nothing, &mut problems).unwrap(), written)
}

fn chosen(applications: &[(&str, &str)], typed: &str) -> Result<(String, String, String), String> {
    let (settings, written) = door(applications, &json!({}));
    let way = choose(&settings, &written, &args(typed)).map_err(|error| error.to_string())?;
    Ok((way.application.to_owned(), way.from.to_string(), way.address.to_string()))
}

fn way(application: &str, from: &str, address: &str) -> (String, String, String) {
    (application.to_owned(), from.to_owned(), address.to_owned())
}

#[test]
fn application_that_this_machine_is_is_played() {
    let both = [("gitlab", "127.0.0.2"), ("jenkins", "127.0.0.0/8"), ("wiki", "192.0.2.7")];
    assert_eq!(chosen(&both, ""), Ok(way("jenkins", "127.0.0.1", "127.0.0.1:389")));
    assert_eq!(chosen(&both, "--application gitlab"), Ok(way("gitlab", "127.0.0.2", "127.0.0.1:389")));
    assert_eq!(chosen(&both, "--listener outer"), Ok(way("jenkins", "127.0.0.1", "127.0.0.1:1389")));
    assert_eq!(chosen(&both, "--from 127.0.0.2").unwrap().0, "gitlab");
}

#[test]
fn application_on_another_machine_is_said_to_be_there() {
    let both = [("gitlab", "127.0.0.2"), ("wiki", "192.0.2.7")];
    let error = chosen(&both, "--application wiki").unwrap_err();
    for words in
        ["cannot play application wiki", "wiki comes from 192.0.2.7", "from 127.0.0.2 it is gitlab", "--server"]
    {
        assert!(error.contains(words), "{words}: {error}");
    }
    let error = chosen(&[("wiki", "192.0.2.7")], "").unwrap_err();
    assert!(error.contains("no application of the LDAP door") && error.contains("none of its addresses"), "{error}");
    let error = chosen(&both, "--application wiki --from 127.0.0.1").unwrap_err();
    assert!(error.contains("127.0.0.1 is not that"), "{error}");
    let error = chosen(&both, "--application x").unwrap_err();
    assert!(error.contains("there is no application x") && error.contains("there are: gitlab, wiki"), "{error}");
    assert!(chosen(&both, "--listener x").unwrap_err().contains("there are: inner, outer"));
}

#[test]
fn address_of_a_balancer_is_not_used() {
    chosen(&[("jenkins", "127.0.0.9")], "").unwrap_err();
}

#[test]
fn code_goes_with_the_password_as_the_application_takes_it() {
    let login = |code: Option<&str>| Login {
        user: "ada".to_owned(),
        password: Password::new("secret"),
        code: code.map(ToOwned::to_owned),
    };
    let line = |append| Line {
        peer: Peer {
            address: "127.0.0.1:389".parse().unwrap(),
            from: None,
            protection: vestibule_ldap::client::Protection::Never,
            name: "localhost".to_owned(),
            trust: Trust::of_this_system().unwrap(),
            patience: PATIENCE,
        },
        listener: None,
        application: None,
        append,
    };
    for (append, code, typed) in [
        (AppendConfig::Delimiter(','), None, "secret"),
        (AppendConfig::Delimiter(','), Some("492039"), "secret,492039"),
        (AppendConfig::Delimiter(':'), Some("push"), "secret:push"),
        (AppendConfig::Digits(6), Some("492039"), "secret492039"),
        (AppendConfig::Never, None, "secret"),
    ] {
        assert_eq!(line(append).typed(&login(code)).unwrap().0.octets(), typed.as_bytes());
    }
    let refused = line(AppendConfig::Never).typed(&login(Some("492039"))).unwrap_err().to_string();
    assert!(refused.contains("append: never"), "{refused}");
    // A code alone is no password: with the comma before it, it would be a bind that means something (LDP-07).
    let nothing = Login { password: Password::new(""), ..login(Some("492039")) };
    assert_eq!(line(AppendConfig::Delimiter(',')).typed(&nothing).unwrap().0.octets(), b"");
}
