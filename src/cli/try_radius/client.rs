//! Which client of the configuration is played, and how it asks.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};
use vestibule_engine::Random;
use vestibule_radius::RadiusConfig;
use vestibule_radius::client::{Exchange, Peer, Question};
use vestibule_radius::config::{ClientConfig, PromptMode};

use super::super::{Failure, Outcome};

/// A request is repeated after this long without an answer, as network gear does.
const REPEAT_AFTER: Duration = Duration::from_secs(3);
/// RFC 2865 §3.
const PACKET_OCTETS_MAX: usize = 4096;

/// Whom to ask, from where, as whom.
pub(crate) struct Line {
    pub(crate) peer: Peer,
    pub(crate) from: Option<IpAddr>,
    /// What we call ourselves (NAS-Identifier).
    pub(crate) name: String,
    /// The code goes with the password: the client cannot be asked.
    pub(crate) append: bool,
    pub(crate) patience: Duration,
}

impl Line {
    /// Ask, repeat, and wait for an answer that can be believed.
    pub(crate) async fn ask(&self, question: &Question, random: &dyn Random) -> Outcome<Exchange> {
        let mut identifier = [0];
        random.fill(&mut identifier).context("draw a random number")?;
        let [identifier] = identifier;
        let sent = self.peer.write(question, identifier, random)?;
        let to = self.peer.address;
        let reaching = || format!("reach {to} by UDP");
        let socket = self.socket().await.with_context(reaching)?;
        let begun = Instant::now();
        let deadline = begun + self.patience;
        let mut tries = 0;
        let mut heard_nothing = true;
        while Instant::now() < deadline {
            socket.send(&sent.octets).await.with_context(reaching)?;
            tries += 1;
            let until = deadline.min(Instant::now() + REPEAT_AFTER);
            while let Ok(received) = timeout_at(until, receive(&socket)).await {
                let received = received.map_err(|error| refused(to, &error))?;
                heard_nothing = false;
                if let Some(exchange) = self.peer.read(&sent, &received) {
                    return Ok(Exchange { tries, took: begun.elapsed(), ..exchange });
                }
            }
        }
        Err(silence(to, heard_nothing).into())
    }

    async fn socket(&self) -> io::Result<UdpSocket> {
        let any: IpAddr =
            if self.peer.address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind(SocketAddr::new(self.from.unwrap_or(any), 0)).await?;
        socket.connect(self.peer.address).await?;
        Ok(socket)
    }
}

async fn receive(socket: &UdpSocket) -> io::Result<Vec<u8>> {
    let mut datagram = vec![0; PACKET_OCTETS_MAX];
    let length = socket.recv(&mut datagram).await?;
    datagram.truncate(length);
    Ok(datagram)
}

fn refused(to: SocketAddr, error: &io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        let why = "nobody listens there";
        return Failure::new(format!("{to} cannot be reached")).because(why).then("vestibule run").into();
    }
    Failure::fault(&format!("hear from {to}"), error).into()
}

fn silence(to: SocketAddr, heard_nothing: bool) -> Failure {
    let failure = Failure::new(format!("no answer from {to} that can be believed"));
    if heard_nothing {
        failure
            .because("a gateway is silent towards addresses it has no client for, and while something is broken")
            .then("look at the gateway's log, and at `addresses` of its clients")
    } else {
        failure.because("answers came, but with a wrong signature").then("compare the secrets on both sides")
    }
}

/// The client that was named, or the one that may ask from this machine, or the only one.
pub(super) fn choose<'c>(radius: &'c RadiusConfig, wanted: Option<&str>) -> Outcome<(&'c str, &'c ClientConfig)> {
    let mut clients = radius.clients.iter().map(|(name, client)| (name.as_str(), client));
    if let Some(wanted) = wanted {
        let names: Vec<&str> = radius.clients.keys().map(String::as_str).collect();
        let unknown = || {
            Failure::usage(format!("there is no client {wanted}")).because(format!("there are: {}", names.join(", ")))
        };
        return Ok(clients.find(|(name, _)| *name == wanted).ok_or_else(unknown)?);
    }
    let is_here = |client: &ClientConfig| client.addresses.iter().any(|text| is_loopback(text));
    let here = clients.clone().find(|(_, client)| is_here(client));
    let only = clients.next().filter(|_| radius.clients.len() == 1);
    Ok(here.or(only).ok_or_else(|| {
        Failure::usage("it is not clear which client to play")
            .because("none may ask from this machine")
            .then("add `--client NAME`")
    })?)
}

fn is_loopback(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The first listener, as it is reached from here.
pub(super) fn reachable(radius: &RadiusConfig) -> Outcome<SocketAddr> {
    let parsed = radius.listeners.first().and_then(|text| text.parse::<SocketAddr>().ok());
    let address = parsed.ok_or_else(|| Failure::new("the RADIUS door listens nowhere"))?;
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(SocketAddr::new(ip, address.port()))
}

/// Where a client on this machine sends from, if it matters.
pub(super) fn own_address(client: &ClientConfig, to: SocketAddr) -> Option<IpAddr> {
    let own = client.addresses.iter().filter_map(|text| text.parse::<IpAddr>().ok());
    own.into_iter().find(|address| address.is_loopback() && address.is_ipv4() == to.is_ipv4())
}

pub(super) fn cannot_be_asked(radius: &RadiusConfig, client: &ClientConfig) -> bool {
    client.prompt.or(radius.defaults.prompt) == Some(PromptMode::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn radius(clients: &[(&str, &str)]) -> RadiusConfig {
        let clients: Vec<String> = clients
            .iter()
            .map(|(name, address)| {
                format!(r#""{name}": {{"addresses": ["{address}"], "secret": {{"env": "A"}}, "primary": "p"}}"#)
            })
            .collect();
        serde_json::from_str(&format!(r#"{{"clients": {{{}}}}}"#, clients.join(","))).unwrap()
    }

    #[test]
    fn the_client_that_may_ask_from_here_is_played() {
        let both = radius(&[("a", "192.0.2.1"), ("b", "127.0.0.1")]);
        assert_eq!(choose(&both, None).unwrap().0, "b");
        assert_eq!(choose(&both, Some("a")).unwrap().0, "a");
        assert_eq!(choose(&radius(&[("a", "192.0.2.1")]), None).unwrap().0, "a");
        let unclear = choose(&radius(&[("a", "192.0.2.1"), ("c", "192.0.2.2")]), None).unwrap_err();
        assert!(unclear.to_string().contains("not clear"), "{unclear}");
        let unknown = choose(&both, Some("x")).unwrap_err();
        assert!(unknown.to_string().contains("there are: a, b"), "{unknown}");
    }

    #[test]
    fn a_listener_on_every_address_is_reached_by_loopback() {
        let mut config = radius(&[]);
        assert_eq!(reachable(&config).unwrap().to_string(), "127.0.0.1:1812");
        config.listeners = vec!["[::]:1645".to_owned()];
        assert_eq!(reachable(&config).unwrap().to_string(), "[::1]:1645");
    }
}
