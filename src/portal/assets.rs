//! The files of the pages: one style sheet, one script, one mark. They are part of the program.

use std::io::Write as _;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest;

use crate::fault::Fault;
use crate::visit::Visit;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/portal.js");
const MARK: &str = include_str!("assets/mark.svg");

const FOR_A_YEAR: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(crate) struct Assets {
    files: [File; 3],
    version: &'static str,
}

struct File {
    name: &'static str,
    kind: &'static str,
    plain: Bytes,
    /// Squeezed once. Nothing secret is in them, so their size may tell what it likes.
    gzip: Option<Bytes>,
}

pub(crate) fn router() -> Router {
    Router::new().route("/assets/{name}", get(file))
}

impl Assets {
    pub(crate) fn new() -> Self {
        static VERSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
        let version = VERSION.get_or_init(|| {
            let whole = digest::digest(&digest::SHA256, [STYLE, SCRIPT, MARK].concat().as_bytes());
            whole.as_ref().iter().take(6).map(|octet| format!("{octet:02x}")).collect()
        });
        let files = [
            File::new("style.css", "text/css; charset=utf-8", STYLE),
            File::new("portal.js", "text/javascript; charset=utf-8", SCRIPT),
            File::new("mark.svg", "image/svg+xml", MARK),
        ];
        Self { files, version }
    }

    pub(crate) fn version(&self) -> &'static str {
        self.version
    }
}

impl File {
    fn new(name: &'static str, kind: &'static str, text: &'static str) -> Self {
        Self { name, kind, plain: Bytes::from_static(text.as_bytes()), gzip: squeezed(text).ok().map(Bytes::from) }
    }
}

fn squeezed(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

async fn file(visit: Visit, Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Fault> {
    if name == "site.css" {
        return Ok(site(&visit));
    }
    let file = visit.desk.assets.files.iter().find(|file| file.name == name).ok_or(Fault::NotThere)?;
    let takes_gzip =
        headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("gzip"));
    let squeezed = file.gzip.as_ref().filter(|_| takes_gzip);
    let mut response = squeezed.unwrap_or(&file.plain).clone().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(CACHE_CONTROL, FOR_A_YEAR);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if squeezed.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// The colour that the site chose, for light pages.
fn site(visit: &Visit) -> Response {
    let accent = visit.live.settings.site.accent;
    let rule =
        accent.map(|colour| format!("@media (prefers-color-scheme: light) {{ :root {{ --accent: {colour}; }} }}\n"));
    let headers: [(HeaderName, HeaderValue); 2] = [
        (CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("private, max-age=300")),
    ];
    (headers, rule.unwrap_or_default()).into_response()
}
