//! Signing in, page by page: name and password, the second step, and how it may end.

mod begin;
mod ended;
mod evidence;
mod password;
mod step;
mod view;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use begin::begin_proven;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/sign-in", get(password::show).post(password::post))
        .route("/enrol", get(password::show_enrol).post(password::enrol))
        .route("/sign-in/step", get(step::show).post(step::post))
        .route("/sign-in/look", post(step::look))
        .route("/sign-in/again", post(step::ring_again))
        .route("/sign-in/leave", post(step::leave))
        .route("/sign-in/ended/{why}", get(ended::show))
}
