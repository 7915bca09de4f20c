//! Somebody on the way in: the password was right, the second step is missing. What is known of them stands in the store
//! under the digest of a cookie of its own, and opens the challenge and nothing else (OOB-13).

use std::time::Duration;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use vestibule_engine::{
    AttemptId, AuthenticatorId, Insist, LoginRequest, Person, Prompt, PromptKind, SecretBytes, Timestamp, Token,
    TokenKind, Turn, UserId, UserName,
};

use crate::cookies::{self, Cookie};
use crate::fault::Fault;
use crate::secrets::Secret;
use crate::visit::{SIGN_IN, TEST, Visit};

/// Whoever was let in by their password may ring their phone again for this long without it.
const PERSON_KEPT: Duration = Duration::from_secs(5 * 60);
/// Rings of one sign-in. Beyond them the password is asked again.
const RINGS_MAX: u32 = 4;
/// The record outlives the question by this, so that its page can say that the time is up.
const KEPT_AFTER: Duration = Duration::from_secs(10 * 60);

/// What the second step is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Purpose {
    SignIn,
    /// The owner of this session shows again that it is them, and goes on at `then`.
    StepUp {
        session: [u8; 32],
        then: String,
    },
    /// The owner of this session tries a device. It opens nothing.
    Test {
        session: [u8; 32],
        device: AuthenticatorId,
        label: String,
    },
}

/// What the store keeps, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SigningIn {
    pub(crate) purpose: Purpose,
    /// The name as it was typed.
    pub(crate) user: String,
    pub(crate) attempt: AttemptId,
    pub(crate) turn: Turn,
    pub(crate) question: PromptKind,
    pub(crate) until: Timestamp,
    /// The answer before was wrong.
    pub(crate) again: bool,
    /// When the phone was rung last, and how often.
    pub(crate) asked: Timestamp,
    pub(crate) rings: u32,
    /// Whom the password let in, and when: for ringing again without it.
    person: Option<(Person, Timestamp)>,
}

/// The record of this request's browser, and the secret it is kept under.
pub(crate) struct Held {
    pub(crate) record: SigningIn,
    pub(crate) digest: [u8; 32],
}

impl SigningIn {
    pub(crate) fn new(
        purpose: Purpose,
        user: &UserName,
        prompt: &Prompt,
        person: Option<Person>,
        now: Timestamp,
    ) -> Self {
        Self {
            purpose,
            user: user.as_typed().to_owned(),
            attempt: prompt.attempt,
            turn: prompt.turn,
            question: prompt.kind.clone(),
            until: prompt.until,
            again: prompt.again,
            asked: now,
            rings: 1,
            person: person.map(|person| (person, now)),
        }
    }

    /// The next question of the same attempt.
    pub(crate) fn asked(&mut self, prompt: &Prompt, now: Timestamp) {
        let rings_anew = self.turn != prompt.turn && matches!(prompt.kind, PromptKind::Wait { .. });
        if rings_anew {
            self.asked = now;
        }
        self.turn = prompt.turn;
        self.question = prompt.kind.clone();
        self.until = prompt.until;
        self.again = prompt.again;
    }

    /// The same sign-in, asked anew as another attempt.
    pub(crate) fn rung_again(&mut self, prompt: &Prompt, now: Timestamp) {
        self.attempt = prompt.attempt;
        self.asked(prompt, now);
        self.asked = now;
        self.rings = self.rings.saturating_add(1);
    }

    /// Whom to ring again, where that may be done by now without the password.
    pub(crate) fn person(&self, now: Timestamp) -> Option<&Person> {
        let (person, since) = self.person.as_ref()?;
        (now < since.after(PERSON_KEPT) && self.rings < RINGS_MAX).then_some(person)
    }

    /// When the phone may be rung the next time: the wait doubles, so that nobody is worn out.
    pub(crate) fn ring_again_at(&self) -> Timestamp {
        let doubled = 15_u64.saturating_mul(1 << self.rings.clamp(1, 6).saturating_sub(1));
        self.asked.after(Duration::from_secs(doubled))
    }

    /// Who brings an answer, in the engine's words.
    pub(crate) fn request(&self, visit: &Visit, patience: Duration) -> Result<LoginRequest, Fault> {
        let user = UserName::parse(&self.user).map_err(|_| Fault::NotThere)?;
        Ok(visit.login(user, self.service(), self.insist(), patience))
    }

    pub(crate) fn service(&self) -> &'static str {
        match self.purpose {
            Purpose::SignIn | Purpose::StepUp { .. } => SIGN_IN,
            Purpose::Test { .. } => TEST,
        }
    }

    pub(crate) fn insist(&self) -> Insist {
        match self.purpose {
            Purpose::SignIn | Purpose::StepUp { .. } => Insist::Factor,
            Purpose::Test { device, .. } => Insist::Test(device),
        }
    }

    fn payload(&self) -> Result<SecretBytes, Fault> {
        Ok(SecretBytes::new(serde_json::to_vec(self)?))
    }
}

/// What this browser is in the middle of.
pub(crate) async fn held(visit: &Visit) -> Result<Option<Held>, Fault> {
    let Some(secret) = &visit.cookies.signing_in else { return Ok(None) };
    let digest = secret.digest();
    let Some(token) = visit.desk.store.token(TokenKind::SigningIn, &digest, visit.now()).await? else {
        return Ok(None);
    };
    Ok(Some(Held { record: serde_json::from_slice(token.payload.expose())?, digest }))
}

/// Begin under a new secret, whatever the browser brought.
pub(crate) async fn begin(
    visit: &Visit,
    record: &SigningIn,
    user: Option<UserId>,
    response: &mut Response,
) -> Result<(), Fault> {
    if let Some(old) = &visit.cookies.signing_in {
        visit.desk.store.take_token(TokenKind::SigningIn, &old.digest(), visit.now()).await?;
    }
    let secret = Secret::draw(&*visit.desk.random)?;
    let token = Token {
        kind: TokenKind::SigningIn,
        digest: secret.digest(),
        user,
        payload: record.payload()?,
        created: visit.now(),
        expires: record.until.after(KEPT_AFTER),
    };
    visit.desk.store.put_token(token).await?;
    cookies::set(response.headers_mut(), Cookie::SigningIn, secret.expose(), None);
    Ok(())
}

/// Note what it has come to; false where it ended in the meantime.
pub(crate) async fn change(visit: &Visit, held: &Held) -> Result<bool, Fault> {
    let expires = held.record.until.after(KEPT_AFTER);
    Ok(visit.desk.store.change_token(TokenKind::SigningIn, &held.digest, held.record.payload()?, expires).await?)
}

/// It is over. Of many who say so, one gets true: what it opens is opened once.
pub(crate) async fn finish(visit: &Visit, digest: &[u8; 32]) -> Result<bool, Fault> {
    Ok(visit.desk.store.take_token(TokenKind::SigningIn, digest, visit.now()).await?.is_some())
}
