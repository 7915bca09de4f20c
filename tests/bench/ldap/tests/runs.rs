//! Small runs against a real directory, and through a gateway inside this process.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::runtime::Runtime;
use vestibule::gateway::{Gateway, GatewayHandle};
use vestibule_peers::slapd::{self, Slapd};

use crate::code;
use crate::gateway::Prepared;
use crate::ldap::client::Client;
use crate::ldap::load::{self, Load, Outcome, Turn, Work};
use crate::ldap::message::{Credentials, ResultCode};
use crate::ldap::scenario::Scenario;
use crate::ldap::{door, on_one_thread, servers};

const PEOPLE: u32 = 20;

async fn directory() -> Option<Slapd> {
    servers::directory(PEOPLE).await.unwrap()
}

fn load_at(server: SocketAddr) -> Load {
    Load { server, source: None, connections: 3, time_max: Duration::from_secs(60) }
}

/// What comes of so many turns.
fn outcome(load: &Load, work: Work, turns: usize) -> Outcome {
    let work = Work { turns: Box::new(work.turns.take(turns)), ..work };
    on_one_thread(async { load::open(load, work).await?.run().await }).unwrap()
}

#[test]
fn all_work_succeeds_at_the_directory_itself() {
    let runtime = Runtime::new().unwrap();
    let Some(slapd) = runtime.block_on(directory()) else { return };
    for scenario in Scenario::ALL {
        let outcome = outcome(&load_at(slapd.address()), scenario.work(PEOPLE, None), 50);
        assert_eq!((outcome.done, outcome.otherwise), (50, [].into()), "{scenario:?}");
    }
}

#[test]
fn all_work_succeeds_through_the_gateway() {
    let runtime = Runtime::new().unwrap();
    let Some(slapd) = runtime.block_on(directory()) else { return };
    let (prepared, gateway) = runtime.block_on(gateway_before(&slapd)).unwrap();
    for scenario in Scenario::ALL {
        let (mut load, mut code) = (load_at(prepared.address()), None);
        if scenario == Scenario::BindCode {
            door::let_everybody_in(&prepared, PEOPLE).unwrap();
            door::enrol(&prepared, PEOPLE, &runtime).unwrap();
            (load.source, code) = (Some(door::CODED), Some(code::next()));
        }
        let outcome = outcome(&load, scenario.work(PEOPLE, code.as_deref()), 20);
        assert_eq!((outcome.done, outcome.otherwise), (20, [].into()), "{scenario:?}");
    }
    runtime.block_on(gateway.stop());
}

async fn gateway_before(slapd: &Slapd) -> anyhow::Result<(Prepared, GatewayHandle)> {
    let prepared = door::prepare_inside(slapd).await?;
    rustls::crypto::ring::default_provider().install_default().ok();
    let config =
        vestibule::config::load(prepared.config()).into_result().map_err(|report| anyhow::anyhow!("{report}"))?;
    Ok((prepared, Gateway::start(config).await?))
}

#[test]
fn a_wrong_password_is_counted_by_what_the_server_said() {
    let runtime = Runtime::new().unwrap();
    let Some(slapd) = runtime.block_on(directory()) else { return };
    let wrong = Credentials { dn: slapd::user_dn(1), password: "wrong".to_owned() };
    let work = Work { first: None, on_open: true, turns: Box::new([Turn::Bind(wrong)].into_iter()) };
    let outcome = outcome(&load_at(slapd.address()), work, 1);
    assert_eq!((outcome.done, outcome.otherwise), (0, [(ResultCode(49), 1)].into()));
}

#[tokio::test]
async fn an_idle_connection_is_open_until_the_server_ends() {
    let Some(mut slapd) = directory().await else { return };
    let client = Client::connect(slapd.address(), Some("127.0.0.9".parse().unwrap())).await.unwrap();
    assert!(client.is_open());
    slapd.stop();
    while client.is_open() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
