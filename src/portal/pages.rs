//! What every page has in common, and the routes of all of them.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use vestibule_engine::AttemptId;

use crate::cookies::{self, Cookie};
use crate::fault::{Fault, Told, own_path};
use crate::session::Member;
use crate::settings::Help;
use crate::visit::Visit;
use crate::words::{Language, Words};
use crate::{app_passwords, assets, console, devices, history, sessions, sign_in};

mod templates;

pub(crate) use templates::{CodePage, EndedPage, PasswordPage, ToldPage, UnansweredPage, WaitingPage};

/// A year: the language of a person rarely changes.
const LANGUAGE_KEPT_SECONDS: u64 = 365 * 86_400;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(home))
        .route("/language/{tag}", get(language))
        .route("/signed-out", get(signed_out))
        .merge(sign_in::router())
        .merge(devices::router())
        .merge(app_passwords::router())
        .merge(history::router())
        .merge(sessions::router())
        .merge(console::router())
        .merge(assets::router())
        .fallback(async || Told::NotThere)
        .method_not_allowed_fallback(async || Told::MethodNotAllowed)
}

/// Which part of the portal a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    SignIn,
    Enrol,
    Devices,
    AppPasswords,
    History,
    Sessions,
    /// Of the console.
    Remembered,
    /// Of the console.
    People,
}

/// What the layout needs.
pub(crate) struct Page {
    pub(crate) w: Words,
    pub(crate) site: String,
    pub(crate) help: Option<Help>,
    pub(crate) has_accent: bool,
    /// Of the files, so that a new version is fetched.
    pub(crate) version: &'static str,
    /// The hidden field of every form.
    pub(crate) form: String,
    /// Where a change of language leads back to.
    pub(crate) here: String,
    pub(crate) section: Section,
    /// Who is signed in.
    pub(crate) name: Option<String>,
    /// Signed in with all rights: the other sections are there.
    pub(crate) is_full: bool,
    /// There is an application that takes app passwords.
    pub(crate) has_app_passwords: bool,
    /// Whoever reads this may use the console from where they are.
    pub(crate) has_console: bool,
    pub(crate) reference: String,
}

impl Page {
    pub(crate) fn new(visit: &Visit, section: Section) -> Self {
        let site = &visit.live.settings.site;
        Self {
            w: visit.words,
            site: site.name.clone(),
            help: site.help.clone(),
            has_accent: site.accent.is_some(),
            version: visit.desk.assets.version(),
            form: visit.form_token.clone(),
            here: crate::fault::escaped(&visit.path),
            section,
            name: None,
            is_full: false,
            has_app_passwords: !visit.live.app_password_services.is_empty(),
            has_console: false,
            reference: visit.reference.clone(),
        }
    }

    pub(crate) fn of(visit: &Visit, member: &Member, section: Section) -> Self {
        let user = &member.user;
        let name = user.display_name.clone().unwrap_or_else(|| user.subject.name.clone());
        let is_full = member.record.level == crate::session::Level::Full;
        let has_console = console::is_open_to(visit, member);
        Self { name: Some(name), is_full, has_console, ..Self::new(visit, section) }
    }

    pub(crate) fn is_console(&self) -> bool {
        matches!(self.section, Section::Remembered | Section::People)
    }

    pub(crate) fn is(&self, section: &str) -> bool {
        section
            == match self.section {
                Section::SignIn => "sign-in",
                Section::Enrol => "enrol",
                Section::Devices => "devices",
                Section::AppPasswords => "app-passwords",
                Section::History => "history",
                Section::Sessions => "sessions",
                Section::Remembered => "remembered",
                Section::People => "people",
            }
    }
}

pub(crate) fn html(page: &impl Template) -> Result<Response, Fault> {
    html_with(axum::http::StatusCode::OK, page)
}

fn html_with(status: axum::http::StatusCode, page: &impl Template) -> Result<Response, Fault> {
    let mut response = (status, page.render()?).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The page of a failure.
pub(crate) fn told(visit: &Visit, told: Told) -> Result<Response, Fault> {
    let page = Page::new(visit, Section::SignIn);
    let key = told.key();
    html_with(told.status(), &ToldPage { page, title: format!("{key}-title"), text: format!("{key}-text") })
}

/// The first eight digits of an attempt, as a person reads them out and an administrator finds it in the audit log.
pub(crate) fn attempt_reference(attempt: AttemptId) -> String {
    attempt.to_string().chars().take(8).collect()
}

async fn home(visit: Visit) -> Response {
    let to = if visit.cookies.session.is_some() { "/devices" } else { "/sign-in" };
    Redirect::to(to).into_response()
}

async fn signed_out() -> Response {
    Redirect::to("/sign-in?out=1").into_response()
}

#[derive(serde::Deserialize)]
struct Back {
    back: Option<String>,
}

async fn language(
    Path(tag): Path<String>,
    axum::extract::Query(query): axum::extract::Query<Back>,
) -> Result<Response, Fault> {
    let language = Language::parse(&tag).ok_or(Fault::NotThere)?;
    let back = query.back.and_then(|back| own_path(&back)).unwrap_or_else(|| "/".to_owned());
    let mut response = Redirect::to(&back).into_response();
    cookies::set(response.headers_mut(), Cookie::Language, language.tag(), Some(LANGUAGE_KEPT_SECONDS));
    Ok(response)
}
