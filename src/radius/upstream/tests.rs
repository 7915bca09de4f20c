//! Upstream servers that behave and that do not, over real sockets, with time that only passes when everybody waits.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;
use vestibule_engine::{
    Identified, Passcode, Password, Person, PortError, PrimaryOutcome, PrimaryRefusal, SecretBytes, UserName,
};

use super::*;
use crate::carried;
use crate::tests::Chance;
use crate::wire::{Authenticator, Code, Packet, Signature, Writer, is_answer_to, number, reveal, signature};

const SECRET: &str = "the secret of the upstream";

/// An upstream server whose every move is the test's.
struct FakeServer {
    socket: UdpSocket,
}

/// A request that reached it.
#[derive(Clone)]
struct Request {
    octets: Vec<u8>,
    from: SocketAddr,
}

fn secret() -> SharedSecret {
    SharedSecret::new(SecretBytes::new(SECRET))
}

impl FakeServer {
    async fn start() -> Self {
        Self { socket: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap() }
    }

    fn settings(&self) -> ServerSettings {
        let address = self.socket.local_addr().unwrap();
        ServerSettings { address, secret: secret(), require_signature: true, status_check: false }
    }

    async fn next(&self) -> Request {
        let mut octets = vec![0; 4096];
        let (length, from) = self.socket.recv_from(&mut octets).await.unwrap();
        octets.truncate(length);
        Request { octets, from }
    }

    async fn hears_nothing(&self) -> bool {
        tokio::time::timeout(Duration::from_secs(100), self.next()).await.is_err()
    }

    async fn send(&self, octets: &[u8], to: &Request) {
        self.socket.send_to(octets, to.from).await.unwrap();
    }

    async fn answer(&self, request: &Request, code: Code, attributes: &[(u8, &[u8])]) {
        self.send(&request.answer(code, attributes, &secret()), request).await;
    }
}

impl Request {
    fn packet(&self) -> Packet<'_> {
        Packet::parse(&self.octets).unwrap()
    }

    fn answer(&self, code: Code, attributes: &[(u8, &[u8])], secret: &SharedSecret) -> Vec<u8> {
        let mut writer = Writer::new(code, self.packet().identifier());
        for (kind, value) in attributes {
            writer.put(*kind, value).unwrap();
        }
        writer.seal_answer(self.packet().authenticator(), secret)
    }

    /// The answer of a server from before 2024: right, but without a Message-Authenticator.
    fn unsigned_answer(&self, code: Code) -> Vec<u8> {
        let mut octets = vec![code.0, self.packet().identifier(), 0, 20];
        let authenticator = secret().response_authenticator_for_test(&octets, self.packet().authenticator());
        octets.extend_from_slice(&authenticator);
        octets
    }

    fn password(&self) -> String {
        let packet = self.packet();
        let hidden = packet.first(number::USER_PASSWORD).unwrap();
        reveal(hidden, packet.authenticator(), &secret()).unwrap().as_text().unwrap().to_owned()
    }
}

fn upstream(servers: Vec<ServerSettings>, tasks: &Tasks) -> RadiusUpstream {
    let random: Arc<dyn Random> = Arc::new(Chance::new(11));
    RadiusUpstream::start("nps", upstream_settings(servers), &random, tasks)
}

fn upstream_settings(servers: Vec<ServerSettings>) -> UpstreamSettings {
    UpstreamSettings {
        servers,
        timeout: Duration::from_secs(14),
        tries: 2,
        nas_identifier: "vestibule".to_owned(),
        group_attribute: Some(25),
        sockets_per_server: 8,
    }
}

async fn login(upstream: &RadiusUpstream, user: &str, password: &str) -> Result<PrimaryOutcome, PortError> {
    let mut authenticator = upstream.authenticator();
    let user = UserName::parse(user).unwrap();
    let Identified::Known(subject) = authenticator.identify(&user).await.unwrap() else { panic!("known to be known") };
    authenticator.authenticate(&user, &subject, &Password::new(password)).await
}

fn accepted(outcome: Result<PrimaryOutcome, PortError>) -> Person {
    match outcome {
        Ok(PrimaryOutcome::Accepted(person)) => person,
        other => panic!("expected an acceptance: {other:?}"),
    }
}

