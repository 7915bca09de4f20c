//! What the process says of itself: the log on standard error, and its state to systemd. No secrets: what may be logged
//! are types that can be printed, and secrets are not.

use std::io::IsTerminal;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::config::{LogConfig, LogFormat, LogLevel};

/// The running log; its level can be changed.
pub struct Log {
    filter: Option<reload::Handle<EnvFilter, Registry>>,
}

impl Log {
    /// Start logging. Where the process logs already (a second gateway in a test), that log stays as it is.
    pub fn start(config: LogConfig) -> Self {
        let (filter, handle) = reload::Layer::new(filter(config.level));
        let started = tracing_subscriber::registry().with(filter).with(lines(config.format)).try_init();
        Self { filter: started.is_ok().then_some(handle) }
    }

    pub fn set_level(&self, level: LogLevel) {
        if let Some(handle) = &self.filter
            && let Err(error) = handle.reload(filter(level))
        {
            tracing::warn!(%error, "The log level could not be changed");
        }
    }
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
{
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).boxed(),
        // The journal puts the time before each line itself.
        LogFormat::Text if crate::config::is_journal() => lines.without_time().with_ansi(false).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    }
}

/// Ours at the level asked for. Libraries only from warnings on, whatever was asked for: what they say below that has
/// seen passwords.
fn filter(level: LogLevel) -> EnvFilter {
    let ours = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let others = if level == LogLevel::Error { "error" } else { "warn" };
    EnvFilter::new(format!("{others},vestibule={ours}"))
}

/// The service manager's view of us (OPS-02). Without one, nothing happens.
pub mod service {
    use std::time::Duration;

    use sd_notify::NotifyState;
    use vestibule_listen::Tasks;

    /// Everything is bound and open.
    pub fn ready(status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// A reload begins; [`ready`] ends it, whatever came of it.
    pub fn reloading() {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    pub fn stopping() {
        tell(&[NotifyState::Stopping, NotifyState::Status("Stopping; open logins are being ended")]);
    }

    /// Tell the service manager at intervals that the runtime which serves logins still runs tasks.
    pub fn keep_watchdog_quiet(tasks: &Tasks) {
        let Some(patience) = sd_notify::watchdog_enabled().filter(|patience| !patience.is_zero()) else { return };
        let stopping = tasks.stopping();
        tasks.spawn("watchdog", async move {
            let mut beat = tokio::time::interval((patience / 2).max(Duration::from_millis(1)));
            while stopping.run_until_cancelled(beat.tick()).await.is_some() {
                tell(&[NotifyState::Watchdog]);
            }
        });
    }

    fn tell(state: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(state) {
            tracing::warn!(%error, "systemd could not be told about our state");
        }
    }
}
