use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use crate::freeradius::{Directory, FilesUser, FreeRadius, Home, Role, Setup};
use crate::ports::Port;
use crate::process::parse_cpu_time;
use crate::radclient::{Answer, read_answer};
use crate::slapd::{self, Slapd};
use crate::terminal::{Terminal, Typed};
use crate::{readme, tools};

#[test]
fn a_tool_is_found_on_the_path_and_a_missing_one_is_not() {
    assert!(tools::find("sh").is_some_and(|path| path.is_absolute()));
    assert_eq!(tools::find("no-such-tool-of-any-machine"), None);
}

#[test]
fn two_ports_are_never_the_same_while_both_are_held() {
    let (first, second) = (Port::free().unwrap(), Port::free().unwrap());
    assert_ne!(first.number(), second.number());
    let (taken, _listener) = (second.number(), std::net::TcpListener::bind(second.address()).unwrap());
    assert_ne!(Port::free().unwrap().number(), taken);
}

#[test]
fn cpu_time_is_read_past_a_program_name_with_spaces_and_brackets() {
    let stat = "12 (a) b (c)) S 1 12 12 0 -1 4194560 100 0 0 0 150 50 7 7 20 0 1 0 100 0 0";
    assert_eq!(parse_cpu_time(stat), Some(Duration::from_secs(2)));
    assert_eq!(parse_cpu_time("12 (a) S 1"), None);
}

#[test]
fn commands_of_a_text_are_the_lines_of_its_sh_blocks() {
    let text = "Run\n```sh\n# first\nmake it \\\n  so\n\nthen\n```\n```yaml\nnot: this\n```\n```\nnor this\n```\n";
    assert_eq!(readme::commands(text), ["make it so", "then"]);
    assert_eq!(readme::blocks(text, "yaml"), ["not: this\n"]);
}

fn printed(stdout: &str) -> Output {
    Output { status: std::process::ExitStatus::from_raw(0), stdout: stdout.as_bytes().to_vec(), stderr: Vec::new() }
}

#[test]
fn an_answer_that_radclient_printed_is_read_with_its_attributes() {
    let answer = read_answer(&printed(
        "Sent Access-Request Id 4 from 0.0.0.0:4 to 127.0.0.1:5 length 44\n\tUser-Name = \"alice\"\n\
         Received Access-Challenge Id 4 from 127.0.0.1:5 to 127.0.0.1:4 length 38\n\tReply-Message = \"Code?\"\n\tState = 0x01\n",
    ))
    .unwrap();
    assert!(answer.is("Access-Challenge"));
    let reply = answer.reply().unwrap();
    assert_eq!((reply.value("Reply-Message"), reply.value("State")), (Some("Code?"), Some("0x01")));
}

#[test]
fn silence_is_an_answer_and_nonsense_is_an_error() {
    let silence = "(0) No reply from server for ID 4 socket 3\n";
    assert_eq!(read_answer(&printed(silence)).unwrap(), Answer::Silence);
    assert!(read_answer(&printed("radclient: cannot resolve\n")).is_err());
}

fn two_users() -> Role {
    Role::Files(vec![
        FilesUser::new("alice", "wonder land").reply("Class", "\"staff\"").reply("Session-Timeout", "60"),
        FilesUser::new("bob", "0123"),
    ])
}

#[tokio::test]
async fn freeradius_with_files_knows_its_users_by_pap_chap_and_mschap() {
    let Some(server) = FreeRadius::start(&Setup::new(two_users(), "testing123")).await.unwrap() else { return };
    let Some(client) = server.client() else { return };
    let accepted = client.login("alice", "wonder land").await.unwrap();
    let reply = accepted.reply().unwrap();
    assert_eq!((reply.code.as_str(), reply.value("Session-Timeout")), ("Access-Accept", Some("60")));
    assert!(client.login("alice", "wrong").await.unwrap().is("Access-Reject"));
    assert!(client.radtest("chap", "bob", "0123").await.unwrap().is("Access-Accept"));
    assert!(client.radtest("mschap", "bob", "0123").await.unwrap().is("Access-Accept"));
    assert!(client.radtest("mschap", "bob", "0124").await.unwrap().is("Access-Reject"));
}

