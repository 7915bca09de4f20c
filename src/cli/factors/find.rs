//! Which of a person's authenticators is meant.

use vestibule_engine::{Authenticator, User};

use super::WhichArgs;
use crate::cli::terminal::clean;
use crate::cli::{Failure, Outcome};

/// Enough of an id to tell a person's authenticators apart.
const SHORT: usize = 8;

pub(in crate::cli) fn short(one: &Authenticator) -> String {
    one.id.to_string().chars().take(SHORT).collect()
}

/// The one that is named, or the only one there is.
pub(super) fn one_of(
    all: &[Authenticator],
    which: &WhichArgs,
    is_fit: impl Fn(&Authenticator) -> bool,
    user: &User,
) -> Outcome<Authenticator> {
    let name = clean(&user.subject.name);
    let begins = |one: &Authenticator| {
        which.id.as_ref().is_none_or(|id| !id.is_empty() && one.id.to_string().starts_with(&id.to_ascii_lowercase()))
    };
    let found: Vec<&Authenticator> = all.iter().filter(|one| is_fit(one) && begins(one)).collect();
    match (found.as_slice(), &which.id) {
        ([one], _) => Ok((*one).clone()),
        ([], Some(id)) => Err(Failure::new(format!("{name} has no such second step with the id {}", clean(id)))
            .then(format!("vestibule factors list {name}"))
            .into()),
        ([], None) => Err(Failure::new(format!("{name} has no second step to do that with"))
            .then(format!("vestibule factors list {name}"))
            .into()),
        (several, _) => {
            let ids: Vec<String> = several.iter().map(|one| short(one)).collect();
            Err(Failure::new(format!("{name} has several of them"))
                .because(format!("they are {}", ids.join(", ")))
                .then("the same command with --id and one of these")
                .into())
        }
    }
}
