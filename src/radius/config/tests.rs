//! What an administrator writes, and what they are told about it.

use serde_json::{Value, json};
use vestibule_engine::config::{Problem, Problems};

use super::*;
use crate::tests::{NamedSecrets, link};

const GOOD: &str = "a good long random secret";

fn with_client(client: &Value) -> Value {
    json!({ "clients": { "vpn": client } })
}

fn client(more: &Value) -> Value {
    let mut client = json!({ "addresses": ["192.0.2.7"], "secret": { "env": GOOD }, "primary": "local" });
    client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client
}

/// Path and what was found there.
type Told = Vec<(String, String)>;

/// The problems, errors and warnings apart.
fn problems(written: Value) -> (Told, Told) {
    let (settings, problems) = link(written);
    assert_eq!(settings.is_none(), problems.has_errors(), "settings come exactly when there are no errors");
    let told = |problem: Problem| (problem.path, problem.found);
    let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_vec().into_iter().partition(|problem| problem.is_error);
    (errors.into_iter().map(told).collect(), warnings.into_iter().map(told).collect())
}

fn errors(written: Value) -> Told {
    problems(written).0
}

fn warnings(written: Value) -> Told {
    let (errors, warnings) = problems(written);
    assert_eq!(errors, []);
    warnings
}

#[test]
fn the_smallest_client_has_safe_defaults() {
    let (settings, problems) = link(with_client(&client(&json!({}))));
    assert_eq!(problems.into_vec(), []);
    let settings = settings.unwrap();
    let client = &settings.clients[0];
    assert_eq!(settings.listeners, ["0.0.0.0:1812".parse().unwrap()]);
    assert_eq!((client.require_signature, client.prompt), (RequireSignature::Yes, PromptMode::Challenge));
    assert_eq!((client.on_fault, client.patience.as_secs(), client.reject_delay.as_secs()), (OnFault::Silence, 25, 1));
    assert_eq!(settings.service_names().collect::<Vec<_>>(), ["vpn"]);
}

#[test]
fn a_client_s_own_word_counts_before_the_defaults() {
    let mut written = with_client(&client(&json!({ "prompt": "challenge", "patience": "40s", "append": "never" })));
    written["defaults"] = json!({ "prompt": "none", "patience": "60s", "append": { "digits": 6 }, "on_fault": "reject",
        "require_message_authenticator": true, "reject_delay": "2s", "pass_through": "none",
        "station_attribute": "Called-Station-Id" });
    let settings = link(written).0.unwrap();
    let client = &settings.clients[0];
    assert_eq!((client.prompt, client.patience.as_secs()), (PromptMode::Challenge, 40));
    assert_eq!(client.splitting, vestibule_engine::Splitting::Never);
    assert_eq!((client.on_fault, client.reject_delay.as_secs(), client.station_attribute), (OnFault::Reject, 2, 30));
}

// RAD-32
#[test]
fn weak_secrets_are_warned_of_and_missing_ones_refused() {
    let secret = |env: &str| with_client(&client(&json!({ "secret": { "env": env } })));
    let path = || "radius.clients.vpn.secret".to_owned();
    assert_eq!(
        warnings(secret("twelve chars")),
        [(path(), "a secret of 12 octets, which can be found by trying".to_owned())]
    );
    assert_eq!(warnings(secret("13 characters")), []);
    assert_eq!(warnings(secret(&"long ".repeat(20))), []);
    let known = warnings(secret("TESTING123"));
    assert_eq!(known, [(path(), "a secret that is in manuals and so in every list of guesses".to_owned())]);
    assert_eq!(errors(secret("")), [(path(), "environment variable  is empty".to_owned())]);
    assert_eq!(errors(secret("missing")), [(path(), "environment variable missing is not set".to_owned())]);
}

// RAD-32
#[test]
fn one_secret_for_two_clients_is_warned_of() {
    let mut written = with_client(&client(&json!({})));
    written["clients"]["wifi"] = client(&json!({ "addresses": ["192.0.2.8"] }));
    let warned = warnings(written);
    assert_eq!(warned, [("radius.clients.wifi.secret".to_owned(), "the same secret as client vpn".to_owned())]);
}

// RAD-40
#[test]
fn the_same_network_twice_is_an_error_and_one_inside_another_is_not() {
    let two = |first: &str, second: &str| {
        let mut written = with_client(&client(&json!({ "addresses": [first] })));
        written["clients"]["wifi"] =
            client(&json!({ "addresses": [second], "secret": { "env": "some other long secret" } }));
        written
    };
    let told = errors(two("10.0.0.0/8", "10.0.0.0/8"));
    let expected = ("radius.clients.wifi.addresses".to_owned(), "10.0.0.0/8, which client vpn has too".to_owned());
    assert_eq!(told, [expected]);
    assert_eq!(errors(two("2001:db8::1", "2001:db8::1/128")).len(), 1);
    assert_eq!(warnings(two("10.0.0.0/8", "10.1.2.3")), []);
}

