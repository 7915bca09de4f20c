//! A bind: what is asked, whom it is about, and what the engine makes of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use vestibule_engine::{
    Carried, Channel, EngineError, Exempt, Identified, Insist, LoginRequest, Origin, Password, Person, PortError,
    Primary, PrimaryAuthenticator, PrimaryOutcome, PrimaryRefusal, Prompts, Splitting, Subject, Terms, Timestamp,
    UserId, UserName, Verdict,
};

use crate::answer;
use crate::door::{AppPassword, Application, Hall};
use crate::names::distinguished::Dn;
use crate::session::{Standing, State};
use crate::settings::AccountSettings;
use crate::upstream::{Bound, Directory, Line, LineLogin, Whom};
use crate::wire::{Answer, Authentication, BindRequest, Controls, code};

/// What is left to a login after its client stopped waiting. The engine decides in time; this ends what hangs.
const GRACE: Duration = Duration::from_secs(10);

/// What a client asks for with a bind.
pub(crate) enum Asked {
    /// To be nobody.
    Nobody,
    /// To be somebody, by a name and a password.
    Somebody { name: Vec<u8>, password: Password },
    /// What is not offered, or not so.
    Refused(Answer),
    /// A SASL client waits for the first word (RFC 4422 §3.2).
    GoOn,
    /// A mechanism that the directory checks.
    PassOn,
}

/// The bind of one client.
pub(crate) struct Bind<'a> {
    pub(crate) id: i32,
    pub(crate) controls: &'a [u8],
    pub(crate) address: IpAddr,
    pub(crate) arrived: Instant,
    /// The same by the wall clock: what ended all that stood since, ends what comes of this too.
    pub(crate) since: Timestamp,
}

/// What came of it.
pub(crate) enum Outcome {
    In {
        standing: Standing,
        who: Who,
        answer: Vec<u8>,
        /// Bound as them; none where they have no rights at the directory.
        line: Option<Line>,
    },
    /// To be said not before the delay of refusals is over.
    Out(Vec<u8>),
    /// We could not find out.
    Unknown(Answer),
    /// The directory wants to hear more, on this line.
    GoesOn { answer: Vec<u8>, line: Line },
}

/// Who is in, and since when.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) user: UserId,
    pub(crate) since: Timestamp,
    pub(crate) by: By,
}

/// By what somebody is in, besides what the engine knows of.
#[derive(Debug, Clone)]
pub(crate) enum By {
    Themselves,
    /// The configuration names them as the account of a program.
    Account(Arc<str>),
    /// An app password with this id.
    AppPassword(Arc<str>),
}

impl Outcome {
    pub(crate) fn by(mut self, by: By) -> Self {
        if let Self::In { who, .. } = &mut self {
            who.by = by;
        }
        self
    }
}

impl Asked {
    /// The directory does not hear of it.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Nobody | Self::GoOn)
    }

    /// `passed` are the mechanisms that the directory checks.
    pub(crate) fn of(bind: &BindRequest<'_>, state: &State, passed: &[String]) -> Self {
        let takes_passwords = state.takes_passwords();
        let refuse = |code, text| Self::Refused(Answer::new(code, text));
        if bind.version != 3 {
            return refuse(code::PROTOCOL_ERROR, "LDAP version 3 is spoken here");
        }
        match &bind.authentication {
            Authentication::Simple([]) if bind.name.is_empty() => Self::Nobody,
            // Most directories would call it a success (RFC 4513 §5.1.2, LDP-07).
            Authentication::Simple([]) => refuse(code::UNWILLING_TO_PERFORM, "a name needs a password"),
            Authentication::Simple(_) if !takes_passwords => refuse(code::CONFIDENTIALITY_REQUIRED, "use TLS"),
            Authentication::Simple(password) => {
                Self::Somebody { name: bind.name.to_vec(), password: Password::new(*password) }
            }
            Authentication::Sasl { mechanism: b"PLAIN", .. } if !takes_passwords => {
                refuse(code::CONFIDENTIALITY_REQUIRED, "use TLS")
            }
            Authentication::Sasl { mechanism: b"PLAIN", credentials: None } => Self::GoOn,
            Authentication::Sasl { mechanism: b"PLAIN", credentials: Some(credentials) } => plain(credentials),
            Authentication::Sasl { mechanism, .. } if passed.iter().any(|known| known.as_bytes() == *mechanism) => {
                if state.is_protected {
                    Self::PassOn
                } else {
                    refuse(code::CONFIDENTIALITY_REQUIRED, "use TLS")
                }
            }
            // Who is meant, or whether it is them, could not be told, so it would be a way around the factor (LDP-14).
            Authentication::Sasl { .. } | Authentication::Other => {
                refuse(code::AUTH_METHOD_NOT_SUPPORTED, "sign in with a simple bind")
            }
        }
    }
}

