//! Where connections come from and where they go to: balancers and strangers, directories that fail, restart or cannot be
//! trusted, and a gateway that is changed or stopped under its clients.

mod accounts;
mod balancers;
mod changes;
mod servers;
mod stops;
mod trust;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpSocket;
use vestibule_peers::raw_ldap::RawLdap;

use crate::harness::Daemon;
use crate::harness::ldap_wire::Wire;

/// A connection from the address `127.0.0.last` of this machine.
async fn from(last: u8, server: SocketAddr) -> Wire {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
    let stream = socket.connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    Wire::on(RawLdap::Plain(stream))
}

/// How many lines of the log have these words.
pub(super) fn said(daemon: &Daemon, words: &str) -> usize {
    daemon.log().lines().filter(|line| line.contains(words)).count()
}

pub(super) async fn until_said(daemon: &Daemon, words: &str, times: usize) {
    for _ in 0..100 {
        if said(daemon, words) >= times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the log never says {words}:\n{}", daemon.log());
}

/// Another application, like the one a site has, at these addresses.
fn application(name: &str, addresses: &str, more: &str) -> String {
    format!(
        "    {name}:\n      addresses: [{addresses}]\n      primary: staff\n      reject_delay: 0s\n      allow_plaintext: \
         true\n{more}"
    )
}
