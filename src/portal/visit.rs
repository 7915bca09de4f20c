//! One request, as every page sees it: who may be asking, in which language, and what its forms are bound to.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use vestibule_engine::{
    Channel, Door, Insist, LoginRequest, Origin, Prompts, Service, Splitting, Terms, Timestamp, UserName,
};

use crate::cookies::Cookies;
use crate::door::{Desk, Live};
use crate::words::Words;

/// The service that a portal sign-in opens. A grant for another opens nothing here.
pub(crate) const SIGN_IN: &str = "portal";
/// The service under which a person tries their own phone.
pub(crate) const TEST: &str = "test";

#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) desk: Arc<Desk>,
    /// The settings this request began under.
    pub(crate) live: Arc<Live>,
    pub(crate) cookies: Cookies,
    pub(crate) words: Words,
    pub(crate) address: IpAddr,
    /// Whether that is the visitor's own address; otherwise it is that of a listed proxy or balancer, which did not tell who
    /// is behind it.
    pub(crate) address_is_told: bool,
    /// The browser, in words of ours.
    pub(crate) client: Option<Arc<str>>,
    /// Path and query.
    pub(crate) path: String,
    /// Stands on pages of failure and in the log.
    pub(crate) reference: String,
    /// A hidden field of every form.
    pub(crate) form_token: String,
    pub(crate) arrived: tokio::time::Instant,
}

impl Visit {
    pub(crate) fn now(&self) -> Timestamp {
        self.desk.clock.now()
    }

    /// A login at the portal, as the engine is told of it.
    pub(crate) fn login(
        &self,
        user: UserName,
        service: &str,
        insist: Insist,
        patience: std::time::Duration,
    ) -> LoginRequest {
        LoginRequest {
            user,
            service: Service { door: Door::Portal, name: service.into() },
            origin: Origin { address: self.address, station: None, direct: true, client: self.client.clone() },
            channel: Channel { prompts: Prompts::Page, patience },
            passcode: None,
            splitting: Splitting::Never,
            insist,
            terms: Terms::default(),
        }
    }
}

/// Put there by the guard, which stands before every page.
#[derive(Clone)]
pub(crate) struct Guarded(pub(crate) Visit);

/// A page was reached around the guard: a defect, and nothing is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unguarded;

impl axum::response::IntoResponse for Unguarded {
    fn into_response(self) -> axum::response::Response {
        axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Unguarded;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Unguarded> {
        parts.extensions.get::<Guarded>().map(|guarded| guarded.0.clone()).ok_or(Unguarded)
    }
}
