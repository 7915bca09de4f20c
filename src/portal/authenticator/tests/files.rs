//! What is served, and that the files agree with each other.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::super::{RELEASE, router};

/// The weight that the whole application may have on the wire.
const OCTETS_MAX: usize = 100_000;
const LANGUAGES: [&str; 5] = ["en", "de", "it", "fr", "es"];

async fn get(path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

fn text(path: &str) -> String {
    String::from_utf8(RELEASE.find(path).unwrap().plain.to_vec()).unwrap()
}

fn scripts() -> Vec<(&'static str, String)> {
    let ours = RELEASE.all().iter().filter(|file| file.path.ends_with(".js") && !file.path.starts_with("vendor/"));
    ours.map(|file| (file.path, text(file.path))).collect()
}

#[test]
fn whole_application_weighs_less_than_its_limit() {
    let weight: usize = RELEASE.all().iter().map(|file| file.packed.as_ref().unwrap_or(&file.plain).len()).sum();
    assert!(weight < OCTETS_MAX, "{weight} octets");
}

#[tokio::test]
async fn every_file_comes_with_a_strict_policy_and_is_asked_for_each_time() {
    for file in RELEASE.all() {
        let response = get(&format!("/authenticator/{}", file.path), &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{}", file.path);
        let policy = header(&response, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        assert_eq!(header(&response, "cache-control"), "no-cache");
        assert_eq!(header(&response, "cross-origin-resource-policy"), "same-origin");
    }
}

#[tokio::test]
async fn address_without_the_slash_moves_to_the_one_with_it_and_strange_paths_are_not_found() {
    let moved = get("/authenticator", &[]).await;
    assert_eq!((moved.status(), header(&moved, "location")), (StatusCode::PERMANENT_REDIRECT, "/authenticator/"));
    for path in ["nothing.js", "../authenticator.rs", "%2e%2e/authenticator.rs", "tests/api.rs", "icons/make"] {
        let response = get(&format!("/authenticator/{path}"), &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn known_file_is_not_sent_again_and_a_packed_one_unpacks_to_the_plain_one() {
    let plain = get("/authenticator/app.js", &[]).await;
    assert_eq!(header(&plain, "content-encoding"), "");
    let packed = get("/authenticator/app.js", &[("accept-encoding", "br, gzip;q=0.8")]).await;
    assert_eq!((header(&packed, "content-encoding"), header(&packed, "vary")), ("gzip", "accept-encoding"));
    let tag = header(&packed, "etag").to_owned();
    assert_ne!(tag, header(&plain, "etag"));
    let again = get("/authenticator/app.js", &[("accept-encoding", "gzip"), ("if-none-match", &tag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let refused = get("/authenticator/app.js", &[("accept-encoding", "gzip;q=0")]).await;
    assert_eq!(header(&refused, "content-encoding"), "");
    let octets = packed.into_body().collect().await.unwrap().to_bytes();
    let mut unpacked = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(octets.as_ref()), &mut unpacked).unwrap();
    assert_eq!(unpacked, text("app.js"));
}

#[test]
fn page_has_no_script_or_style_inside_and_asks_nobody_else() {
    let page = text("index.html");
    assert!(
        !page.contains("style=") && !page.contains("<style") && !page.contains("onload") && !page.contains("onclick")
    );
    assert!(page.contains(r#"<script type="module" src="app.js"></script>"#));
    for (path, script) in scripts() {
        let foreign = script.split("https://").skip(1).filter(|rest| !rest.starts_with("totp.invalid")).count();
        assert_eq!(foreign, 0, "{path} names an address");
        for banned in ["innerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            assert!(!script.contains(banned), "{path} has {banned}");
        }
    }
}

#[test]
fn worker_keeps_every_file_that_the_page_needs_offline() {
    let worker = text("sw.js");
    let first = worker.lines().next().unwrap();
    for (path, _) in scripts().iter().filter(|(path, _)| *path != "sw.js") {
        assert!(first.contains(&format!("\"{path}\"")), "{path}");
    }
    for path in ["\"./\"", "style.css", "vendor/qr-decode.js", "words/de.json", "icons/192.png"] {
        assert!(first.contains(path), "{path}");
    }
}

fn sentences(language: &str) -> Vec<(String, String)> {
    let all: Value = serde_json::from_str(&text(&format!("words/{language}.json"))).unwrap();
    let pairs = all.as_object().unwrap().iter();
    pairs.map(|(key, sentence)| (key.clone(), sentence.as_str().unwrap().to_owned())).collect()
}

fn placeholders(sentence: &str) -> BTreeSet<&str> {
    sentence.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

#[test]
fn every_language_says_everything_and_fills_in_the_same() {
    let english = sentences("en");
    for language in LANGUAGES {
        let said = sentences(language);
        assert_eq!(english.len(), said.len(), "{language}");
        for ((key, sentence), (own_key, own)) in english.iter().zip(&said) {
            assert_eq!(key, own_key, "{language}");
            assert_eq!(placeholders(sentence), placeholders(own), "{language} {key}");
            assert!(
                !own.trim().is_empty() && !own.contains('!') && !own.to_lowercase().contains("oops"),
                "{language} {key}"
            );
        }
    }
}

#[test]
fn no_sentence_is_missing_or_left_over() {
    let all: String = scripts().into_iter().map(|(_, script)| script).collect();
    // `say(...)` with a key made of parts: the whole keys, written out.
    let made = [
        "diagnose.good",
        "diagnose.bad",
        "diagnose.unknown",
        "result.approved",
        "result.denied",
        "result.reported",
        "request.over.next",
        "request.unreachable.next",
        "answer.number.next",
        "answer.locked.next",
    ];
    let known: BTreeSet<_> = sentences("en").into_iter().map(|(key, _)| key).collect();
    for key in &known {
        assert!(all.contains(&format!("\"{key}\"")) || made.contains(&key.as_str()), "nobody says {key}");
    }
    let said = all.split("say(\"").skip(1).filter_map(|rest| rest.split('"').next());
    for key in said {
        assert!(known.contains(key), "no sentence for {key}");
    }
}
