//! Who is signed in: a secret in a cookie, its digest and a record in the store (SES-01). The record is read, and the
//! person looked at, for every request: what ends on one node ends on all of them.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use vestibule_engine::{
    AuditEvent, AuditRecord, Grant, Method, Person, SecretBytes, Store, Subject, Timestamp, Token, TokenKind, User,
    UserId,
};

use crate::cookies::{self, Cookie};
use crate::fault::Fault;
use crate::secrets::Secret;
use crate::settings::SessionTimes;
use crate::visit::{SIGN_IN, Visit};

/// How long a second step allows what is dangerous (ADM-02).
const STEP_UP_LASTS: Duration = Duration::from_secs(5 * 60);
/// A session that may only enrol ends after this.
const ENROL_LASTS: Duration = Duration::from_secs(30 * 60);
/// The record is written again for a sign of life only this often.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// An invitation opened it: it may enrol, and nothing else.
    Enrol,
    Full,
}

/// What the store keeps of a session, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) level: Level,
    pub(crate) methods: Vec<Method>,
    pub(crate) began: Timestamp,
    pub(crate) seen: Timestamp,
    /// When the last second step was given.
    pub(crate) proven: Timestamp,
    /// And which it was; empty in a session of an earlier version.
    #[serde(default)]
    pub(crate) proven_by: Vec<Method>,
    /// It ends then, whatever is done with it.
    pub(crate) ends: Timestamp,
    pub(crate) address: String,
    pub(crate) client: Option<String>,
}

/// Somebody who is signed in, in this request.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) user: User,
    pub(crate) record: Record,
    pub(crate) digest: [u8; 32],
}

impl Member {
    /// What is dangerous needs a second step that was given just now (OOB-13). `then`: where the browser goes afterwards.
    pub(crate) fn stepped_up(&self, now: Timestamp, then: &str) -> Result<(), Fault> {
        // An invitation is the highest that this person has; it is used once.
        let is_fresh = now < self.record.proven.after(STEP_UP_LASTS);
        if is_fresh || self.record.level == Level::Enrol {
            Ok(())
        } else {
            Err(Fault::StepUpFirst { then: then.to_owned() })
        }
    }

    /// Whether a recovery code is all that was given last. It gets its owner back in; for power over others they first add
    /// a second step of their own, which stands in their history and in the audit log.
    pub(crate) fn is_here_by_recovery_code(&self) -> bool {
        let Record { methods, proven_by, .. } = &self.record;
        let last = if proven_by.is_empty() { methods } else { proven_by };
        last.iter().all(|method| *method == Method::RecoveryCode)
    }

    /// The person, as somebody who proved who they are.
    pub(crate) fn person(&self) -> Person {
        let User { subject, groups, display_name, mail, .. } = self.user.clone();
        let Subject { source, id, name } = subject;
        Person { subject: Subject { source, id, name }, groups, display_name, mail, carried: Default::default() }
    }

    pub(crate) fn by(&self) -> String {
        format!("portal:{}", self.user.subject.name)
    }
}

/// Somebody with a second step of their own.
pub(crate) struct Resident(pub(crate) Member);

impl<S: Send + Sync> FromRequestParts<S> for Member {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let visit = Visit::from_request_parts(parts, state).await.map_err(|_| Fault::NotThere)?;
        let Some(secret) = &visit.cookies.session else { return Err(Fault::SignInFirst { was_away: false }) };
        let found = find(&*visit.desk.store, secret, visit.live.settings.session, visit.now()).await?;
        found.ok_or(Fault::SignInFirst { was_away: true })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Resident {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let member = Member::from_request_parts(parts, state).await?;
        if member.record.level == Level::Full { Ok(Self(member)) } else { Err(Fault::EnrolFirst) }
    }
}