/// `authorize-id NUL authenticate-id NUL password` (RFC 4616 §2).
fn plain(credentials: &[u8]) -> Asked {
    let mut parts = credentials.splitn(3, |octet| *octet == 0);
    let (Some(for_whom), Some(name), Some(password)) = (parts.next(), parts.next(), parts.next()) else {
        return Asked::Refused(Answer::new(code::PROTOCOL_ERROR, "the credentials cannot be read"));
    };
    let is_self = for_whom.is_empty()
        || for_whom == name
        || [&b"u:"[..], b"dn:"].iter().any(|form| for_whom.strip_prefix(*form) == Some(name));
    if !is_self {
        return Asked::Refused(Answer::new(code::AUTHORIZATION_DENIED, "nobody acts for others here"));
    }
    if name.is_empty() || password.is_empty() {
        return Asked::Refused(Answer::new(code::UNWILLING_TO_PERFORM, "a name needs a password"));
    }
    Asked::Somebody { name: name.to_vec(), password: Password::new(password) }
}

/// Decide a bind by name and password. `line` is the client's own, if it has one; it comes back only as theirs.
pub(crate) async fn decide(
    hall: &Hall,
    application: &Application,
    bind: &Bind<'_>,
    name: &[u8],
    password: Password,
    line: Option<Line>,
    gone: impl Future<Output = ()> + Send,
) -> Outcome {
    let directory = &application.directory;
    let settings = &application.settings;
    let Ok(user) = UserName::from_octets(name) else {
        // No name of anybody; it is refused as an unknown one.
        return Outcome::Out(answer::plainly_refused(directory, bind.id, bind.controls));
    };
    let account = match own_account(application, name) {
        Some(account) => hall.may_use(application, account, bind.address).await.then_some(account),
        None => None,
    };
    let mut request = request(application, bind, user);
    if let Some(account) = account {
        request.splitting = Splitting::Never;
        request.terms = Terms { exempt: Some(Exempt::Account(Arc::clone(&account.name))), ..Terms::default() };
        let whom = Whom::Account { dn: account.dn.clone() };
        let mut login = LineLogin::new(Arc::clone(directory), whom, line, bind.id, bind.controls);
        let primary = Primary::Password { password, with: &mut login };
        let judged = decided(hall, application, request, primary, gone).await;
        let standing = Standing::Account(account.operations);
        let outcome = conclude(hall, application, bind, judged, login.into_parts(), standing);
        return outcome.by(By::Account(Arc::clone(&account.name)));
    }
    if settings.app_passwords && hall.app_passwords.is_one(&password) {
        if (Controls { octets: bind.controls }).has_critical() {
            let why = Answer::new(code::UNAVAILABLE_CRITICAL_EXTENSION, "this control is not known here");
            return Outcome::Unknown(why);
        }
        drop(line);
        return Box::pin(with_app_password(hall, application, bind, request, password, gone)).await;
    }
    let mut login = LineLogin::new(Arc::clone(directory), Whom::Person, line, bind.id, bind.controls);
    let judged = decided(hall, application, request, Primary::Password { password, with: &mut login }, gone).await;
    conclude(hall, application, bind, judged, login.into_parts(), Standing::Person)
}

/// The account of a program with this name. Whatever the spelling, the bind is sent with the name that is configured, so
/// nobody else can be let in by it (LDP-23).
fn own_account<'a>(application: &'a Application, name: &[u8]) -> Option<&'a AccountSettings> {
    if application.settings.accounts.is_empty() {
        return None;
    }
    is_account(application, &Dn::parse(std::str::from_utf8(name).ok()?)?)
}

pub(crate) fn is_account<'a>(application: &'a Application, dn: &Dn) -> Option<&'a AccountSettings> {
    application.settings.accounts.iter().find(|account| account.parsed.is(dn))
}

pub(crate) fn request(application: &Application, bind: &Bind<'_>, user: UserName) -> Box<LoginRequest> {
    let settings = &application.settings;
    Box::new(LoginRequest {
        user,
        service: application.service.clone(),
        origin: Origin { address: bind.address, station: None, direct: settings.direct, client: None },
        channel: Channel { prompts: Prompts::None, patience: settings.patience },
        passcode: None,
        splitting: settings.splitting.clone(),
        insist: Insist::Policy,
        terms: Terms { repeats: settings.coalesce, order: settings.order, exempt: None },
    })
}

/// What the engine makes of it.
pub(crate) async fn decided(
    hall: &Hall,
    application: &Application,
    request: Box<LoginRequest>,
    primary: Primary<'_>,
    gone: impl Future<Output = ()> + Send,
) -> Result<Verdict, EngineError> {
    let limit = application.settings.patience + GRACE;
    let decided = std::pin::pin!(hall.logins.decide(*request, primary, Box::pin(gone)));
    tokio::time::timeout(limit, decided).await.unwrap_or(Err(EngineError::Joined))
}

