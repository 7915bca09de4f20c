//! The files of the application, as they are in this folder, packed for the wire.

use std::fmt::Write as _;
use std::io::Write as _;

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA256, digest};

const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";
const PNG: &str = "image/png";

macro_rules! files {
    ($($path:literal: $kind:expr),* $(,)?) => {
        [$(($path, $kind, include_bytes!($path).as_slice())),*]
    };
}

/// Everything but the service worker: its text names the others.
const FILES: [(&str, &str, &[u8]); 40] = files! {
    "index.html": "text/html; charset=utf-8",
    "manifest.webmanifest": "application/manifest+json",
    "style.css": "text/css; charset=utf-8",
    "app.js": SCRIPT,
    "biometrics.js": SCRIPT,
    "codes.js": SCRIPT,
    "core.js": SCRIPT,
    "decode.js": SCRIPT,
    "links.js": SCRIPT,
    "lock.js": SCRIPT,
    "platform.js": SCRIPT,
    "push.js": SCRIPT,
    "screens.js": SCRIPT,
    "shared.js": SCRIPT,
    "state.js": SCRIPT,
    "view.js": SCRIPT,
    "watch.js": SCRIPT,
    "words.js": SCRIPT,
    "screens/account.js": SCRIPT,
    "screens/codes.js": SCRIPT,
    "screens/home.js": SCRIPT,
    "screens/lock.js": SCRIPT,
    "screens/notifications.js": SCRIPT,
    "screens/pair.js": SCRIPT,
    "screens/request.js": SCRIPT,
    "screens/scan.js": SCRIPT,
    "screens/settings.js": SCRIPT,
    "vendor/qr-decode.js": SCRIPT,
    "vendor/LICENSE": "text/plain; charset=utf-8",
    "words/de.json": JSON,
    "words/en.json": JSON,
    "words/es.json": JSON,
    "words/fr.json": JSON,
    "words/it.json": JSON,
    "icons/mark.svg": "image/svg+xml",
    "icons/badge.png": PNG,
    "icons/180.png": PNG,
    "icons/192.png": PNG,
    "icons/512.png": PNG,
    "icons/maskable.png": PNG,
};

const WORKER: (&str, &str) = ("sw.js", include_str!("sw.js"));

/// What the operating system fetches by itself when the app is installed, or nobody reads: not kept for offline use.
const NOT_KEPT: [&str; 4] = ["icons/180.png", "icons/512.png", "icons/maskable.png", "vendor/LICENSE"];

pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) kind: &'static str,
    pub(super) plain: Bytes,
    pub(super) tag: HeaderValue,
    /// gzip, where it is smaller.
    pub(super) packed: Option<Bytes>,
    pub(super) packed_tag: HeaderValue,
}

pub(super) struct Release {
    files: Vec<File>,
}

impl Release {
    pub(super) fn new() -> Self {
        let mut files: Vec<_> =
            FILES.iter().map(|&(path, kind, octets)| File::new(path, kind, Bytes::from_static(octets))).collect();
        let worker = format!("{}{}", release_line(), WORKER.1);
        files.push(File::new(WORKER.0, SCRIPT, Bytes::from(worker)));
        Self { files }
    }

    pub(super) fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> &[File] {
        &self.files
    }
}

/// The worker's first line: any change of any file is a change of the worker, and so an update in every browser.
fn release_line() -> String {
    let mut all = Vec::new();
    for (path, _, octets) in FILES {
        all.extend_from_slice(path.as_bytes());
        all.extend_from_slice(digest(&SHA256, octets).as_ref());
    }
    let mut kept = String::from("\"./\"");
    for (path, ..) in FILES.iter().filter(|(path, ..)| *path != "index.html" && !NOT_KEPT.contains(path)) {
        // Writing into a String does not fail.
        write!(kept, ",\"{path}\"").ok();
    }
    format!("const RELEASE = {{ version: \"{}\", files: [{kept}] }};\n", short_digest(&all))
}

impl File {
    fn new(path: &'static str, kind: &'static str, plain: Bytes) -> Self {
        let packed = pack(&plain).filter(|packed| packed.len() < plain.len());
        let mark = short_digest(&plain);
        Self { path, kind, tag: tag(&mark), packed_tag: tag(&format!("{mark}-gzip")), plain, packed }
    }
}

/// None where packing fails: then the file goes out as it is.
fn pack(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn short_digest(octets: &[u8]) -> String {
    let whole = URL_SAFE_NO_PAD.encode(digest(&SHA256, octets));
    whole.chars().take(22).collect()
}

fn tag(mark: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{mark}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}
