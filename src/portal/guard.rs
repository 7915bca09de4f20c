//! What stands before every page: whose request it is, whether its form is ours, how long it may take; and behind it:
//! the headers that hold for every page, and words for what went wrong.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, Limited};

use crate::cookies::{self, Cookie, Cookies};
use crate::device_api::PeerAddress;
use crate::door::{Desk, Live};
use crate::fault::{Cause, Told};
use crate::secrets::Secret;
use crate::server::Peer;
use crate::visit::{Guarded, Visit};
use crate::words::{Language, Words};
use crate::{browser, pages};

/// The largest body of a request; our forms stay far below. One address may hold tens of thousands of requests open, and
/// each of them this much memory.
pub(crate) const BODY_OCTETS_MAX: usize = 16 * 1024;
/// From the request to its answer. A directory that is slow takes its time inside this; a phone's long poll too.
const REQUEST_PATIENCE: Duration = Duration::from_secs(60);
/// From the header of a form to the end of its body, which is small. Longer is a client that holds a place.
const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// Addresses in a forwarding header; more is nobody's honest path.
const FORWARDED_MAX: usize = 32;
/// The field of a form that shows it to be ours.
pub(crate) const FORM_FIELD: &str = "form";

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Before and behind every page.
pub(crate) async fn page(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let live = desk.live.load_full();
    let Some(whereabouts) = whereabouts(&request, &live) else { return stranger() };
    let mut cookies = Cookies::read(request.headers());
    let given = match given(&desk, &mut cookies) {
        Ok(given) => given,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "A page could not be made");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let visit = visit(&desk, live, cookies, whereabouts, &request);
    let mut response = match admit(&visit, request).await {
        Ok(mut request) => {
            request.extensions_mut().insert(Guarded(visit.clone()));
            match tokio::time::timeout(REQUEST_PATIENCE, next.run(request)).await {
                Ok(response) => response,
                Err(_elapsed) => Told::TooSlow.into_response(),
            }
        }
        Err(told) => told.into_response(),
    };
    response = in_words(&visit, response);
    if let Some(secret) = given.filter(|_| is_html(&response)) {
        cookies::set(response.headers_mut(), Cookie::Visit, secret.expose(), None);
    }
    harden(response.headers_mut());
    response
}

/// Before and behind what other parts answer: they have their own ways to know who asks, and no cookies.
pub(crate) async fn other(State(desk): State<Arc<Desk>>, mut request: Request, next: Next) -> Response {
    let live = desk.live.load_full();
    let Some(Whereabouts { address, .. }) = whereabouts(&request, &live) else { return stranger() };
    request.extensions_mut().insert(PeerAddress(address));
    let mut response = match tokio::time::timeout(REQUEST_PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    harden(response.headers_mut());
    response
}

/// Where a request comes from, as far as it can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Whereabouts {
    address: IpAddr,
    /// Whether it is the visitor's own; otherwise it is that of a listed proxy or balancer, which did not tell who is
    /// behind it.
    is_told: bool,
}

/// Where the person is: the connection's other end, or what a listed proxy says. `None`: without TLS of our own, and not
/// from a listed proxy.
fn whereabouts(request: &Request, live: &Live) -> Option<Whereabouts> {
    let peer = request.extensions().get::<Peer>()?.0.ip().to_canonical();
    let is_trusted = |address: IpAddr| live.settings.trusted_proxies.iter().any(|network| network.contains(&address));
    // A balancer may say in its PROXY header that it does not know.
    let is_balancer = |address: IpAddr| live.settings.balancers.iter().any(|network| network.contains(&address));
    let whereabouts = |address| Whereabouts { address, is_told: !is_trusted(address) && !is_balancer(address) };
    if !is_trusted(peer) {
        return live.settings.identity.is_some().then(|| whereabouts(peer));
    }
    Some(whereabouts(forwarded(request.headers(), is_trusted).unwrap_or(peer)))
}

/// The last address that no listed proxy vouches for by being one: what stands before it anybody can write.
fn forwarded(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    // A line that is no text is read as one that is no address, and nothing before it counts.
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or_default()).collect();
    let written = lines.iter().flat_map(|line| line.split(',')).rev().take(FORWARDED_MAX);
    let mut last = None;
    for text in written {
        let address = text.trim().parse::<IpAddr>().ok()?.to_canonical();
        last = Some(address);
        if !is_trusted(address) {
            break;
        }
    }
    last
}

