//! A changed configuration becomes the running one as a whole, or not at all (OPS-03).

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::config::{self, Loaded, Report};
use crate::gateway::GatewayHandle;
use crate::telemetry::{Log, service};

/// Editors and package managers write files in several steps; the configuration is read when they have been quiet for
/// this long.
const QUIET: Duration = Duration::from_millis(500);
/// Further problems of one file are only counted in the log; `vestibule check` tells all.
const PROBLEMS_LOGGED_MAX: usize = 20;

/// The configuration of a running gateway: where it is, and what was last read there.
pub struct Reloader {
    path: PathBuf,
    /// The content that was looked at last, taken or not.
    seen: String,
}

impl Reloader {
    pub fn new(path: &Path, fingerprint: &str) -> Self {
        Self { path: path.to_owned(), seen: fingerprint.to_owned() }
    }

    /// Somebody asked for it: read everything again, secrets included.
    pub async fn reload(&mut self, gateway: &mut GatewayHandle, log: &Log) {
        if let Some(loaded) = self.load().await {
            self.exchange(loaded, gateway, log).await;
        }
    }

    /// A file changed. Where the content is what it was, nothing happens.
    pub async fn reload_if_changed(&mut self, gateway: &mut GatewayHandle, log: &Log) {
        if let Some(loaded) = self.load().await
            && loaded.fingerprint != self.seen
        {
            self.exchange(loaded, gateway, log).await;
        }
    }

    /// Apart from the threads that serve logins: a file may be on a disk that takes its time.
    async fn load(&self) -> Option<Loaded> {
        let path = self.path.clone();
        let loaded = tokio::task::spawn_blocking(move || config::load(&path)).await;
        loaded.map_err(|error| tracing::error!(%error, "Reading the configuration ended in a defect of ours")).ok()
    }

    async fn exchange(&mut self, loaded: Loaded, gateway: &mut GatewayHandle, log: &Log) {
        service::reloading();
        self.seen.clone_from(&loaded.fingerprint);
        let report = loaded.report.clone();
        let Ok(config) = loaded.into_result() else {
            tell(&report);
            tracing::error!(
                problems = report.errors(),
                "The changed configuration was not taken; the gateway goes on with the one before"
            );
            return gateway.refuse_reload(u32::try_from(report.errors()).unwrap_or(u32::MAX)).await;
        };
        let (level, fingerprint) = (config.log.level, config.fingerprint.clone());
        match gateway.reload(config).await {
            Ok(()) => {
                log.set_level(level);
                tell(&report);
                tracing::info!(config = fingerprint, "The changed configuration is in use");
            }
            Err(error) => {
                let error: &(dyn Error + 'static) = error.as_ref();
                tracing::error!(
                    error,
                    "The changed configuration was not taken; the gateway goes on with the one before"
                );
                gateway.refuse_reload(1).await;
            }
        }
    }
}

/// Problems and warnings, one line each.
pub fn tell(report: &Report) {
    for problem in report.problems.iter().take(PROBLEMS_LOGGED_MAX) {
        let (file, line, path) = (problem.file.display(), problem.line, &problem.path);
        let (found, remedy) = (&problem.found, &problem.remedy);
        if problem.is_error {
            tracing::error!(%file, line, option = path, "{path}: {found}; {remedy}");
        } else {
            tracing::warn!(%file, line, option = path, "{path}: {found}; {remedy}");
        }
    }
}

/// Tells when the configuration may have changed.
pub struct Watch {
    changes: mpsc::Receiver<()>,
    watcher: Option<notify::RecommendedWatcher>,
    folder: PathBuf,
}

impl Watch {
    /// Watch the folder of the configuration and `conf.d` in it. Folders, because editors and orchestrators replace
    /// files instead of writing into them.
    pub fn on(path: &Path) -> Self {
        let (sender, changes) = mpsc::channel(1);
        let name = path.file_name().map(ToOwned::to_owned);
        let tell = move |event: notify::Result<notify::Event>| {
            let about_us = |path: &PathBuf| {
                let is_yaml = path.extension().is_some_and(|extension| extension == "yaml");
                // A mounted ConfigMap changes by the link `..data`.
                is_yaml || path.file_name() == name.as_deref() || path.ends_with("..data") || path.ends_with("conf.d")
            };
            let is_change = event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(about_us));
            // A full channel is a change that nobody has looked at yet: one is enough.
            if is_change && sender.try_send(()).is_err() {}
        };
        let folder = config::folder_of(path);
        let watching = notify::recommended_watcher(tell).and_then(|mut watcher| {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        if let Err(error) = &watching {
            tracing::warn!(%error, "Changes of the configuration are not noticed; send SIGHUP after one");
        }
        let mut watch = Self { changes, watcher: watching.ok(), folder };
        watch.look_into_conf_d();
        watch
    }

    /// `conf.d` may come, go and come again while we run.
    fn look_into_conf_d(&mut self) {
        let more = self.folder.join("conf.d");
        if let Some(watcher) = &mut self.watcher
            && more.is_dir()
            && let Err(error) = watcher.watch(&more, RecursiveMode::NonRecursive)
        {
            tracing::warn!(%error, "Changes in conf.d are not noticed; send SIGHUP after one");
        }
    }

    /// Resolves when something changed and has been quiet since.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            // Nobody watches; there is nothing to wait for.
            std::future::pending::<()>().await;
        }
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.changes.recv()).await {}
        self.look_into_conf_d();
    }
}

#[cfg(test)]
mod tests;