fn is_refused(outcome: &Result<PrimaryOutcome, PortError>) -> bool {
    matches!(outcome, Ok(PrimaryOutcome::Refused(PrimaryRefusal::Unspecified)))
}

// BLA-02, RAD-11, RAD-27, RAD-34
#[tokio::test(start_paused = true)]
async fn a_password_is_asked_for_in_a_signed_request_and_what_is_granted_is_held() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let upstream = upstream(vec![server.settings()], &tasks);
    let (outcome, request) = tokio::join!(login(&upstream, "Ältst@Example", "correct horse"), async {
        let request = server.next().await;
        let granted: [(u8, &[u8]); 4] = [(25, b"staff"), (25, b"admins"), (11, b"filter"), (33, b"proxy")];
        server.answer(&request, Code::ACCESS_ACCEPT, &granted).await;
        request
    });
    let packet = request.packet();
    assert_eq!(packet.attributes().next().unwrap().kind, number::MESSAGE_AUTHENTICATOR);
    assert_eq!(signature(&packet, &secret(), packet.authenticator()), Signature::Valid);
    assert_eq!((packet.first(1), packet.first(32)), (Some("Ältst@Example".as_bytes()), Some(&b"vestibule"[..])));
    assert_eq!((request.password().as_str(), packet.has(number::PROXY_STATE)), ("correct horse", false));

    let person = accepted(outcome);
    assert_eq!((person.subject.source.as_str(), person.subject.id.as_str()), ("nps", "ältst@example"));
    assert_eq!(person.groups, ["staff", "admins"]);
    let held: Vec<u8> = carried::unpack(&person.carried).map(|attribute| attribute.kind).collect();
    assert_eq!(held, [25, 25, 11]);
}

// LDP-22: the directory behind the server may take all of these for one name.
#[tokio::test(start_paused = true)]
async fn a_name_that_may_be_another_spelling_of_somebodys_is_nobodys() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let upstream = upstream(vec![server.settings()], &tasks);
    let identify = async |user: &str| upstream.authenticator().identify(&UserName::parse(user).unwrap()).await.unwrap();
    for user in ["\u{FF41}lice", "al\u{2170}ce", "ada  l", "ada\u{A0}l", "ada\u{3000}l", "al\u{AD}ice", "al\u{200B}ice"]
    {
        assert!(matches!(identify(user).await, Identified::Unknown), "{user:?}");
    }
    for user in ["j\u{fc}rgen", "ju\u{308}rgen", " JU\u{308}RGEN"] {
        let Identified::Known(subject) = identify(user).await else { panic!("{user:?}") };
        assert_eq!(subject.id, "j\u{fc}rgen");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_outcome_and_is_final() {
    let (tasks, first, second) = (Tasks::new(), FakeServer::start().await, FakeServer::start().await);
    let upstream = upstream(vec![first.settings(), second.settings()], &tasks);
    let (outcome, ()) = tokio::join!(login(&upstream, "alice", "wrong"), async {
        let request = first.next().await;
        first.answer(&request, Code::ACCESS_REJECT, &[]).await;
    });
    assert!(is_refused(&outcome));
    assert!(first.hears_nothing().await && second.hears_nothing().await);
}

// RAD-18, BLA-06, BLA-10
#[tokio::test(start_paused = true)]
async fn a_thousand_forged_answers_before_the_right_one_change_nothing() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let upstream = upstream(vec![server.settings()], &tasks);
    let begun = Instant::now();
    let (outcome, ()) = tokio::join!(login(&upstream, "alice", "secret"), async {
        let request = server.next().await;
        let right = request.answer(Code::ACCESS_REJECT, &[(18, b"no")], &secret());
        let other_secret = request.answer(Code::ACCESS_ACCEPT, &[], &SharedSecret::new(SecretBytes::new("guess")));
        let mut other_identifier = request.answer(Code::ACCESS_ACCEPT, &[], &secret());
        other_identifier[1] ^= 1;
        let mut swapped = right.clone();
        swapped[0] = 2;
        let forged = [
            swapped,
            other_secret,
            other_identifier,
            request.unsigned_answer(Code::ACCESS_ACCEPT),
            [&[2, request.octets[1], 0, 20][..], &[0xAA; 16]].concat(),
            vec![2; 7],
        ];
        for round in 0..1000 {
            server.send(&forged[round % forged.len()], &request).await;
            if round % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
        server.send(&right, &request).await;
    });
    assert!(is_refused(&outcome));
    assert!(begun.elapsed() < Duration::from_millis(1), "no repetition was needed");
}

// BLA-06, RAD-16
#[tokio::test(start_paused = true)]
async fn an_answer_without_a_signature_is_no_answer_and_does_not_change_the_time_of_giving_up() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let upstream = upstream(vec![server.settings()], &tasks);
    let begun = Instant::now();
    let (outcome, requests) = tokio::join!(login(&upstream, "alice", "secret"), async {
        let mut requests = Vec::new();
        while let Ok(request) = tokio::time::timeout(Duration::from_secs(30), server.next()).await {
            server.send(&request.unsigned_answer(Code::ACCESS_ACCEPT), &request).await;
            requests.push((begun.elapsed().as_secs_f64(), request.octets));
        }
        requests
    });
    assert!(matches!(outcome, Err(PortError::Unreachable { .. })), "{outcome:?}");
    // Two tries, the same octets, about two seconds apart.
    let [(first, octets), (second, repeated)] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!((octets, *first < 0.1), (repeated, true));
    assert!((1.8..=2.3).contains(second), "{second}");
}

