//! Is the directory as the configuration says? For `check` and `doctor`, server by server.

use std::time::Duration;

use tokio::time::Instant;

use super::directory::{Directory, Server};
use super::entry::Ask;
use super::fault::{Fault, chain};
use crate::config::Find;
use crate::wire::Scope;

/// What one server answered.
#[derive(Debug, Clone)]
pub struct ServerProbe {
    pub server: String,
    /// How long connecting, signing in as the service account and reading the base took; or why it did not work, in
    /// words for an administrator.
    pub outcome: Result<Duration, String>,
}

pub(super) async fn probe(directory: &Directory) -> Vec<ServerProbe> {
    let mut probes = Vec::new();
    for server in directory.servers() {
        let began = Instant::now();
        let outcome = probe_one(directory, server).await;
        let outcome = outcome.map(|()| began.elapsed()).map_err(|fault| chain(&fault));
        probes.push(ServerProbe { server: server.address.to_string(), outcome });
    }
    probes
}

async fn probe_one(directory: &Directory, server: &Server) -> Result<(), Fault> {
    let deadline = directory.deadline();
    let attributes = ["1.1".to_owned()];
    let ask = |base| Ask { base, scope: Scope::Base, filter: "(objectClass=*)", attributes: &attributes, limit: 1 };
    match &directory.settings.find {
        Find::Search { below, .. } => {
            let mut connection = directory.open_as_account(server, deadline).await?;
            let found = connection.search(&ask(&below.base), deadline).await?;
            if found.is_empty() { Err(Fault::Strange("the base for people cannot be read")) } else { Ok(()) }
        }
        // Without a service account there is nothing to read; that a protected connection comes about is what can be
        // known.
        Find::DnTemplate { .. } | Find::UpnTemplate { .. } => directory.open(server, deadline).await.map(|_| ()),
    }
}
