//! A server that a test plays message by message, where a script would have to know too much.

use futures_util::future::join_all;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::super::support::{identify, login, searching, told, upstream};
use super::{Request, Said, bind_result, entry, read, result, tlv};
use crate::LdapUpstream;

pub(super) struct Peer {
    pub(super) listener: TcpListener,
    pub(super) url: String,
}

/// One connection to it.
pub(super) struct Talk(pub(super) TcpStream);

impl Peer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    pub(super) fn upstream(&self, more: Value) -> LdapUpstream {
        upstream(searching(&[&self.url], more))
    }

    /// The next connection, when the service account has signed in on it.
    pub(super) async fn talk(&self) -> Talk {
        let mut talk = Talk(self.listener.accept().await.unwrap().0);
        let Some((id, Said::Request(Request::Bind { .. }))) = read(&mut talk.0).await else { panic!("no bind") };
        talk.say(&id, [bind_result(0, "")]).await;
        talk
    }

    /// Nobody has connected beside those that were accepted.
    pub(super) async fn is_left_alone(&self) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(50), self.listener.accept()).await.is_err()
    }
}

impl Talk {
    /// The next search: its id, and whom it asks for.
    pub(super) async fn search(&mut self) -> (Vec<u8>, String) {
        let Some((id, Said::Request(Request::Search { filter, .. }))) = read(&mut self.0).await else {
            panic!("no search")
        };
        let at = filter.windows(3).position(|window| window == b"uid").unwrap() + 5;
        let length = usize::from(filter[at - 1]);
        (id, String::from_utf8(filter[at..at + length].to_vec()).unwrap())
    }

    pub(super) async fn searches(&mut self, count: usize) -> Vec<(Vec<u8>, String)> {
        let mut searches = Vec::new();
        for _ in 0..count {
            searches.push(self.search().await);
        }
        searches
    }

    pub(super) async fn say<const N: usize>(&mut self, id: &[u8], messages: [Vec<u8>; N]) {
        for message in messages {
            self.0.write_all(&tlv(0x30, &[tlv(0x02, id), message].concat())).await.unwrap();
        }
    }

    pub(super) async fn answer(&mut self, (id, name): &(Vec<u8>, String)) {
        self.say(id, [person(name), done()]).await;
    }
}

pub(super) fn person(name: &str) -> Vec<u8> {
    let id = format!("id-of-{name}");
    entry(&dn(name), &[("entryUUID", &[id.as_bytes()]), ("uid", &[name.as_bytes()])])
}

pub(super) fn dn(name: &str) -> String {
    format!("uid={name},ou=people,dc=example,dc=org")
}

pub(super) fn done() -> Vec<u8> {
    tlv(0x65, &result(0, ""))
}

pub(super) fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("person{number}")).collect()
}

/// All of them are looked up at once, and each is who was asked for.
pub(super) async fn all_are_found(upstream: &LdapUpstream, names: &[String]) {
    let found = join_all(names.iter().map(|name| identify(upstream, name))).await;
    let ids: Vec<String> = found.into_iter().map(|subject| subject.unwrap().id).collect();
    let expected: Vec<String> = names.iter().map(|name| format!("id-of-{name}")).collect();
    assert_eq!(ids, expected);
}

pub(super) async fn all_fail(upstream: &LdapUpstream, names: &[String]) -> Vec<String> {
    let failed = names.iter().map(|name| async { told(&login(upstream, name, "secret").await.failed()) });
    join_all(failed).await
}