// RAD-40
#[test]
fn the_smaller_network_wins() {
    let mut written = with_client(&client(&json!({ "addresses": ["10.0.0.0/8", "2001:db8::/32"] })));
    for (name, address) in [("site", "10.1.0.0/16"), ("box", "10.1.2.3"), ("v6", "2001:db8::1")] {
        let secret = format!("the long secret of {name}");
        written["clients"][name] = client(&json!({ "addresses": [address], "secret": { "env": secret } }));
    }
    let settings = link(written).0.unwrap();
    let clients = settings.clients.into_iter().map(|settings| {
        let memory = std::sync::Arc::new(crate::clients::Memory::new());
        let primary = std::sync::Arc::new(Nobody);
        std::sync::Arc::new(crate::clients::Client { settings, primary, memory })
    });
    let clients = crate::clients::Clients::new(clients.collect());
    for (address, name) in [
        ("10.9.9.9", Some("vpn")),
        ("10.1.9.9", Some("site")),
        ("10.1.2.3", Some("box")),
        ("::ffff:10.1.2.3", Some("box")),
        ("2001:db8::1", Some("v6")),
        ("2001:db8::2", Some("vpn")),
        ("192.0.2.1", None),
    ] {
        assert_eq!(clients.at(address.parse().unwrap()).map(|client| client.name()), name, "{address}");
    }
}

struct Nobody;

impl vestibule_engine::PrimarySource for Nobody {
    fn name(&self) -> &str {
        "nobody"
    }

