//! Which application of the configuration is played, and how it connects. The gateway goes by the address that a connection
//! comes from, so that is what has to fit.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use vestibule_engine::Password;
use vestibule_engine::config::Sources;
use vestibule_ldap::client::{Entrance, Peer, Trust};
use vestibule_ldap::{AppendConfig, LdapDoorConfig, LdapDoorSettings};

use super::super::{Failure, Outcome};
use super::{Args, Login};
use crate::config::{Config, Disk};

/// A phone may be waited for as long as the application's patience; the answer to that comes a little later.
const LATER: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(60);
/// An address of the documentation (RFC 5737, RFC 3849), to ask the system which of its own it would send from.
const SOMEWHERE: [(&str, &str); 2] = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];

/// Whom to ask, and as what.
pub(crate) struct Line {
    pub(crate) peer: Peer,
    /// Known where the gateway's configuration is.
    pub(crate) listener: Option<String>,
    pub(crate) application: Option<String>,
    pub(crate) append: AppendConfig,
}

/// A way in from this machine.
#[derive(Debug, Clone)]
struct Way<'a> {
    entrance: Entrance<'a>,
    address: SocketAddr,
    from: IpAddr,
    application: &'a str,
}

impl Line {
    /// What goes into the password field, and how to call it.
    pub(super) fn typed(&self, login: &Login) -> Outcome<(Password, &'static str)> {
        let Some(code) = &login.code else { return Ok((login.password.clone(), "the password")) };
        let together = |between: &str| {
            let octets = [login.password.octets(), between.as_bytes(), code.trim().as_bytes()].concat();
            Password::new(octets)
        };
        if login.password.octets().is_empty() {
            return Ok((login.password.clone(), "nothing"));
        }
        match self.append {
            AppendConfig::Delimiter(delimiter) => {
                Ok((together(&delimiter.to_string()), "the password, the delimiter and the code"))
            }
            AppendConfig::Digits(_) => Ok((together(""), "the password and the code")),
            AppendConfig::Never => Err(Failure::usage("this application takes no code with the password")
                .because("it has `append: never`")
                .then("leave --code out, and answer on the phone")
                .into()),
        }
    }
}

/// A gateway by its name, from wherever we are.
pub(super) async fn of_server(url: &str, args: &Args) -> Outcome<Line> {
    let trust = match &args.ca {
        Some(file) => {
            let unreadable = |why: &dyn std::fmt::Display| {
                Failure::usage(format!("{} cannot be read", file.display())).because(why.to_string())
            };
            let pem = std::fs::read(file).map_err(|error| unreadable(&error))?;
            Trust::in_authorities(&pem).map_err(|error| unreadable(&super::super::chain(&error)))?
        }
        None => Trust::of_this_system()?,
    };
    let patience = args.patience.map_or(PATIENCE, Duration::from_secs);
    let peer = Peer::at(url, trust, patience).await.map_err(|error| {
        Failure::usage("the gateway cannot be found")
            .because(super::super::chain(&error))
            .then("write --server ldaps://HOST or ldap://HOST")
    })?;
    let peer = Peer { from: args.from, ..peer };
    Ok(Line { peer, listener: None, application: None, append: AppendConfig::default() })
}

/// As an application of the configuration would ask the gateway that it describes.
pub(crate) fn of_config(path: &Path, config: &Config, args: &Args) -> Outcome<Line> {
    let (Some(settings), Some(written)) = (&config.ldap, &config.ldap_written) else {
        let failure = Failure::new("there is no LDAP door to try").because("the configuration has no `ldap`");
        return Err(failure.then("see config/ldap-door.md, or name another gateway with --server").into());
    };
    let way = choose(settings, written, args)?;
    let application = written.applications.get(way.application);
    let patience = application.map_or(PATIENCE, |application| application.patience.0 + LATER);
    let trust = match &written.tls {
        Some(tls) => {
            let unusable = |why| Failure::new("the certificate of the LDAP door cannot be read").because(why);
            let chain = Disk::beside(path).file(&tls.certificate).map_err(unusable)?;
            Trust::exactly(&chain)?
        }
        None => Trust::of_this_system()?,
    };
    Ok(Line {
        peer: Peer {
            address: way.address,
            from: Some(way.from),
            protection: way.entrance.protection,
            name: "localhost".to_owned(),
            trust,
            patience: args.patience.map_or(patience, Duration::from_secs),
        },
        listener: Some(way.entrance.listener.to_owned()),
        application: Some(way.application.to_owned()),
        append: application.map(|application| application.append).unwrap_or_default(),
    })
}