#[tokio::test(start_paused = true)]
async fn a_server_of_the_old_school_is_believed_only_where_that_is_configured() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let settings = ServerSettings { require_signature: false, ..server.settings() };
    let upstream = upstream(vec![settings], &tasks);
    let (outcome, ()) = tokio::join!(login(&upstream, "alice", "secret"), async {
        let request = server.next().await;
        // A signature that is there must be right all the same.
        let mut wrong = request.answer(Code::ACCESS_REJECT, &[], &secret());
        wrong[30] ^= 1;
        server.send(&wrong, &request).await;
        server.send(&request.unsigned_answer(Code::ACCESS_ACCEPT), &request).await;
    });
    accepted(outcome);
}

// RAD-18
#[tokio::test(start_paused = true)]
async fn only_the_first_right_answer_counts_and_late_ones_disturb_nobody() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let upstream = upstream(vec![server.settings()], &tasks);
    let (outcome, old) = tokio::join!(login(&upstream, "alice", "secret"), async {
        let request = server.next().await;
        server.answer(&request, Code::ACCESS_ACCEPT, &[]).await;
        server.answer(&request, Code::ACCESS_REJECT, &[]).await;
        request
    });
    accepted(outcome);
    let (outcome, ()) = tokio::join!(login(&upstream, "bob", "secret"), async {
        let request = server.next().await;
        server.answer(&old, Code::ACCESS_ACCEPT, &[]).await;
        server.answer(&request, Code::ACCESS_REJECT, &[]).await;
    });
    assert!(is_refused(&outcome));
}

