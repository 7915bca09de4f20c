//! Two directories that are the same, one behind the gateway, and a connection to each.

use std::collections::BTreeMap;
use std::time::Duration;

use vestibule_peers::slapd::{Slapd, user_dn, user_password};

use super::masks::mask;
use super::operations::Request;
use crate::harness::chance::Chance;
use crate::harness::ldap_wire::request::{START_TLS, extended, message};
use crate::harness::ldap_wire::{Response, Wire};
use crate::ldap::keeper::{KEEPER, Plan, directory, stage};
use crate::ldap::stage::Stage;

/// How the gateway is reached.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    Secure,
    StartTls,
    Plain,
}

pub(super) struct Pair {
    pub(super) direct: Wire,
    pub(super) through: Wire,
    pub(super) stage: Stage,
    pub(super) alone: Slapd,
}

impl Pair {
    pub(super) async fn of(users: u32) -> Option<Self> {
        let plan = Plan {
            users: Some(users),
            exempt: &[KEEPER],
            application: "      allow_plaintext: true\n",
            ..Plan::default()
        };
        let (stage, alone) = (stage(&plan).await?, directory(users).await?);
        let (direct, through) = (Wire::plain(alone.address()).await, stage.wire().await);
        Some(Self { direct, through, stage, alone })
    }

    /// Connect anew to both, and sign in at both.
    pub(super) async fn connect(&mut self, way: Way) {
        let door = &self.stage.door;
        self.direct = Wire::plain(self.alone.address()).await;
        self.through = match way {
            Way::Secure => self.stage.wire().await,
            Way::Plain => Wire::plain(door.local()).await,
            Way::StartTls => {
                let mut wire = Wire::plain(door.plain()).await;
                assert_eq!(wire.ask(1, &extended(START_TLS, None)).await[0].code(), 0);
                wire.start_tls(door.ca.ca_pem()).await.unwrap()
            }
        };
        let signs_in = crate::harness::ldap_wire::request::bind(&user_dn(KEEPER), &user_password(KEEPER));
        let direct = self.direct.ask(2, &signs_in).await;
        assert_eq!(direct[0].code(), 0);
        assert_eq!(direct, self.through.ask(2, &signs_in).await);
    }

    /// Ask the same of both, all at once; through the gateway in pieces of chance.
    pub(super) async fn ask(&mut self, burst: &[Request], chance: &mut Chance) {
        let octets: Vec<u8> = burst.iter().flat_map(|one| one.octets.clone()).collect();
        self.direct.send(&octets).await;
        for piece in chance.pieces(&octets) {
            self.through.send(piece).await;
            if chance.once_in(20) {
                tokio::time::sleep(Duration::from_micros(300)).await;
            }
        }
        let ids: Vec<i64> = burst.iter().filter(|one| one.is_answered).map(|one| one.id).collect();
        let (direct, through) = (all(&mut self.direct, &ids).await, all(&mut self.through, &ids).await);
        for one in burst {
            let (direct, through) = (direct.get(&one.id), through.get(&one.id));
            assert_eq!(masked(direct), masked(through), "{one:?}\nhas {direct:?}\nand   {through:?}");
        }
    }

    pub(super) async fn end(self) {
        self.stage.assert_alive().await;
        self.stage.end().await;
    }
}

pub(super) fn masked(responses: Option<&Vec<Response>>) -> Vec<Vec<u8>> {
    responses.into_iter().flatten().map(mask).collect()
}

/// What comes until each of these has its end, by id: a server may answer them in any order.
async fn all(wire: &mut Wire, ids: &[i64]) -> BTreeMap<i64, Vec<Response>> {
    let mut open: Vec<i64> = ids.to_vec();
    let mut heard: BTreeMap<i64, Vec<Response>> = BTreeMap::new();
    while !open.is_empty() {
        let response = wire.next().await.unwrap_or_else(|| panic!("hung up; {open:?} not answered, after {heard:?}"));
        assert!(open.contains(&response.id), "nobody asked for {response:?}");
        if response.is_final() {
            open.retain(|id| *id != response.id);
        }
        heard.entry(response.id).or_default().push(response);
    }
    heard
}

/// A request that stands alone.
pub(super) fn one(id: i64, what: String, operation: &[u8], controls: &[Vec<u8>]) -> Request {
    Request { id, what, octets: message(id, operation, controls), is_answered: true }
}