/// The best way in that leads to the wanted application; to any, if none is named.
fn choose<'a>(settings: &'a LdapDoorSettings, written: &LdapDoorConfig, args: &Args) -> Outcome<Way<'a>> {
    let known = |kind: &str, wanted: &str, names: Vec<&String>| match names.iter().any(|name| *name == wanted) {
        true => Ok(()),
        false => {
            let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
            Err(Failure::usage(format!("there is no {kind} {wanted}"))
                .because(format!("there are: {}", names.join(", "))))
        }
    };
    if let Some(wanted) = &args.application {
        known("application", wanted, written.applications.keys().collect())?;
    }
    if let Some(wanted) = &args.listener {
        known("listener", wanted, written.listeners.keys().collect())?;
    }
    let ways = ways(settings, written, args);
    let is_wanted = |way: &&Way<'_>| args.application.as_ref().is_none_or(|wanted| way.application == wanted);
    let chosen = ways.iter().find(is_wanted).cloned();
    Ok(chosen.ok_or_else(|| no_way(&ways, written, args))?)
}

/// Every way in from this machine: those with TLS first, and of them those over loopback.
fn ways<'a>(settings: &'a LdapDoorSettings, written: &LdapDoorConfig, args: &Args) -> Vec<Way<'a>> {
    let is_wanted = |entrance: &Entrance<'_>| args.listener.as_ref().is_none_or(|wanted| entrance.listener == wanted);
    let mut entrances: Vec<_> = settings.entrances().filter(is_wanted).collect();
    entrances.sort_by_key(|entrance| entrance.protection);
    let mut ways = Vec::new();
    for entrance in entrances {
        let address = reachable(entrance.address);
        let sources = args.from.map_or_else(|| own_addresses(entrance.address, written), |from| vec![from]);
        for from in sources.into_iter().filter(|from| from.is_ipv4() == address.is_ipv4()) {
            // A balancer would have to say for whom it comes.
            if !settings.is_balancer(from)
                && let Some(application) = settings.application_at(entrance.listener, from)
            {
                ways.push(Way { entrance, address, from, application });
            }
        }
    }
    ways
}

fn no_way(ways: &[Way<'_>], written: &LdapDoorConfig, args: &Args) -> Failure {
    let what = match &args.application {
        Some(wanted) => format!("this machine cannot play application {wanted}"),
        None => "this machine is no application of the LDAP door".to_owned(),
    };
    let wanted = |name: &&String| args.application.as_ref().is_none_or(|wanted| wanted == *name);
    let listed = written.applications.iter().filter(|(name, _)| wanted(name));
    let listed: Vec<_> = listed.map(|(name, one)| format!("{name} comes from {}", one.addresses.join(", "))).collect();
    let here = match (args.from, ways.first()) {
        (Some(from), _) => format!("{from} is not that"),
        (None, Some(way)) => format!("from {} it is {}", way.from, way.application),
        (None, None) => "none of its addresses is among them".to_owned(),
    };
    Failure::usage(what).because(format!("the gateway goes by the address: {}; {here}", listed.join("; "))).then(
        "on that machine `vestibule try ldap --server URL`, or while you try add 127.0.0.1 to its `addresses` here",
    )
}

/// A listener, as it is reached from here.
fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}

/// Addresses of this machine from which the listener can be reached: loopback, where it listens, what an application is
/// written to have if that is here, and what the system sends from.
fn own_addresses(listener: SocketAddr, written: &LdapDoorConfig) -> Vec<IpAddr> {
    let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let addresses = written.applications.values().flat_map(|application| &application.addresses);
    let addresses = addresses.filter_map(|text| text.parse::<IpAddr>().ok()).filter(|address| is_own(*address));
    let outward = SOMEWHERE.into_iter().filter_map(|(any, to)| {
        let socket = UdpSocket::bind(any).ok()?;
        // Nothing is sent by this.
        socket.connect(to).ok()?;
        socket.local_addr().ok().map(|address| address.ip())
    });
    let listening = std::iter::once(listener.ip()).filter(|ip| !ip.is_unspecified());
    loopback.into_iter().chain(listening).chain(addresses).chain(outward).collect()
}

fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests;
