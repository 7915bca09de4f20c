//! What the directory says of itself, and what the door makes of it (LDP-35).

use vestibule_peers::slapd::{READER_DN, READER_PASSWORD, user_dn, user_password};

use crate::harness::ldap_wire::request::{BASE, Search, present, root_dse};
use crate::harness::ldap_wire::{Response, Wire};
use crate::ldap::keeper::{KEEPER, Plan, directory, stage};

const MECHANISMS: &str = "supportedSASLMechanisms";
const EXTENSIONS: &str = "supportedExtension";
const CONTROLS: &str = "supportedControl";
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
const VERIFY_CREDENTIALS: &str = "1.3.6.1.4.1.4203.666.6.5";
const TURN: &str = "1.3.6.1.1.19";
const PROXIED: [&str; 2] = ["2.16.840.1.113730.3.4.18", "2.16.840.1.113730.3.4.12"];

/// What the documentation says becomes of each attribute. Values are sets: their order says nothing.
struct Documented {
    mechanisms: &'static [&'static str],
    has_start_tls: bool,
    has_proxied: bool,
}

impl Documented {
    fn of(&self, direct: &Response) -> Vec<(String, Vec<String>)> {
        let mut attributes = read(direct);
        for (name, values) in &mut attributes {
            match &**name {
                MECHANISMS => *values = self.mechanisms.iter().map(ToString::to_string).collect(),
                EXTENSIONS => {
                    values.retain(|value| ![START_TLS, VERIFY_CREDENTIALS, TURN].contains(&&**value));
                    if self.has_start_tls {
                        values.push(START_TLS.to_owned());
                    }
                    values.sort();
                }
                CONTROLS => values.retain(|value| self.has_proxied || !PROXIED.contains(&&**value)),
                _ => {}
            }
        }
        attributes.retain(|(_, values)| !values.is_empty());
        attributes
    }
}

fn read(entry: &Response) -> Vec<(String, Vec<String>)> {
    let attributes = entry.attributes().into_iter().map(|(name, values)| {
        let mut values: Vec<String> = values.into_iter().map(|value| String::from_utf8(value).unwrap()).collect();
        values.sort();
        (name, values)
    });
    attributes.collect()
}

/// Whatever is asked, the entry through the gateway is the directory's with the documented differences.
async fn compare(direct: &mut Wire, through: &mut Wire, documented: &Documented) {
    for attributes in
        [&["*", "+"][..], &["+"], &["*"], &[], &[CONTROLS], &[EXTENSIONS, MECHANISMS], &["namingContexts"]]
    {
        let asked = root_dse(attributes);
        let (direct, through) = (direct.ask(7, &asked).await, through.ask(7, &asked).await);
        assert_eq!(direct.len(), through.len());
        assert_eq!(direct.last(), through.last(), "the result");
        assert_eq!(documented.of(&direct[0]), read(&through[0]), "{attributes:?}");
    }
    // Names without values say nothing that has to be taken back.
    let names = Search { names_only: true, attributes: &["*", "+"], ..Search::new("", BASE, present("objectClass")) };
    assert_eq!(direct.ask(8, &names.operation()).await, through.ask(8, &names.operation()).await);
    let nothing = Search::new("", BASE, present("uid")).operation();
    assert_eq!(direct.ask(9, &nothing).await, through.ask(9, &nothing).await);
}

#[tokio::test] // LDP-14, LDP-35
async fn root_dse_differs_in_what_the_door_does_otherwise_and_in_nothing_else() {
    let reader = format!(
        "      service_accounts:\n        reader: {{ dn: \"{READER_DN}\", operations: [search, proxied_authorization] }}\n"
    );
    let plan = Plan { exempt: &[KEEPER], application: &reader, ..Plan::default() };
    let (Some(stage), Some(alone)) = (stage(&plan).await, directory(20).await) else { return };
    let person = (user_dn(KEEPER), user_password(KEEPER));
    let account = (READER_DN.to_owned(), READER_PASSWORD.to_owned());
    let secure = Documented { mechanisms: &["PLAIN"], has_start_tls: false, has_proxied: false };
    for (who, documented) in
        [(None, &secure), (Some(&person), &secure), (Some(&account), &Documented { has_proxied: true, ..secure })]
    {
        let (mut direct, mut through) = (Wire::plain(alone.address()).await, stage.wire().await);
        for wire in [&mut direct, &mut through] {
            if let Some((name, password)) = who {
                assert_eq!(wire.bind(1, name, password).await, 0);
            }
        }
        compare(&mut direct, &mut through, documented).await;
    }
    // In the clear no password is taken, so there is no way to sign in but by TLS first.
    let mut direct = Wire::plain(alone.address()).await;
    for (door, has_start_tls) in [(stage.door.plain(), true), (stage.door.local(), false)] {
        let clear = Documented { mechanisms: &[], has_start_tls, has_proxied: false };
        compare(&mut direct, &mut Wire::plain(door).await, &clear).await;
    }
    // The directory has something to take back, or this shows nothing.
    let all = direct.ask(1, &root_dse(&["*", "+"])).await;
    let says = |attribute: &str, value: &str| {
        read(&all[0]).iter().any(|(name, values)| name == attribute && values.iter().any(|one| one == value))
    };
    assert!(says(CONTROLS, PROXIED[0]) && says(EXTENSIONS, START_TLS), "{:?}", read(&all[0]));
    assert!(says("namingContexts", "dc=example,dc=org"));
    stage.assert_alive().await;
    stage.end().await;
}
