//! The web authenticator: a page that people install on their phone or browser. Here its files are served, from memory.
//!
//! What this module must not know: people, devices, requests. The page talks to the device API by itself, with a key that
//! only the browser holds; what is served here is the same for everybody, and no cookie is read.

mod files;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use files::{File, Release};

/// Where the application lives; also the scope of its service worker.
const HOME: &str = "/authenticator/";

/// What the page may do: load its own files, call its own gateway, draw the pictures it makes.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src blob: mediastream:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The camera for scanning and the platform's authenticator are ours alone; the rest nobody needs.
const PERMISSIONS: &str = "camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), \
                           clipboard-write=(self), geolocation=(), microphone=(), payment=(), usb=(), serial=(), hid=()";

const HEADERS: [(&str, &str); 8] = [
    ("content-security-policy", POLICY),
    ("permissions-policy", PERMISSIONS),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
];

/// Packed once, at the first request.
static RELEASE: LazyLock<Release> = LazyLock::new(Release::new);

/// The routes of the application, to be merged into the portal's.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/authenticator", get(move_home))
        .route(HOME, get(async |headers: HeaderMap| serve("index.html", &headers)))
        .route(
            "/authenticator/{*path}",
            get(async |Path(path): Path<String>, headers: HeaderMap| serve(&path, &headers)),
        )
}

/// Relative addresses inside the page need the slash.
async fn move_home() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, HOME)]).into_response()
}

fn serve(path: &str, asked: &HeaderMap) -> Response {
    let Some(file) = RELEASE.find(path) else { return StatusCode::NOT_FOUND.into_response() };
    let packed = file.packed.as_ref().filter(|_| takes_gzip(asked));
    let tag = if packed.is_some() { &file.packed_tag } else { &file.tag };
    let mut response = if is_known(asked, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(packed.unwrap_or(&file.plain).clone()))
    };
    describe(response.headers_mut(), file, tag, packed.is_some());
    response
}

/// Files have no version in their name: the browser asks each time, and the service worker keeps them for good.
fn describe(headers: &mut HeaderMap, file: &File, tag: &HeaderValue, packed: bool) {
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(ETAG, tag.clone());
    if packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let named = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|one| {
        let (coding, weight) = one.split_once(';').unwrap_or((one, ""));
        coding.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

fn is_known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|one| one.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes())
}