pub(crate) fn conclude(
    hall: &Hall,
    application: &Application,
    bind: &Bind<'_>,
    judged: Result<Verdict, EngineError>,
    (said, line): (Option<Bound>, Option<Line>),
    standing: Standing,
) -> Outcome {
    let settings = &application.settings;
    match judged {
        Ok(Verdict::Allow(grant)) if *grant.service() == application.service => {
            let has_accepted = said.as_ref().is_some_and(|said| said.result.code == 0);
            let needs_line = !matches!(standing, Standing::AppPassword(_));
            if needs_line && !(has_accepted && line.is_some()) {
                // Let in without the directory having let them in: cannot be, and is not taken for it.
                return Outcome::Unknown(answer::UNAVAILABLE);
            }
            let who = Who { user: grant.identity().user, since: bind.since, by: By::Themselves };
            let (standing, answer) = answer::allowed(&grant, standing, bind.id, said.as_ref());
            Outcome::In { standing, who, answer, line }
        }
        Ok(Verdict::Allow(_)) => Outcome::Unknown(answer::UNAVAILABLE),
        Ok(Verdict::Deny(denial)) => {
            let (name, denied, why) = (&*settings.name, denial.name(), denial.sentence());
            tracing::debug!(application = name, denial = denied, "Refused a bind of {name}: {why}");
            let (directory, controls) = (&application.directory, bind.controls);
            let said = said.as_ref();
            Outcome::Out(answer::refused(&denial, bind.id, said, directory, controls, settings.diagnostics))
        }
        Err(error) => {
            hall.failed(&settings.name, &error);
            Outcome::Unknown(answer::UNAVAILABLE)
        }
    }
}

/// A password that the person made for this application. The directory is not asked for it, but whether it would let them
/// in.
async fn with_app_password(
    hall: &Hall,
    application: &Application,
    bind: &Bind<'_>,
    mut request: Box<LoginRequest>,
    password: Password,
    gone: impl Future<Output = ()> + Send,
) -> Outcome {
    let directory = &application.directory;
    let (found, used) = match whose(hall, application, &request.user, &password).await {
        Ok(checked) => checked,
        Err(error) => {
            hall.failed(&application.settings.name, &error);
            return Outcome::Unknown(answer::UNAVAILABLE);
        }
    };
    let is_right = used.is_some();
    let (label, id) = used.map(|used| (used.label, used.id)).unzip();
    request.splitting = Splitting::Never;
    let exempt = Exempt::AppPassword(label.unwrap_or_else(|| "unknown".into()));
    request.terms = Terms { exempt: Some(exempt), ..Terms::default() };
    let (dn, person) = found.unzip();
    let dn = dn.unwrap_or_default();
    let mut login = AppPasswordLogin { directory: Arc::clone(directory), person, is_right };
    let primary = Primary::Password { password, with: &mut login };
    let judged = decided(hall, application, request, primary, gone).await;
    let outcome = conclude(hall, application, bind, judged, (None, None), Standing::AppPassword(dn));
    match id {
        Some(id) => outcome.by(By::AppPassword(id)),
        None => outcome,
    }
}

/// A person with the DN they have, and their app password, if it is one that may be used.
type Whose = (Option<(String, Person)>, Option<AppPassword>);

async fn whose(
    hall: &Hall,
    application: &Application,
    user: &UserName,
    password: &Password,
) -> Result<Whose, PortError> {
    let directory = &application.directory;
    let Some(found) = directory.find_by_name(user).await? else { return Ok((None, None)) };
    let used = hall.app_passwords.check(password, &found.subject, &application.settings.name).await?;
    let used = used.filter(|_| directory.may_sign_in(&found.entry, hall.clock.now()));
    let dn = found.entry.dn.clone();
    Ok((Some((dn, directory.with_groups(&found).await?)), used))
}

struct AppPasswordLogin {
    directory: Arc<Directory>,
    person: Option<Person>,
    is_right: bool,
}

#[async_trait]
impl PrimaryAuthenticator for AppPasswordLogin {
    async fn identify(&mut self, _user: &UserName) -> Result<Identified, PortError> {
        Ok(self.person.as_ref().map_or(Identified::Unknown, |person| Identified::Known(person.subject.clone())))
    }

    async fn authenticate(
        &mut self,
        _user: &UserName,
        subject: &Subject,
        _password: &Password,
    ) -> Result<PrimaryOutcome, PortError> {
        let person = self.person.take().filter(|person| self.is_right && person.subject == *subject);
        Ok(match person {
            Some(person) => PrimaryOutcome::Accepted(Person { carried: Carried::default(), ..person }),
            None => PrimaryOutcome::Refused(PrimaryRefusal::WrongPassword),
        })
    }

    fn is_bound(&self) -> bool {
        true
    }

    async fn pretend(&mut self, _password: &Password) {
        self.directory.pretend().await;
    }
}
