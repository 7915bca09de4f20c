//! Invitations: an administrator lets a person in once who has no second factor (any more), to enrol one. They count at
//! the portal and nowhere else, and what they open can do nothing but enrol (OOB-10, REC-02); the engine and the portal
//! see to that.
//!
//! ```text
//!  code     handed over by the administrator, good once      80 random bits, kept under argon2id
//!  window   no code: the password is enough until it closes  for people who are enrolled at their first day's desk
//! ```

mod record;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use vestibule_engine::{
    Answer, Authenticator, Challenge, Channel, Checked, Method, NewAuthenticator, Passcode, PortError, Prompts, Random,
    SecondFactor, Spend, Timestamp, UserId,
};

use crate::recovery::{Code, CodeSet};
use crate::shown::new_id;
use crate::{HashCost, HashPool, ShownOnce};

use record::{Kept, Record};

/// What the portal answers for a person whose enrolment window is open.
pub const ENROLMENT_WINDOW: &str = "enrolment-window";
/// The longest an invitation stands. One that is forgotten is a way in.
pub const INVITATION_LIFETIME_MAX: Duration = Duration::from_secs(30 * 86_400);
/// A minute is the least in which a person can use one.
pub const INVITATION_LIFETIME_MIN: Duration = Duration::from_secs(60);
/// A person has one, and for a moment two. More would be work for a guesser's benefit.
const INVITATIONS_MAX: usize = 3;
/// What is spent of an invitation: the whole of it.
const ITEM: &str = "code";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitationSettings {
    /// How long an invitation stands where nobody says otherwise.
    pub lifetime: Duration,
    pub cost: HashCost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationKind {
    /// With a code to hand over, good once.
    Code,
    /// Without: whoever knows the password may enrol until it closes.
    Window,
}

/// What an invitation is, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub kind: InvitationKind,
    pub expires: Timestamp,
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteRefused {
    #[error("an invitation stands for one minute at least and 30 days at most")]
    Lifetime,
    #[error("make an invitation")]
    Failed(#[from] PortError),
}

pub struct Invitations {
    settings: InvitationSettings,
    pool: Arc<HashPool>,
}

impl Invitations {
    pub fn new(settings: InvitationSettings, pool: Arc<HashPool>) -> Self {
        Self { settings, pool }
    }

    /// To be stored, and the code to be told once. Whoever stores it removes the person's older invitations.
    pub async fn invite(
        &self,
        user: UserId,
        lifetime: Option<Duration>,
        kind: InvitationKind,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(NewAuthenticator, Option<ShownOnce>), InviteRefused> {
        let lifetime = lifetime.unwrap_or(self.settings.lifetime);
        if !(INVITATION_LIFETIME_MIN..=INVITATION_LIFETIME_MAX).contains(&lifetime) {
            return Err(InviteRefused::Lifetime);
        }
        let (kept, shown) = match kind {
            InvitationKind::Window => (Kept::Window, None),
            InvitationKind::Code => {
                let code = Code::draw(random)?;
                let mut set = CodeSet::empty(self.settings.cost, random)?;
                let hash = self.pool.run(set.cost(), set.hashing(&code)).await??;
                set.push(hash);
                (Kept::Code(set), Some(code.printed()))
            }
        };
        let new = NewAuthenticator {
            id: new_id(random)?,
            user,
            method: Method::Invitation,
            label: "Invitation".to_owned(),
            secret: Record { expires: now.after(lifetime), kept }.to_secret()?,
            confirmed: true,
            high_water: 0,
        };
        Ok((new, shown))
    }

    pub fn standing(invitation: &Authenticator) -> Result<Standing, PortError> {
        Record::of(&invitation.secret).map(|record| record.standing())
    }

    async fn check_code(&self, open: &[(&Authenticator, Record)], code: &Code) -> Result<Checked, PortError> {
        for (invitation, record) in open {
            let Kept::Code(set) = &record.kept else { continue };
            let hash = self.pool.run(set.cost(), set.hashing(code)).await??;
            if set.number_of(&hash).is_some() {
                return Ok(Checked::Right(Spend::Item { authenticator: invitation.id, item: ITEM.to_owned() }));
            }
        }
        Ok(Checked::Wrong)
    }
}

/// Those that stand, the newest first.
fn open(with: &[Authenticator], now: Timestamp) -> Result<Vec<(&Authenticator, Record)>, PortError> {
    let mut open = Vec::new();
    for invitation in with.iter().rev().filter(|one| one.method == Method::Invitation && one.confirmed) {
        let record = Record::of(&invitation.secret)?;
        if now < record.expires && open.len() < INVITATIONS_MAX {
            open.push((invitation, record));
        }
    }
    Ok(open)
}

fn is_window_word(typed: &Passcode) -> bool {
    typed.as_typed() == ENROLMENT_WINDOW
}

#[async_trait]
impl SecondFactor for Invitations {
    fn method(&self) -> Method {
        Method::Invitation
    }

    fn fits(&self, channel: &Channel, passcode: Option<&Passcode>) -> bool {
        let has_shape = |typed: &Passcode| is_window_word(typed) || Code::read(typed).is_some();
        channel.prompts != Prompts::None || passcode.is_some_and(has_shape)
    }

    fn is_typed(&self) -> bool {
        true
    }

    async fn check(
        &self,
        _: Option<&Challenge>,
        with: &[Authenticator],
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Checked, PortError> {
        let Answer::Typed(typed) = answer else { return Ok(Checked::NotMine) };
        if is_window_word(typed) {
            let open = open(with, now)?;
            let window = open.iter().find(|(_, record)| matches!(record.kept, Kept::Window));
            return Ok(window.map_or(Checked::Wrong, |(invitation, _)| {
                Checked::Right(Spend::Attempt { authenticator: invitation.id })
            }));
        }
        let Some(code) = Code::read(typed) else { return Ok(Checked::NotMine) };
        self.check_code(&open(with, now)?, &code).await
    }
}
