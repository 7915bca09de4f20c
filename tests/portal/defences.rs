//! What must not be possible: reaching past the challenge, forging forms, framing pages.

use reqwest::Method;
use vestibule_engine::Store;

use super::browser::Browser;
use super::{PASSWORD, Portal};

/// Headers or fields.
type Pairs<'a> = [(&'a str, &'a str)];

/// Every page, with a device and a login that are there.
async fn routes(portal: &Portal) -> (Vec<String>, Vec<String>) {
    let store = portal.store().await;
    let device = store.authenticators(portal.ada.id).await.unwrap()[0].id;
    store.close().await;
    let attempt = uuid::Uuid::from_u128(7);
    let pairing = "0".repeat(64);
    let pages = [
        "/",
        "/devices",
        "/add",
        "/history",
        "/sessions",
        "/again?then=/devices",
        "/app-passwords",
        "/app-passwords/new",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([
        format!("/devices/{device}"),
        format!("/devices/{device}/remove"),
        format!("/add/phone/{pairing}"),
        format!("/add/phone/{pairing}/state"),
        format!("/history/{attempt}/not-me"),
        format!("/app-passwords/{attempt}/revoke"),
    ])
    .collect();
    let acts = ["/add/phone", "/add/app", "/add/recovery", "/again", "/sessions/end-others", "/app-passwords/new"]
        .map(str::to_owned)
        .into_iter()
        .chain([
            format!("/devices/{device}/label"),
            format!("/devices/{device}/prefer"),
            format!("/devices/{device}/test"),
            format!("/devices/{device}/remove"),
            format!("/add/phone/{pairing}/confirm"),
            format!("/add/phone/{pairing}/refuse"),
            format!("/add/app/{device}"),
            format!("/history/{attempt}/not-me"),
            "/sessions/0123456789abcdef/end".to_owned(),
            format!("/places/{attempt}/forget"),
            format!("/app-passwords/{attempt}/revoke"),
        ])
        .collect();
    (pages, acts)
}

// OOB-13
#[tokio::test(flavor = "multi_thread")]
async fn half_a_sign_in_reaches_the_challenge_and_nothing_else() {
    let portal = Portal::open().await;
    let (pages, acts) = routes(&portal).await;
    let mut browser = Browser::new(&portal.site);
    assert_eq!(browser.sign_in("ada", PASSWORD).await.path, "/sign-in/step");
    let half = browser.cookies["__Host-vestibule-signing-in"].clone();
    for path in &pages {
        let mut other = browser.clone();
        assert!(other.get(path).await.path.starts_with("/sign-in"), "{path}");
    }
    for path in &acts {
        let mut other = browser.clone();
        let page = other.post(path, &[("label", "x"), ("code", "1"), ("then", "/devices")]).await;
        assert!(page.path.starts_with("/sign-in"), "{path} answered {}", page.text);
    }
    // The cookie of the way in is no session either, under whatever name.
    browser.cookies.insert("__Host-vestibule".to_owned(), half);
    for path in &pages {
        let mut other = browser.clone();
        assert!(other.get(path).await.path.starts_with("/sign-in"), "{path}");
    }
    portal.close().await;
}

// HTP-18
#[tokio::test(flavor = "multi_thread")]
async fn request_that_no_form_of_ours_sent_changes_nothing() {
    let portal = Portal::open().await;
    let (_, acts) = routes(&portal).await;
    let mut browser = portal.signed_in().await;
    browser.get("/devices").await;
    let mut stranger = Browser::new(&portal.site);
    stranger.get("/sign-in").await;
    let (own, foreign) = (browser.form.clone(), stranger.form.clone());
    let origin = portal.site.portal().origin.clone();
    let signing =
        ["/sign-in", "/enrol", "/sign-in/step", "/sign-in/look", "/sign-in/again", "/sign-in/leave", "/sign-out"];
    for path in acts.iter().map(String::as_str).chain(signing) {
        let forged: [(&Pairs<'_>, &Pairs<'_>); 6] = [
            (&[("origin", &origin)], &[("code", "1")]),
            (&[("origin", &origin)], &[("form", &foreign)]),
            (&[("origin", "https://evil.example")], &[("form", &own)]),
            (&[("origin", "null")], &[("form", &own)]),
            (&[("sec-fetch-site", "cross-site")], &[("form", &own)]),
            (&[("origin", &origin), ("sec-fetch-site", "same-site")], &[("form", &own)]),
        ];
        for (headers, fields) in forged {
            let answer = browser.bare(Method::POST, path, headers, fields).await;
            assert_eq!(answer.status().as_u16(), 403, "{path} {headers:?} {fields:?}");
        }
        let json = browser.bare(Method::POST, path, &[("content-type", "application/json")], &[]).await;
        assert_eq!(json.status().as_u16(), 403, "{path}");
    }
    assert_eq!(browser.get("/devices").await.path, "/devices", "still signed in, and the device is there");
    portal.close().await;
}

// HTP-19
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_frames_scripts_of_others_and_caches() {
    let portal = Portal::open().await;
    let (pages, _) = routes(&portal).await;
    let mut browser = portal.signed_in().await;
    let strangers = ["/sign-in", "/enrol", "/sign-in/ended/denied", "/nowhere"].map(str::to_owned);
    for path in pages.iter().chain(&strangers) {
        let page = browser.get(path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(page.headers[name], value, "{path}");
        }
        assert!(
            !page.text.contains("style=") && !page.text.contains("<style") && !page.text.contains(" onclick"),
            "{path}"
        );
        let foreign =
            page.text.split('"').filter(|part| part.starts_with("http")).find(|part| !part.contains("www.w3.org"));
        assert_eq!(foreign, None, "{path}");
    }
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_page_weighs_little() {
    let portal = Portal::open().await;
    let mut browser = Browser::new(&portal.site);
    let page = browser.get("/sign-in").await;
    let mut octets = page.text.len();
    for begins in ["/assets/style.css", "/assets/portal.js", "/assets/mark.svg"] {
        let file = browser.bare(Method::GET, &page.link(begins), &[("accept-encoding", "gzip")], &[]).await;
        assert_eq!(file.headers()["content-encoding"], "gzip");
        octets += file.bytes().await.unwrap().len();
    }
    assert!(octets < 50_000, "{octets}");
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn body_or_method_that_no_form_has_is_refused() {
    let portal = Portal::open().await;
    let mut browser = Browser::new(&portal.site);
    browser.get("/sign-in").await;
    let long = "x".repeat(70_000);
    let form = browser.form.clone();
    let answer = browser.bare(Method::POST, "/sign-in", &[], &[("form", &form), ("user", &long)]).await;
    assert_eq!(answer.status().as_u16(), 413);
    for method in [Method::PUT, Method::DELETE, Method::TRACE] {
        let answer = browser.bare(method.clone(), "/sign-in", &[], &[]).await;
        assert_eq!(answer.status().as_u16(), 405, "{method}");
    }
    portal.close().await;
}
