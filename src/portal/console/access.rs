//! Who may use the console. The settings and the store are asked for every request: what was taken from an administrator a
//! moment ago is gone.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use vestibule_engine::{Identity, User};

use super::Right;
use crate::fault::Fault;
use crate::session::{Level, Member};
use crate::settings::{ConsoleSettings, Named, Team};
use crate::visit::Visit;

/// Somebody who may look.
pub(crate) struct Auditor {
    pub(super) member: Member,
    pub(super) standing: Standing,
}

/// Somebody who may act. That their second step was given just now is asked where they do.
pub(crate) struct Administrator(pub(super) Member);

/// What somebody who may look can do besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing.
    Looks,
    /// They might act, but a recovery code is all that they gave.
    LacksAStep,
    Acts,
}

impl Standing {
    fn of(right: Right, member: &Member) -> Self {
        match right {
            Right::Look => Self::Looks,
            Right::Act if member.is_here_by_recovery_code() => Self::LacksAStep,
            Right::Act => Self::Acts,
        }
    }
}

impl ConsoleSettings {
    /// A proxy or balancer stands inside, and whoever is behind it may be anywhere: where it does not tell their address,
    /// they are outside.
    fn may_be_used_by(&self, visit: &Visit) -> bool {
        visit.address_is_told && self.networks.iter().any(|network| network.contains(&visit.address))
    }

    fn right_of(&self, user: &User) -> Option<Right> {
        let identity = Identity::from(user.clone());
        let is_one_of = |teams: &[Team]| teams.iter().any(|team| team.has(&identity));
        if is_one_of(&self.administrators) {
            Some(Right::Act)
        } else {
            is_one_of(&self.auditors).then_some(Right::Look)
        }
    }
}

impl Team {
    /// A namesake from elsewhere is somebody else.
    fn has(&self, identity: &Identity) -> bool {
        let is_named = |named: &Named| match named {
            Named::Id(id) => *id == identity.user,
            Named::Name(name) => *name == identity.name,
        };
        self.source == identity.source
            && (self.users.iter().any(is_named) || self.groups.iter().any(|group| identity.is_in(group)))
    }
}

/// Whether a link to the console is worth showing.
pub(crate) fn is_open_to(visit: &Visit, member: &Member) -> bool {
    let Some(console) = &visit.live.settings.console else { return false };
    member.record.level == Level::Full && console.may_be_used_by(visit) && console.right_of(&member.user).is_some()
}

/// Whoever has no right here is told what they would be told of a path that there is not. A stranger in the right network
/// is sent to sign in.
async fn admitted<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<(Member, Right), Fault> {
    let visit = Visit::from_request_parts(parts, state).await.map_err(|_| Fault::NotThere)?;
    let Some(console) = &visit.live.settings.console else { return Err(Fault::NotThere) };
    let member = Member::from_request_parts(parts, state).await;
    if !console.may_be_used_by(&visit) {
        let with_right = member.ok().filter(|member| console.right_of(&member.user).is_some());
        if let Some(Member { user, .. }) = with_right {
            warn_outside(&visit, &user.subject.name);
        }
        return Err(Fault::NotThere);
    }
    let member = member?;
    match console.right_of(&member.user) {
        Some(right) if member.record.level == Level::Full => Ok((member, right)),
        _ => {
            let (name, address) = (&member.user.subject.name, visit.address);
            if let Some(more) = visit.desk.asked_without_the_right.due() {
                tracing::info!(user.name = name, %address, more, "{name} asked for the console without the right to");
            }
            Err(Fault::NotThere)
        }
    }
}

fn warn_outside(visit: &Visit, name: &str) {
    let address = visit.address;
    if visit.address_is_told {
        tracing::warn!(user.name = name, %address, "{name} asked for the console from outside its networks");
    } else {
        tracing::warn!(
            user.name = name, %address,
            "{name} asked for the console from outside its networks: {address}, through which they came, is a listed \
             proxy or balancer and did not tell their address"
        );
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Auditor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let (member, right) = admitted(parts, state).await?;
        let standing = Standing::of(right, &member);
        Ok(Self { member, standing })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Administrator {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let (member, right) = admitted(parts, state).await?;
        match Standing::of(right, &member) {
            Standing::Acts => Ok(Self(member)),
            Standing::Looks => Err(Fault::NotThere),
            Standing::LacksAStep => Err(Fault::MoreThanARecoveryCodeFirst),
        }
    }
}
