//! The pages behind their guard, over a store in memory, and a browser without scripts that somebody is signed in with.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt as _;
use vestibule_engine::{
    Authenticator, AuthenticatorId, Method, Password, SecretBytes, Timestamp, Token, TokenKind, UserId,
};
use vestibule_factors::{AppPasswords, HashCost, HashPool, RecoveryCodes, RecoverySettings, Totp, TotpSettings};
use vestibule_listen::Seldom;

use crate::assets::Assets;
use crate::device_api::tests::world::{ORIGIN, World};
use crate::door::{Desk, Live, PortalLinks, SAID_EVERY};
use crate::secrets::Secret;
use crate::server::{self, Peer};
use crate::session::{Level, Record};
use crate::settings::{Origin, PortalSettings, SessionTimes, Site as Shown};

const LISTED_PROXY: &str = "127.0.0.1:7";
/// Where a browser is unless a test says otherwise.
const INSIDE: &str = "10.1.1.1";
const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) desk: Arc<Desk>,
    app: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    /// Where it leads, if it leads anywhere.
    pub(crate) to: String,
    /// The media type.
    pub(crate) kind: String,
    /// Without the marks that keep foreign text in its place.
    pub(crate) text: String,
}

impl Site {
    /// These services take app passwords.
    pub(crate) fn with(services: &[&str]) -> Self {
        let world = World::new();
        let PortalLinks { totp, recovery_codes, app_password_services, .. } = links(services);
        let live = Live { settings: settings(), primaries: Vec::new(), totp, recovery_codes, app_password_services };
        let desk = Arc::new(Desk {
            engine: Arc::clone(&world.engine),
            store: world.store.clone(),
            clock: world.clock.clone(),
            random: world.random.clone(),
            pairing: Arc::clone(&world.pairing),
            privacyidea: OnceLock::new(),
            app_passwords: AppPasswords::new(world.store.clone(), world.clock.clone(), world.random.clone()),
            assets: Assets::new(),
            live: ArcSwap::from_pointee(live),
            asked_without_the_right: Seldom::new(SAID_EVERY),
        });
        let app = server::app(&desk, Router::new());
        Self { world, desk, app }
    }

    /// Take over these settings, as a reload does.
    pub(crate) fn change(&self, change: impl FnOnce(&mut PortalSettings)) {
        let mut settings = settings();
        change(&mut settings);
        let PortalLinks { totp, recovery_codes, app_password_services, .. } = links(&[]);
        let live = Live { settings, primaries: Vec::new(), totp, recovery_codes, app_password_services };
        self.desk.live.store(Arc::new(live));
    }

    /// Somebody with a full session, whose second step was given so long ago.
    pub(crate) fn signed_in(&self, name: &str, proven_ago: Duration) -> Browser<'_> {
        self.session(name, Level::Full, &[Method::Totp], proven_ago)
    }

    /// Somebody who is in by these second steps.
    pub(crate) fn signed_in_with(&self, name: &str, methods: &[Method]) -> Browser<'_> {
        self.session(name, Level::Full, methods, Duration::ZERO)
    }

    /// Somebody whom an invitation let in, to enrol and nothing else.
    pub(crate) fn invited(&self, name: &str) -> Browser<'_> {
        let invited = self.session(name, Level::Enrol, &[Method::Invitation], Duration::ZERO);
        let invitation = Authenticator {
            id: AuthenticatorId(uuid::Uuid::from_u128(1)),
            user: invited.user,
            method: Method::Invitation,
            label: String::new(),
            secret: SecretBytes::default(),
            high_water: 0,
            drift: 0,
            confirmed: true,
            preferred: false,
            created: Timestamp(0),
            last_used: None,
        };
        self.world.store.lock().authenticators.insert(invitation.id, invitation);
        invited
    }

    fn session(&self, name: &str, level: Level, methods: &[Method], proven_ago: Duration) -> Browser<'_> {
        let now = self.desk.clock.now();
        let user = self.world.person(name);
        let record = Record {
            level,
            methods: methods.to_vec(),
            began: now.before(proven_ago),
            seen: now,
            proven: now.before(proven_ago),
            proven_by: methods.to_vec(),
            ends: now.after(HOUR),
            address: "192.0.2.1".to_owned(),
            client: None,
        };
        let secret = Secret::draw(&*self.desk.random).unwrap();
        let (kind, digest, payload) = (TokenKind::Session, secret.digest(), serde_json::to_vec(&record).unwrap());
        let (created, expires) = (record.began, now.after(HOUR));
        let token = Token { kind, digest, user: Some(user), payload: SecretBytes::new(payload), created, expires };
        self.world.store.lock().tokens.insert((kind, digest), token);
        Browser { site: self, user, form: secret.form_token(), session: Some(secret), address: Some(INSIDE) }
    }

    pub(crate) fn stranger(&self) -> Browser<'_> {
        let form = Secret::draw(&*self.desk.random).unwrap().form_token();
        Browser { site: self, user: UserId(uuid::Uuid::nil()), session: None, form, address: Some(INSIDE) }
    }

    pub(crate) fn made_at_all(&self) -> usize {
        self.world.store.lock().tokens.keys().filter(|(kind, _)| *kind == TokenKind::AppPassword).count()
    }
}