fn stranger() -> Response {
    (StatusCode::FORBIDDEN, "This address is reached through its proxy only.\n").into_response()
}

/// What forms are bound to where the browser has nothing yet.
fn given(desk: &Desk, cookies: &mut Cookies) -> Result<Option<Secret>, vestibule_engine::PortError> {
    if cookies.form_secret().is_some() {
        return Ok(None);
    }
    let secret = Secret::draw(&*desk.random)?;
    cookies.visit = Some(secret.clone());
    Ok(Some(secret))
}

fn visit(desk: &Arc<Desk>, live: Arc<Live>, cookies: Cookies, from: Whereabouts, request: &Request) -> Visit {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = cookies.language.or_else(|| Language::accepted(text(ACCEPT_LANGUAGE))).unwrap_or_default();
    Visit {
        desk: Arc::clone(desk),
        live,
        words: Words(language),
        address: from.address,
        address_is_told: from.is_told,
        client: browser::name(text(USER_AGENT)).map(Into::into),
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        reference: reference(desk),
        form_token: cookies.form_secret().map(Secret::form_token).unwrap_or_default(),
        cookies,
        arrived: tokio::time::Instant::now(),
    }
}

/// Eight characters that nobody confuses when they read them out.
fn reference(desk: &Desk) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut octets = [0; 8];
    if desk.random.fill(&mut octets).is_err() {
        return String::new();
    }
    let letters = octets.iter().filter_map(|octet| LETTERS.get(usize::from(octet % 32)).copied().map(char::from));
    let text: String = letters.collect();
    let (one, two) = text.split_at(4);
    format!("{one}-{two}")
}

/// A request that changes something must come from a form of ours, in the browser it was shown in (HTP-18).
async fn admit(visit: &Visit, request: Request) -> Result<Request, Told> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(request);
    }
    if request.method() != Method::POST {
        return Err(Told::MethodNotAllowed);
    }
    if !is_from_here(request.headers(), &visit.live.settings.origin.0) {
        return Err(Told::Forged);
    }
    let (parts, body) = request.into_parts();
    let is_form = parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if !is_form {
        return Err(Told::Forged);
    }
    let whole = tokio::time::timeout(BODY_PATIENCE, Limited::new(body, BODY_OCTETS_MAX).collect()).await;
    let octets = whole.map_err(|_elapsed| Told::TooSlow)?.map_err(|_| Told::TooLarge)?.to_bytes();
    let mut fields = url::form_urlencoded::parse(&octets);
    let token = fields.find(|(name, _)| name == FORM_FIELD).map(|(_, token)| token).unwrap_or_default();
    let Cookies { session, signing_in, visit: first, .. } = &visit.cookies;
    if ![session, signing_in, first].into_iter().flatten().any(|secret| secret.made(&token)) {
        return Err(Told::Forged);
    }
    Ok(Request::from_parts(parts, Body::from(octets)))
}

/// What browsers say of where a request comes from; those that say nothing are held by the form's token.
fn is_from_here(headers: &HeaderMap, origin: &str) -> bool {
    let origin_fits = headers.get(ORIGIN).is_none_or(|sent| sent.as_bytes() == origin.as_bytes());
    let site_fits = headers.get("sec-fetch-site").is_none_or(|site| site.as_bytes() == b"same-origin");
    origin_fits && site_fits
}

/// A failure becomes a page, with a reference that stands in the log too.
fn in_words(visit: &Visit, response: Response) -> Response {
    let Some(told) = response.extensions().get::<Told>().copied() else { return response };
    if let Some(Cause(fault)) = response.extensions().get::<Cause>() {
        let error = &**fault as &dyn std::error::Error;
        tracing::warn!(
            error,
            reference = visit.reference,
            "A page of the portal failed, reference {}",
            visit.reference
        );
    }
    pages::told(visit, told).unwrap_or_else(|_| told.status().into_response())
}

