//! The console: where administrators see who is remembered where and who has what, and take it back.
//!
//! Its pages are the portal's, for few: nothing tells anybody else that they exist. Who may use them is asked for every
//! request anew, of the settings and of the store. What changes something says first what will happen to whom, wants a
//! second step that was given just now (ADM-02) and a reason, and stands in the audit log before it is done.
//!
//! ```text
//!  request ─▶ guard ─▶ access (network, session, right) ─┬─▶ remembered, people            look
//!                                                        └─▶ step-up ─▶ confirm ─▶ act     change
//!                                                                                  (record first, then do)
//! ```

mod access;
mod act;
mod asked;
mod confirm;
mod csv;
mod paging;
mod people;
mod persons;
mod remembered;
mod result;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get};

use crate::fault::{Fault, Told};
use access::Auditor;

pub(crate) use access::is_open_to;

/// What somebody needs for a route. The extractor of its handler asks for it; the test of who may what compares the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    Look,
    /// Look, and change something.
    Act,
}

/// One path, and what it takes to get or to post there.
struct Route {
    path: &'static str,
    /// Both what it takes to look at the page and, for a page that asks before it acts, to answer it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the handlers ask for it themselves; the test compares"))]
    needs: Right,
    answer: MethodRouter,
}

impl Route {
    fn look(path: &'static str, answer: MethodRouter) -> Self {
        Self { path, needs: Right::Look, answer }
    }

    fn act(path: &'static str, answer: MethodRouter) -> Self {
        Self { path, needs: Right::Act, answer }
    }
}

fn routes() -> Vec<Route> {
    vec![
        Route::look("/console", get(home)),
        Route::look("/console/remembered", get(remembered::show)),
        Route::look("/console/remembered.csv", get(remembered::export)),
        Route::act("/console/remembered/forget", get(remembered::ask).post(remembered::forget)),
        Route::look("/console/people", get(people::search)),
        Route::look("/console/people/{id}", get(people::show)),
        Route::act(
            "/console/people/{id}/app-passwords/{password}/revoke",
            get(people::ask_revoke).post(people::revoke),
        ),
        Route::act("/console/people/{id}/sessions/{session}/end", get(people::ask_end).post(people::end)),
        Route::act("/console/people/{id}/sessions/end", get(people::ask_end_all).post(people::end_all)),
    ]
}

pub(crate) fn router() -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, route| router.route(route.path, route.answer))
        // As for a path that there is not: a method that is refused would tell that there is one.
        .method_not_allowed_fallback(async || Told::NotThere)
}

async fn home(_: Auditor) -> Result<Response, Fault> {
    Ok(Redirect::to("/console/remembered").into_response())
}