pub(crate) struct Browser<'a> {
    site: &'a Site,
    pub(crate) user: UserId,
    session: Option<Secret>,
    /// What its forms carry.
    pub(crate) form: String,
    /// Where the proxy says that it is; nothing: the proxy does not say.
    pub(crate) address: Option<&'static str>,
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Page {
        self.send("GET", path, String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("form", &self.form).extend_pairs(fields);
        self.send("POST", path, body.finish()).await
    }

    /// The secret that the page shows once.
    pub(crate) async fn make(&self, service: &str, label: &str) -> Password {
        let page = self.post("/app-passwords/new", &[("service", service), ("label", label)]).await;
        Password::new(page.between("id=\"secret\">", "<"))
    }

    /// What the door would say.
    pub(crate) async fn opens(&self, secret: &Password, service: &str) -> bool {
        self.site.desk.app_passwords.check(secret, self.user, service).await.unwrap().is_some()
    }

    async fn send(&self, method: &str, path: &str, body: String) -> Page {
        let mut request = Request::builder().method(method).uri(path).header(header::ORIGIN, ORIGIN);
        if method == "POST" {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(secret) = &self.session {
            request = request.header(header::COOKIE, format!("__Host-vestibule={}", secret.expose()));
        }
        if let Some(address) = self.address {
            request = request.header("x-forwarded-for", address);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(Peer(LISTED_PROXY.parse::<SocketAddr>().unwrap()));
        let response = self.site.app.clone().oneshot(request).await.unwrap();
        let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let to = response.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        let status = response.status();
        let text = String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
        let (to, kind) = (to.unwrap_or_default(), kind.unwrap_or_default());
        Page { status, to, kind, text: text.replace(['\u{2068}', '\u{2069}'], "") }
    }
}

impl Page {
    pub(crate) fn between(&self, before: &str, after: &str) -> &str {
        let found = self.text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        found.unwrap_or_else(|| panic!("no {before} in {}", self.text)).0
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        self.text.contains(words)
    }
}

fn links(services: &[&str]) -> PortalLinks {
    let cost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };
    let recovery_codes = RecoveryCodes::new(RecoverySettings { codes: 1, cost }, Arc::new(HashPool::new(1, 1)));
    PortalLinks {
        primaries: HashMap::new(),
        totp: Arc::new(Totp::new(TotpSettings::default())),
        recovery_codes: Arc::new(recovery_codes),
        app_password_services: services.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// No TLS of its own, behind a proxy on the same machine.
fn settings() -> PortalSettings {
    PortalSettings {
        listen: Vec::new(),
        origin: Origin(ORIGIN.to_owned()),
        identity: None,
        trusted_proxies: vec![IpAddr::from([127, 0, 0, 1]).into()],
        balancers: Vec::new(),
        primaries: Vec::new(),
        site: Shown { name: "Example".to_owned(), help: None, accent: None },
        session: SessionTimes { idle: HOUR, absolute: HOUR },
        console: None,
        connections: 16,
        connections_per_source: 16,
        refusal_delay: Duration::ZERO,
    }
}
