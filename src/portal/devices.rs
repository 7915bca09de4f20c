//! What somebody proves their second step with: looked at, named, tried, replaced, removed; and added.

mod add;
mod list;
mod one;
mod phone;
mod recovery;
mod remove;
mod step_up;
mod templates;
mod totp;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use vestibule_engine::{Authenticator, AuthenticatorId, Method, is_plain};

use crate::fault::Fault;
use crate::session::{self, Level, Member, Raised};
use crate::visit::Visit;

const LABEL_CHARS_MAX: usize = 64;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/devices", get(list::show))
        .route("/devices/{id}", get(one::show))
        .route("/devices/{id}/label", post(one::label))
        .route("/devices/{id}/prefer", post(one::prefer))
        .route("/devices/{id}/test", post(one::test))
        .route("/devices/{id}/remove", get(remove::show).post(remove::post))
        .route("/add", get(add::show))
        .route("/add/phone", post(phone::begin))
        .route("/add/phone/{id}", get(phone::show))
        .route("/add/phone/{id}/state", get(phone::state))
        .route("/add/phone/{id}/confirm", post(phone::confirm))
        .route("/add/phone/{id}/refuse", post(phone::refuse))
        .route("/add/app", post(totp::begin))
        .route("/add/app/{id}", post(totp::confirm))
        .route("/add/recovery", post(recovery::make))
        .route("/again", get(step_up::show).post(step_up::post))
}

/// The authenticator of that path, if it is this person's. Somebody else's looks like none.
async fn own(visit: &Visit, member: &Member, Path(id): Path<String>) -> Result<Authenticator, Fault> {
    let id: AuthenticatorId = id.parse().map_err(|_| Fault::NotThere)?;
    let found = visit.desk.store.authenticator(id).await?;
    found.filter(|one| one.user == member.user.id && one.method != Method::Invitation).ok_or(Fault::NotThere)
}

/// What somebody calls a device: one line that reads as it is.
fn label(written: &str) -> Option<String> {
    let label = written.trim();
    let fits = !label.is_empty() && label.chars().count() <= LABEL_CHARS_MAX;
    (fits && !label.chars().any(char::is_control) && is_plain(label)).then(|| label.to_owned())
}

/// A factor works for the first time. Whoever came with an invitation is in now, and the invitation is used up.
async fn enrolled(
    visit: &Visit,
    member: &Member,
    method: Method,
    response: &mut axum::response::Response,
) -> Result<(), Fault> {
    if member.record.level == Level::Full {
        return Ok(());
    }
    for one in visit.desk.store.authenticators(member.user.id).await? {
        if one.method == Method::Invitation {
            visit.desk.store.remove_authenticator(one.id, &member.by(), visit.now()).await?;
        }
    }
    session::raise(visit, member, Raised::Enrolled(method), response).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_called_something_that_reads_as_it_is() {
        assert_eq!(label("  Pixel 8 ").as_deref(), Some("Pixel 8"));
        assert_eq!(label("Jürgens Telefon").as_deref(), Some("Jürgens Telefon"));
        for odd in ["", "   ", "a\nb", "abc\u{202E}def", &"x".repeat(65)] {
            assert_eq!(label(odd), None, "{odd:?}");
        }
    }
}