#[tokio::test(start_paused = true)]
async fn when_a_server_does_not_answer_the_next_one_is_asked_in_a_new_request() {
    let (tasks, dead, alive) = (Tasks::new(), FakeServer::start().await, FakeServer::start().await);
    let upstream = upstream(vec![dead.settings(), alive.settings()], &tasks);
    let (outcome, (first, second)) = tokio::join!(login(&upstream, "alice", "secret"), async {
        let first = dead.next().await;
        assert_eq!(dead.next().await.octets, first.octets);
        let second = alive.next().await;
        alive.answer(&second, Code::ACCESS_ACCEPT, &[]).await;
        (first, second)
    });
    accepted(outcome);
    assert_ne!(first.packet().authenticator(), second.packet().authenticator());
    assert_eq!((first.password(), second.password()), ("secret".to_owned(), "secret".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_login_never_takes_longer_than_its_timeout() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let many = vec![server.settings(), server.settings(), server.settings(), server.settings()];
    let upstream = upstream(many, &tasks);
    let begun = Instant::now();
    let outcome = login(&upstream, "alice", "secret").await;
    assert!(matches!(outcome, Err(PortError::Unreachable { .. })), "{outcome:?}");
    assert_eq!(begun.elapsed().as_secs(), 14);
}

// RAD-22 upstream
#[tokio::test(start_paused = true)]
async fn a_question_of_the_upstream_goes_on_at_the_server_that_asked() {
    let (tasks, first, second) = (Tasks::new(), FakeServer::start().await, FakeServer::start().await);
    let upstream = upstream(vec![first.settings(), second.settings()], &tasks);
    let (outcome, ()) = tokio::join!(login(&upstream, "alice", "secret"), async {
        first.next().await;
        first.next().await;
        let request = second.next().await;
        let question: [(u8, &[u8]); 3] = [(18, b"Your\nPIN"), (18, b", please"), (24, b"its state")];
        second.answer(&request, Code::ACCESS_CHALLENGE, &question).await;
    });
    let Ok(PrimaryOutcome::Continue(question)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(question.text, "Your PIN, please");

    let user = UserName::parse("alice").unwrap();
    let answer = Passcode::parse("4711").unwrap();
    let mut later = upstream.authenticator();
    let (outcome, ()) = tokio::join!(later.resume(&user, &question.state, &answer), async {
        let request = second.next().await;
        assert_eq!((request.packet().first(24), request.password()), (Some(&b"its state"[..]), "4711".to_owned()));
        second.answer(&request, Code::ACCESS_ACCEPT, &[(25, b"staff")]).await;
    });
    assert_eq!(accepted(outcome).groups, ["staff"]);
    assert!(first.hears_nothing().await);
}

#[tokio::test(start_paused = true)]
async fn a_question_of_a_server_that_is_gone_is_a_fault_and_not_an_acceptance() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let upstream = upstream(vec![server.settings()], &tasks);
    let user = UserName::parse("alice").unwrap();
    for state in ["", "garbage", r#"{"server":"192.0.2.1:1812","state":[1]}"#] {
        let state = vestibule_engine::Carried(state.as_bytes().to_vec());
        let outcome = upstream.authenticator().resume(&user, &state, &Passcode::parse("1").unwrap()).await;
        assert!(matches!(outcome, Err(PortError::Unusable { .. })), "{outcome:?}");
    }
    assert!(server.hears_nothing().await);
}

// RAD-17, RAD-19
#[tokio::test(start_paused = true)]
async fn two_thousand_logins_at_once_share_no_identifier_and_each_gets_its_own_answer() {
    const LOGINS: usize = 2000;
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let upstream = Arc::new(upstream(vec![server.settings()], &tasks));
    let mut logins = tokio::task::JoinSet::new();
    let mut requests = Vec::new();
    for batch in 0..20 {
        for number in batch * 100..(batch + 1) * 100 {
            let upstream = Arc::clone(&upstream);
            logins.spawn(async move {
                let person = accepted(login(&upstream, &format!("user{number}"), "secret").await);
                assert_eq!(person.groups, [format!("group of user{number}")]);
            });
        }
        for _ in 0..100 {
            requests.push(server.next().await);
        }
    }
    let places: BTreeSet<(SocketAddr, u8)> = requests.iter().map(|r| (r.from, r.packet().identifier())).collect();
    let authenticators: BTreeSet<Authenticator> = requests.iter().map(|r| *r.packet().authenticator()).collect();
    assert_eq!((places.len(), authenticators.len()), (LOGINS, LOGINS));
    // Answered in the wrong order, a few at a time so that no buffer overflows.
    for (count, request) in requests.iter().rev().enumerate() {
        let user = std::str::from_utf8(request.packet().first(1).unwrap()).unwrap();
        server.answer(request, Code::ACCESS_ACCEPT, &[(25, format!("group of {user}").as_bytes())]).await;
        if count % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    while let Some(done) = logins.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn when_every_identifier_is_in_use_one_more_login_is_too_many() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let mut settings = upstream_settings(vec![server.settings()]);
    settings.sockets_per_server = 1;
    let random: Arc<dyn Random> = Arc::new(Chance::new(3));
    let upstream = Arc::new(RadiusUpstream::start("nps", settings, &random, &tasks));
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..256 {
        let upstream = Arc::clone(&upstream);
        logins.spawn(async move { login(&upstream, &format!("user{number}"), "secret").await });
    }
    for _ in 0..256 {
        server.next().await;
    }
    assert!(matches!(login(&upstream, "one more", "secret").await, Err(PortError::Busy { .. })));
}

// STS-04
#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_left_out_until_three_probes_in_a_row_are_answered() {
    let (tasks, dead, alive) = (Tasks::new(), FakeServer::start().await, FakeServer::start().await);
    let settings = ServerSettings { status_check: true, ..dead.settings() };
    let upstream = upstream(vec![settings, alive.settings()], &tasks);
    let answer_alive = || async {
        let request = alive.next().await;
        alive.answer(&request, Code::ACCESS_ACCEPT, &[]).await;
    };
    let (outcome, ..) = tokio::join!(login(&upstream, "alice", "secret"), answer_alive(), async {
        dead.next().await;
        dead.next().await;
    });
    accepted(outcome);

    // The first probe is not answered either: the next login goes straight to the other server.
    let mut probes = vec![(Instant::now(), dead.next().await)];
    assert_eq!(probes[0].1.packet().code(), Code::STATUS_SERVER);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let begun = Instant::now();
    let (outcome, ()) = tokio::join!(login(&upstream, "alice", "secret"), answer_alive());
    accepted(outcome);
    assert!(begun.elapsed() < Duration::from_millis(1));

    // It comes back: two answers, one lost, then three in a row.
    for answered in [true, true, false, true, true, true] {
        let probe = dead.next().await;
        if answered {
            dead.answer(&probe, Code::ACCESS_ACCEPT, &[]).await;
        }
        probes.push((Instant::now(), probe));
    }
    assert!(dead.hears_nothing().await, "a server that is up is not probed");
    let (outcome, ()) = tokio::join!(login(&upstream, "alice", "secret"), async {
        let request = dead.next().await;
        dead.answer(&request, Code::ACCESS_REJECT, &[]).await;
    });
    assert!(is_refused(&outcome), "it is asked first again");

    // Every probe is a new request, signed, and not too soon after the one before.
    let distinct: BTreeSet<_> = probes.iter().map(|(_, probe)| *probe.packet().authenticator()).collect();
    assert_eq!(distinct.len(), probes.len());
    for pair in probes.windows(2) {
        let apart = pair[1].0 - pair[0].0;
        assert!((8.9..=14.1).contains(&apart.as_secs_f64()), "{apart:?}");
    }
    for (_, probe) in &probes {
        assert_eq!(signature(&probe.packet(), &secret(), probe.packet().authenticator()), Signature::Valid);
        assert!(!probe.packet().has(number::USER_NAME));
    }
}

// RAD-07
#[tokio::test(start_paused = true)]
async fn a_password_that_is_too_long_for_the_protocol_is_refused_here() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let upstream = upstream(vec![server.settings()], &tasks);
    let outcome = login(&upstream, "alice", &"x".repeat(129)).await;
    assert!(matches!(outcome, Ok(PrimaryOutcome::Refused(PrimaryRefusal::WrongPassword))));
    assert!(server.hears_nothing().await);
    for length in [1, 15, 16, 17, 31, 32, 63, 64, 127, 128] {
        let password: String = "pässwörd-".chars().cycle().take(length).collect();
        let Some(password) = password.get(..password.floor_char_boundary(length)) else { unreachable!() };
        let (outcome, ()) = tokio::join!(login(&upstream, "alice", password), async {
            let request = server.next().await;
            assert_eq!(request.password(), password);
            server.answer(&request, Code::ACCESS_ACCEPT, &[]).await;
        });
        accepted(outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_is_dropped_closes_its_sockets_and_ends_its_tasks() {
    let (tasks, server) = (Tasks::new(), FakeServer::start().await);
    let settings = ServerSettings { status_check: true, ..server.settings() };
    let upstream = upstream(vec![settings], &tasks);
    let (outcome, ()) = tokio::join!(login(&upstream, "alice", "secret"), async {
        let request = server.next().await;
        server.answer(&request, Code::ACCESS_ACCEPT, &[]).await;
    });
    accepted(outcome);
    assert_eq!(tasks.running(), 2);
    drop(upstream);
    while tasks.running() > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn an_answer_without_a_signature_is_right_in_all_else() {
    let request = Request {
        octets: Writer::new(Code::ACCESS_REQUEST, 5).seal_request(&[1; 16], &secret()),
        from: ([127, 0, 0, 1], 1).into(),
    };
    let answer = request.unsigned_answer(Code::ACCESS_ACCEPT);
    assert!(is_answer_to(&Packet::parse(&answer).unwrap(), &secret(), &[1; 16]));
}