fn is_html(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// HTP-19. What a part says for itself stays.
fn harden(headers: &mut HeaderMap) {
    let fixed = [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        // Nothing is told to other sites. `no-referrer` would also take `Origin` from our own forms.
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("strict-transport-security", "max-age=31536000"),
        ("x-frame-options", "DENY"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use vestibule_listen::ServerIdentity;
    use vestibule_peers::certificates::TestCa;

    use super::*;
    use crate::app_passwords::tests::site::Site;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test] // HTP-18
    fn a_request_from_another_site_is_not_from_here() {
        let origin = "https://login.example.com";
        for fine in [&[][..], &[("origin", origin)], &[("origin", origin), ("sec-fetch-site", "same-origin")]] {
            assert!(is_from_here(&headers(fine), origin), "{fine:?}");
        }
        for odd in [
            &[("origin", "null")][..],
            &[("origin", "https://evil.example")],
            &[("origin", "https://login.example.com.evil.example")],
            &[("origin", origin), ("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(!is_from_here(&headers(odd), origin), "{odd:?}");
        }
    }

    #[test]
    fn a_forwarded_address_is_the_last_that_no_proxy_of_ours_has() {
        let trusted = |address: IpAddr| address.to_string().starts_with("10.");
        let found = |pairs| forwarded(&headers(pairs), trusted).map(|address| address.to_string());
        assert_eq!(found(&[("x-forwarded-for", "203.0.113.9")]).as_deref(), Some("203.0.113.9"));
        assert_eq!(found(&[("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.1")]).as_deref(), Some("203.0.113.9"));
        assert_eq!(
            found(&[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.9")]).as_deref(),
            Some("203.0.113.9")
        );
        assert_eq!(found(&[("x-forwarded-for", "10.0.0.7")]).as_deref(), Some("10.0.0.7"));
        assert_eq!(found(&[("x-forwarded-for", "unknown")]), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn a_line_that_is_no_text_is_not_passed_over() {
        let mut headers = headers(&[("x-forwarded-for", "10.9.9.9")]);
        headers.append("x-forwarded-for", HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(forwarded(&headers, |_| false), None);
    }

    #[tokio::test]
    async fn an_address_that_no_proxy_told_is_known_as_the_proxys() {
        let site = Site::with(&[]);
        let live = site.desk.live.load_full();
        let from = |peer: &str, forwarded: Option<&str>| {
            let mut request = Request::builder();
            if let Some(forwarded) = forwarded {
                request = request.header("x-forwarded-for", forwarded);
            }
            let mut request = request.body(Body::empty()).unwrap();
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
            whereabouts(&request, &live).map(|from| (from.address.to_string(), from.is_told))
        };
        let (proxy, told) = ("127.0.0.1:7", |address: &str, is_told| Some((address.to_owned(), is_told)));
        assert_eq!(from(proxy, Some("203.0.113.9")), told("203.0.113.9", true));
        assert_eq!(from(proxy, Some("203.0.113.9, 127.0.0.1")), told("203.0.113.9", true));
        for silent in [None, Some(""), Some("unknown"), Some("10.1.1.1:4711"), Some("10.1.1.1, -"), Some("127.0.0.1")] {
            assert_eq!(from(proxy, silent), told("127.0.0.1", false), "{silent:?}");
        }
        assert_eq!(from("[::ffff:127.0.0.1]:7", None), told("127.0.0.1", false));
        assert_eq!(from("10.1.1.1:7", Some("203.0.113.9")), None, "no proxy of ours, and no TLS of our own");
    }

    #[tokio::test]
    async fn a_balancers_own_address_is_no_visitors() {
        let site = Site::with(&[]);
        let ca = TestCa::new().unwrap();
        let issued = ca.server(&["login.example.com"]).unwrap();
        let read = |path: &Path| std::fs::read(path).unwrap();
        let (certificate, key) = (read(&issued.certificate_file), read(&issued.key_file));
        site.change(|settings| {
            settings.identity = Some(ServerIdentity::from_pem(&certificate, &key).unwrap());
            settings.balancers = vec![IpAddr::from([10, 0, 0, 2]).into()];
        });
        let live = site.desk.live.load_full();
        let is_told = |peer: &str| {
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
            whereabouts(&request, &live).map(|from| from.is_told)
        };
        assert_eq!(is_told("10.1.1.1:7"), Some(true), "straight here, or as the balancer told");
        assert_eq!(is_told("10.0.0.2:7"), Some(false), "the balancer did not tell");
    }
}