/// The session of this secret, if it is not over and its owner may still sign in.
pub(crate) async fn find(
    store: &dyn Store,
    secret: &Secret,
    times: SessionTimes,
    now: Timestamp,
) -> Result<Option<Member>, Fault> {
    let digest = secret.digest();
    let Some(token) = store.token(TokenKind::Session, &digest, now).await? else { return Ok(None) };
    let Some(owner) = token.user else { return Ok(None) };
    let mut record: Record = serde_json::from_slice(token.payload.expose())?;
    if !is_alive(&record, times, now) {
        store.take_token(TokenKind::Session, &digest, now).await?;
        return Ok(None);
    }
    let Some(user) = store.user(owner).await?.filter(|user| user.enabled) else { return Ok(None) };
    // Used up by whoever enrolled first, or taken back: what it opened elsewhere enrols nobody any more (OOB-10).
    if record.level == Level::Enrol
        && !store.authenticators(owner).await?.iter().any(|one| one.method == Method::Invitation)
    {
        return Ok(None);
    }
    if now >= record.seen.after(SEEN_EVERY) {
        record.seen = now;
        let expires = expiry(&record, times);
        // Ended by somebody else in this moment: then it has ended.
        if !store.change_token(TokenKind::Session, &digest, sealed(&record)?, expires).await? {
            return Ok(None);
        }
    }
    Ok(Some(Member { user, record, digest }))
}

fn is_alive(record: &Record, times: SessionTimes, now: Timestamp) -> bool {
    now < expiry(record, times) && now < record.began.after(times.absolute)
}

fn expiry(record: &Record, times: SessionTimes) -> Timestamp {
    record.seen.after(times.idle).min(record.ends)
}

/// Begin a session: a new secret, whatever the browser brought (SES-01). The one it replaces is over.
pub(crate) async fn open(visit: &Visit, grant: &Grant, response: &mut Response) -> Result<Option<Level>, Fault> {
    let service = grant.service();
    if service.door != vestibule_engine::Door::Portal || &*service.name != SIGN_IN {
        return Ok(None);
    }
    // No second step is no way in, whatever a rule says.
    let level = match grant.methods() {
        [] => return Ok(None),
        [Method::Invitation] => Level::Enrol,
        _ => Level::Full,
    };
    let now = visit.now();
    let lasts = match level {
        Level::Enrol => ENROL_LASTS.min(visit.live.settings.session.absolute),
        Level::Full => visit.live.settings.session.absolute,
    };
    let record = Record {
        level,
        methods: grant.methods().to_vec(),
        began: now,
        seen: now,
        proven: now,
        proven_by: grant.methods().to_vec(),
        ends: now.after(lasts),
        address: visit.address.to_string(),
        client: visit.client.as_deref().map(str::to_owned),
    };
    close(visit).await?;
    begin(visit, grant.identity().user, &record, response).await?;
    Ok(Some(level))
}

/// The same person proved more: the session goes on under a new secret.
pub(crate) async fn raise(
    visit: &Visit,
    member: &Member,
    raised: Raised<'_>,
    response: &mut Response,
) -> Result<(), Fault> {
    let now = visit.now();
    let mut record = Record { proven: now, seen: now, ..member.record.clone() };
    match raised {
        Raised::SteppedUp(methods) => record.proven_by = methods.to_vec(),
        Raised::Enrolled(method) => {
            record.level = Level::Full;
            record.methods = vec![method];
            record.proven_by = vec![method];
            record.ends = record.began.after(visit.live.settings.session.absolute);
        }
    }
    if visit.desk.store.take_token(TokenKind::Session, &member.digest, now).await?.is_none() {
        return Err(Fault::SignInFirst { was_away: true });
    }
    begin(visit, member.user.id, &record, response).await
}

/// Why a session goes on under a new secret.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Raised<'a> {
    /// A second step was given again: these.
    SteppedUp(&'a [Method]),
    /// The first factor works: what may only enrol may now do everything.
    Enrolled(Method),
}