    fn authenticator(&self) -> Box<dyn vestibule_engine::PrimaryAuthenticator> {
        unreachable!("nobody signs in here")
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_path() {
    let written = json!({
        "listeners": ["1812", "0.0.0.0:1812", "0.0.0.0:1812"],
        "limits": { "open_logins": 0, "kept_answer_lifetime": "60s", "receive_buffer": 1 },
        "clients": {
            "bad name!": client(&json!({})),
            "vpn": client(&json!({
                "addresses": ["somewhere", "10.0.0.1/8"],
                "primary": "nowhere",
                "append": { "digits": 4 },
                "patience": "1s",
                "reject_delay": "11s",
                "station_attribute": "Colour",
                "pass_through": { "only": ["Class", "Colour"] },
                "reply_attributes": [
                    { "name": "Colour", "value": "red" },
                    { "name": "State", "value": "x" },
                    { "name": "Session-Timeout", "value": "soon" },
                    { "number": 200, "value": "x" },
                    { "value": "x" },
                    { "vendor": { "id": 9, "type": 1 }, "value": "x".repeat(248) },
                ],
            })),
        },
    });
    let told: Vec<String> = errors(written).into_iter().map(|(path, _)| path).collect();
    let expected = [
        "listeners.0",
        "listeners.2",
        "limits.open_logins",
        "limits.kept_answer_lifetime",
        "limits.receive_buffer",
        "clients.bad name!",
        "clients.vpn.addresses.0",
        "clients.vpn.addresses.1",
        "clients.vpn.primary",
        "clients.vpn.append.digits",
        "clients.vpn.patience",
        "clients.vpn.reject_delay",
        "clients.vpn.station_attribute",
        "clients.vpn.pass_through.only.1",
        "clients.vpn.reply_attributes.0.name",
        "clients.vpn.reply_attributes.1",
        "clients.vpn.reply_attributes.2.value",
        "clients.vpn.reply_attributes.3.kind",
        "clients.vpn.reply_attributes.4",
        "clients.vpn.reply_attributes.5.value",
    ];
    assert_eq!(told, expected.map(|path| format!("radius.{path}")));
}

// BLA-08
#[test]
fn whoever_need_not_sign_is_warned_about() {
    for word in [json!("auto"), json!("no"), json!(false)] {
        let told = warnings(with_client(&client(&json!({ "require_message_authenticator": word }))));
        assert_eq!(told[0].0, "radius.clients.vpn.require_message_authenticator");
    }
    for word in [json!("yes"), json!(true)] {
        assert_eq!(warnings(with_client(&client(&json!({ "require_message_authenticator": word })))), []);
    }
    let everywhere = warnings(with_client(&client(&json!({ "addresses": ["0.0.0.0/0"] }))));
    assert_eq!(everywhere[0].0, "radius.clients.vpn.addresses.0");
}

#[test]
fn unknown_words_are_refused() {
    for written in [
        json!({ "listener": [] }),
        with_client(&client(&json!({ "colour": "red" }))),
        with_client(&client(&json!({ "append": { "letters": 3 } }))),
        with_client(&client(&json!({ "require_message_authenticator": "maybe" }))),
        with_client(&client(&json!({ "patience": 30 }))),
    ] {
        assert!(serde_json::from_value::<RadiusConfig>(written).is_err());
    }
}

fn upstream(written: Value) -> (Option<crate::UpstreamSettings>, Vec<Problem>) {
    let config: RadiusUpstreamConfig = serde_json::from_value(written).unwrap();
    let mut problems = Problems::default();
    let settings = config.link("primaries.nps", &NamedSecrets, &mut problems);
    (settings, problems.into_vec())
}

#[test]
fn an_upstream_server_has_safe_defaults() {
    let (settings, problems) = upstream(json!({ "servers": [{ "address": "192.0.2.10", "secret": { "env": GOOD } }] }));
    assert_eq!(problems, []);
    let settings = settings.unwrap();
    assert_eq!(settings.servers[0].address, "192.0.2.10:1812".parse().unwrap());
    assert!(settings.servers[0].require_signature && settings.servers[0].status_check);
}

// BLA-08
#[test]
fn what_holds_for_all_upstream_servers_can_be_said_once_and_changed_for_one() {
    let server = |more: Value| {
        let mut server = json!({ "address": "192.0.2.10", "secret": { "env": GOOD } });
        server.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server
    };
    let (settings, problems) = upstream(json!({
        "require_message_authenticator": "no",
        "status_check": false,
        "servers": [server(json!({})), server(json!({ "require_message_authenticator": "yes", "status_check": true }))],
    }));
    let settings = settings.unwrap();
    let flags: Vec<_> = settings.servers.iter().map(|server| (server.require_signature, server.status_check)).collect();
    assert_eq!(flags, [(false, false), (true, true)]);
    assert_eq!(problems[0].path, "primaries.nps.require_message_authenticator");
}

#[test]
fn problems_of_an_upstream_are_told_at_once() {
    let (settings, problems) = upstream(json!({
        "servers": [
            { "address": "radius.example", "secret": { "env": "missing" } },
            { "address": "[2001:db8::1]:1645", "secret": { "env": GOOD }, "require_message_authenticator": false },
        ],
        "timeout": "10m", "tries": 9, "sockets_per_server": 0, "nas_identifier": "", "group_attribute": "Colour",
    }));
    assert!(settings.is_none());
    let told: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [
        "servers.0.address",
        "servers.0.secret",
        "servers.1.require_message_authenticator",
        "timeout",
        "tries",
        "sockets_per_server",
        "nas_identifier",
        "group_attribute",
    ];
    assert_eq!(told, expected.map(|path| format!("primaries.nps.{path}")));
    assert_eq!(upstream(json!({ "servers": [] })).1[0].path, "primaries.nps.servers");
}

#[test]
fn every_field_is_explained_in_the_schema() {
    for schema in [schemars::schema_for!(RadiusConfig), schemars::schema_for!(RadiusUpstreamConfig)] {
        let schema = serde_json::to_value(schema).unwrap();
        let definitions = schema["$defs"].as_object().unwrap().values().chain([&schema]);
        let fields = definitions.filter_map(|definition| definition["properties"].as_object()).flatten();
        for (name, field) in fields {
            assert!(field["description"].is_string(), "{name} has no description");
        }
    }
}

/// As it stands in a file, where `yes` and `no` are words to some readers and truth values to others.
const WRITTEN: &str = r#"
listeners: ["0.0.0.0:1812", "[::]:1812"]
defaults:
  patience: 60s
  append: { delimiter: "," }
clients:
  vpn:
    addresses: [192.0.2.7, 2001:db8::7]
    secret: { env: a good long random secret }
    primary: local
    require_message_authenticator: yes
    append: never
    pass_through: { only: [Class, Filter-Id] }
    reply_attributes:
      - name: Session-Timeout
        value: 3600
      - vendor: { id: 9, type: 1 }
        value: shell:priv-lvl=15
        groups: [admins]
  switches:
    addresses: [10.0.0.0/8]
    secret: { env: another good long random secret }
    primary: ldap
    require_message_authenticator: no
    prompt: none
    append: { digits: 6 }
    on_fault: reject
limits:
  open_logins: 1000
"#;

#[test]
fn a_written_file_means_what_it_says() {
    let config: RadiusConfig = serde_saphyr::from_str(WRITTEN).unwrap();
    let (settings, problems) = link(serde_json::to_value(&config).unwrap());
    let settings = settings.unwrap();
    let told: Vec<String> = problems.into_vec().into_iter().map(|problem| problem.path).collect();
    assert_eq!(told, ["radius.clients.switches.require_message_authenticator"]);
    let [switches, vpn] = settings.clients.as_slice() else { panic!("two clients") };
    assert_eq!((switches.require_signature, vpn.require_signature), (RequireSignature::No, RequireSignature::Yes));
    assert_eq!((switches.prompt, switches.patience.as_secs()), (PromptMode::None, 60));
    assert_eq!((vpn.splitting.clone(), vpn.reply_attributes.len()), (vestibule_engine::Splitting::Never, 2));
    assert_eq!(settings.limits.open_logins, 1000);
}
