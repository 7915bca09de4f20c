//! HTTP as it is spoken to push services: never redirected, never through a proxy nobody configured, with short
//! patience, and reading no more of an answer than an error code needs.

mod guard;
mod hosts;
mod retry_after;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, RequestBuilder, StatusCode};
use rustls::ClientConfig;
use url::Url;
use vestibule_engine::Timestamp;

pub(crate) use guard::{Guard, Permitted};
pub(crate) use hosts::HostRule;
pub(crate) use retry_after::retry_after;

use guard::PrivateAddress;

/// How much of an answer is read (PSH-05). The longest error of any provider is under 1 KiB.
const ANSWER_OCTETS_MAX: usize = 4 * 1024;

/// An idle connection is asked for a sign of life this often, so that a dead one is not found out by a doorbell.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_PATIENCE: Duration = Duration::from_secs(3);

/// How long an unused connection is kept.
const IDLE_MAX: Duration = Duration::from_secs(90);

/// Octets of response headers that are read.
const HEADERS_OCTETS_MAX: u32 = 16 * 1024;

/// Which HTTP the other side is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    /// HTTP/2 where it is offered.
    Any,
    /// APNs speaks nothing else.
    Http2,
}

pub(crate) fn client(
    tls: &ClientConfig,
    versions: Versions,
    guard: Option<Guard>,
    proxy: Option<&Url>,
) -> Result<Client, reqwest::Error> {
    let mut tls = tls.clone();
    tls.alpn_protocols = match versions {
        Versions::Any => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Versions::Http2 => vec![b"h2".to_vec()],
    };
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .pool_idle_timeout(IDLE_MAX)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_PATIENCE)
        .http2_keep_alive_while_idle(true)
        .http2_max_header_list_size(HEADERS_OCTETS_MAX)
        .user_agent("Vestibule");
    if let Some(guard) = guard {
        builder = builder.dns_resolver(Arc::new(guard));
    }
    if let Some(proxy) = proxy {
        builder = builder.proxy(Proxy::all(proxy.clone())?);
    }
    builder.build()
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Read for its error code only; at most [`ANSWER_OCTETS_MAX`].
    pub(crate) body: Vec<u8>,
    headers: HeaderMap,
}

impl Answer {
    /// How long we are asked to stay away, `now` being the wall clock.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        retry_after(self.headers.get(RETRY_AFTER)?.to_str().ok()?, now)
    }
}

/// Nothing usable came back. No text of this repeats the address that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The service is ill or the way to it is.
    Unreachable { why: String },
    /// Its name leads to an address that must not be asked; trying again does not help.
    Forbidden { why: String },
}

/// Send, and read the beginning of the answer, within `patience`.
pub(crate) async fn exchange(request: RequestBuilder, patience: Duration) -> Result<Answer, NoAnswer> {
    let whole = async {
        let mut response = request.send().await.map_err(|error| no_answer(&error))?;
        let mut body = Vec::new();
        // A body that breaks off takes nothing away from the status that came before it.
        while body.len() < ANSWER_OCTETS_MAX
            && let Ok(Some(chunk)) = response.chunk().await
        {
            let room = ANSWER_OCTETS_MAX.saturating_sub(body.len()).min(chunk.len());
            body.extend(chunk.iter().take(room));
        }
        Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
    };
    let late = || NoAnswer::Unreachable { why: "no answer in time".to_owned() };
    tokio::time::timeout(patience, whole).await.unwrap_or_else(|_| Err(late()))
}

fn no_answer(error: &reqwest::Error) -> NoAnswer {
    let mut innermost: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if let Some(private) = innermost.downcast_ref::<PrivateAddress>() {
        return NoAnswer::Forbidden { why: private.to_string() };
    }
    // The outermost text names the URL, which is a capability; the innermost one says what happened.
    let what = if error.source().is_some() { innermost.to_string() } else { "the request failed".to_owned() };
    let doing = if error.is_connect() { "connect" } else { "exchange" };
    NoAnswer::Unreachable { why: format!("{doing}: {what}") }
}