#[tokio::test]
async fn freeradius_signs_its_answers_where_a_test_tells_it_to() {
    let plain = Setup::new(two_users(), "testing123");
    for (setup, is_signed) in [(plain.clone(), false), (plain.signing_answers(), true)] {
        let Some(server) = FreeRadius::start(&setup).await.unwrap() else { return };
        let Some(client) = server.client() else { return };
        for password in ["0123", "wrong"] {
            let answer = client.login("bob", password).await.unwrap();
            let signature = answer.reply().unwrap().value("Message-Authenticator");
            // A server that has been taught about Blast-RADIUS signs in any case.
            assert!(signature.is_some() || !is_signed, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn freeradius_as_a_proxy_brings_the_upstreams_answer() {
    let Some(upstream) = FreeRadius::start(&Setup::new(two_users(), "upstream-secret")).await.unwrap() else { return };
    let home = Home { address: upstream.address(), secret: upstream.secret().to_owned() };
    let Some(proxy) = FreeRadius::start(&Setup::new(Role::Proxy(home), "client-secret")).await.unwrap() else { return };
    let Some(client) = proxy.client() else { return };
    let accepted = client.login("alice", "wonder land").await.unwrap();
    assert_eq!(accepted.reply().unwrap().value("Class"), Some("0x7374616666"));
    assert!(client.login("bob", "wrong").await.unwrap().is("Access-Reject"));
}

#[tokio::test]
async fn freeradius_challenges_where_a_test_tells_it_to() {
    let challenge = "if (!State) {\n update reply {\n State := 0x2a\n Reply-Message := \"Code?\"\n }\n \
                     update control {\n Response-Packet-Type := Access-Challenge\n }\n handled\n}\n";
    let setup = Setup::new(two_users(), "testing123").authorize(challenge);
    let Some(server) = FreeRadius::start(&setup).await.unwrap() else { return };
    let Some(client) = server.client() else { return };
    let first = client.login("bob", "0123").await.unwrap();
    assert!(first.is("Access-Challenge"), "{first:?}");
    assert_eq!(first.reply().unwrap().value("Reply-Message"), Some("Code?"));
    let second = [("User-Name", "bob"), ("User-Password", "0123"), ("State", "0x2a")];
    assert!(client.send("auth", &second).await.unwrap().is("Access-Accept"));
}

#[tokio::test]
async fn a_server_that_is_gone_is_silence() {
    let Some(server) = FreeRadius::start(&Setup::new(two_users(), "testing123")).await.unwrap() else { return };
    let Some(client) = server.client() else { return };
    let client = client.patience(Duration::from_millis(300));
    assert!(server.process.cpu_time().unwrap() > Duration::ZERO);
    let FreeRadius { process, .. } = server;
    process.terminate().await.unwrap();
    assert_eq!(client.login("bob", "0123").await.unwrap(), Answer::Silence);
}

#[tokio::test]
async fn freeradius_takes_a_password_to_the_directory() {
    let Some(slapd) = Slapd::start(slapd::Options::small()).await.unwrap() else { return };
    let directory = Directory {
        url: slapd.url(),
        base_dn: slapd::PEOPLE.to_owned(),
        service: Some((slapd::READER_DN.to_owned(), slapd::READER_PASSWORD.to_owned())),
        login_attribute: "uid".to_owned(),
    };
    let setup = Setup::new(Role::Ldap(directory), "testing123");
    let Some(server) = FreeRadius::start(&setup).await.unwrap() else { return };
    let Some(client) = server.client() else { return };
    assert!(client.login(&slapd::user_name(7), &slapd::user_password(7)).await.unwrap().is("Access-Accept"));
    assert!(client.login(&slapd::user_name(7), "wrong").await.unwrap().is("Access-Reject"));
}

#[test]
fn what_is_typed_runs_in_the_terminals_folder_with_what_was_exported_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::new(folder.path(), &[Path::new("/somewhere/else/program")]).unwrap();
    assert!(terminal.type_in("export GREETING=hello", "").unwrap().succeeded);
    let typed =
        terminal.type_in("read word; echo $GREETING $word > out; cat out; echo ${PATH%%:*} >&2", "you\n").unwrap();
    assert_eq!(typed, Typed { succeeded: true, printed: "hello you\n/somewhere/else\n".to_owned() });
    assert!(folder.path().join("out").exists());
    assert!(!terminal.type_in("exit 3", "").unwrap().succeeded);
}