async fn begin(visit: &Visit, user: UserId, record: &Record, response: &mut Response) -> Result<(), Fault> {
    let secret = Secret::draw(&*visit.desk.random)?;
    let expires = expiry(record, visit.live.settings.session);
    let payload = sealed(record)?;
    let token = Token {
        kind: TokenKind::Session,
        digest: secret.digest(),
        user: Some(user),
        payload,
        created: record.began,
        expires,
    };
    visit.desk.store.put_token(token).await?;
    let event = AuditEvent::SessionStarted { user, methods: record.methods.clone(), address: record.address.clone() };
    visit.desk.store.record(vec![AuditRecord::new(visit.now(), event)]).await?;
    cookies::set(response.headers_mut(), Cookie::Session, secret.expose(), None);
    cookies::clear(response.headers_mut(), Cookie::Visit);
    Ok(())
}

/// End the session that this browser brought, if it is one. It is over at the server, not only forgotten by the browser.
pub(crate) async fn close(visit: &Visit) -> Result<(), Fault> {
    if let Some(secret) = &visit.cookies.session {
        end(visit, &secret.digest(), "portal").await?;
    }
    Ok(())
}

/// End this session; false where it was over. `by`: who did it, as the audit log names them.
pub(crate) async fn end(visit: &Visit, digest: &[u8; 32], by: &str) -> Result<bool, Fault> {
    let now = visit.now();
    let Some(token) = visit.desk.store.take_token(TokenKind::Session, digest, now).await? else { return Ok(false) };
    if let Some(user) = token.user {
        let event = AuditEvent::SessionEnded { user, by: by.to_owned() };
        visit.desk.store.record(vec![AuditRecord::new(now, event)]).await?;
    }
    Ok(true)
}

fn sealed(record: &Record) -> Result<SecretBytes, Fault> {
    Ok(SecretBytes::new(serde_json::to_vec(record)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: SessionTimes =
        SessionTimes { idle: Duration::from_secs(3_600), absolute: Duration::from_secs(86_400) };

    fn record(began: i64, seen: i64) -> Record {
        let (began, seen) = (Timestamp::from_secs(began), Timestamp::from_secs(seen));
        Record {
            level: Level::Full,
            methods: vec![Method::Totp],
            began,
            seen,
            proven: began,
            proven_by: vec![Method::Totp],
            ends: began.after(TIMES.absolute),
            address: "192.0.2.1".into(),
            client: None,
        }
    }

    #[test] // SES-01
    fn a_session_ends_when_nothing_is_done_and_ends_in_any_case() {
        let alive = |record: &Record, now| is_alive(record, TIMES, Timestamp::from_secs(now));
        assert!(alive(&record(0, 0), 3_599) && !alive(&record(0, 0), 3_600));
        assert!(alive(&record(0, 86_000), 86_399) && !alive(&record(0, 86_000), 86_400));
    }

    #[test]
    fn a_recovery_code_that_was_given_last_is_told_from_a_second_step_that_somebody_has() {
        let subject = Subject { source: "local".into(), id: "1".into(), name: "ada".into() };
        let user = User {
            id: UserId(uuid::Uuid::nil()),
            subject,
            display_name: None,
            mail: None,
            groups: Vec::new(),
            enabled: true,
            created: Timestamp(0),
            last_login: None,
        };
        let by = |methods: &[Method], proven_by: &[Method]| {
            let record = Record { methods: methods.to_vec(), proven_by: proven_by.to_vec(), ..record(0, 0) };
            Member { user: user.clone(), record, digest: [0; 32] }.is_here_by_recovery_code()
        };
        use Method::{RecoveryCode, Totp};
        assert!(by(&[RecoveryCode], &[RecoveryCode]) && by(&[Totp], &[RecoveryCode]), "also as a step-up");
        assert!(!by(&[Totp], &[Totp]) && !by(&[RecoveryCode], &[Totp]));
        assert!(by(&[RecoveryCode], &[]) && !by(&[Totp], &[]), "a session of an earlier version");
    }

    #[test]
    fn a_shorter_time_in_the_settings_holds_for_sessions_that_began_before() {
        let shorter = SessionTimes { idle: Duration::from_secs(60), absolute: Duration::from_secs(600) };
        assert!(!is_alive(&record(0, 550), shorter, Timestamp::from_secs(600)));
        assert!(!is_alive(&record(0, 0), shorter, Timestamp::from_secs(60)));
    }
}
