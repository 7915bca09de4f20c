//! `vestibule run`: serve until told to stop.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use vestibule_engine::Door;

use super::{Failure, Outcome};
use crate::config;
use crate::gateway::{Gateway, GatewayHandle};
use crate::reload::{self, Reloader, Watch};
use crate::telemetry::{Log, service};

pub async fn run(path: &Path) -> Outcome {
    let loaded = config::load(path);
    let report = loaded.report.clone();
    let config = loaded.into_result().map_err(|report| {
        // All of it at once: whoever starts a service reads its log, not `check`.
        eprint!("{report}");
        Failure::config(path, &report)
    })?;
    let (node, fingerprint) = (config.node.clone(), config.fingerprint.clone());
    let log = Log::start(config.log);
    reload::tell(&report);
    let mut reloader = Reloader::new(path, &fingerprint);
    // Before anything is bound: a signal from here on is heard.
    let mut signals = Signals::new()?;
    let mut watch = Watch::on(path);

    let mut gateway = Gateway::start(config).await?;
    service::keep_watchdog_quiet(gateway.tasks());
    ready(&gateway);
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(node, version, config = fingerprint, "{}", listening(&gateway.addresses()));
    loop {
        tokio::select! {
            wish = signals.next() => match wish {
                Wish::Stop => break,
                Wish::Reload => reloader.reload(&mut gateway, &log).await,
            },
            () = watch.changed() => reloader.reload_if_changed(&mut gateway, &log).await,
        }
        ready(&gateway);
    }
    service::stopping();
    tracing::info!("Stopping");
    let stopped = gateway.stop().await;
    tracing::info!(abandoned = stopped.abandoned, "Stopped");
    Ok(())
}

fn ready(gateway: &GatewayHandle) {
    service::ready(&listening(&gateway.addresses()));
}

/// `Listening on radius 0.0.0.0:1812, radius [::]:1812`.
pub(super) fn listening(addresses: &[(Door, SocketAddr)]) -> String {
    if addresses.is_empty() {
        return "Listening nowhere: no door is configured".to_owned();
    }
    let listed: Vec<String> = addresses.iter().map(|(door, address)| format!("{door} {address}")).collect();
    format!("Listening on {}", listed.join(", "))
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Stop,
    Reload,
}

pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hang_up.recv() => Wish::Reload,
        }
    }
}
