//! SASL mechanisms that the directory itself checks, step by step, where the application may use them. Once it has accepted
//! the last step, it says who that is; and then the engine decides what it decides for everybody: a factor, or not in
//! (LDP-14). A directory that does not say who it is lets nobody in.

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_engine::{
    Exempt, Identified, Password, Person, PortError, Primary, PrimaryAuthenticator, PrimaryOutcome, PrimaryRefusal,
    Subject, Terms, UserName,
};

use crate::answer;
use crate::bind::{Bind, By, Outcome, conclude, decided, is_account, request};
use crate::door::{Application, Hall};
use crate::names::distinguished::Dn;
use crate::session::Standing;
use crate::upstream::{Bound, Line};
use crate::wire::{Answer, again, code};

const SASL_BIND_IN_PROGRESS: u32 = code::SASL_BIND_IN_PROGRESS as u32;

/// Pass on one step of an exchange. `line` is the client's own; the exchange goes on there or not at all.
pub(crate) async fn step(
    hall: &Hall,
    application: &Application,
    bind: &Bind<'_>,
    octets: &[u8],
    line: Option<Line>,
    gone: impl Future<Output = ()> + Send,
) -> Outcome {
    let name = &application.settings.name;
    let (bound, mut line) = match pass_on(application, bind, octets, line).await {
        Ok(passed) => passed,
        Err(error) => {
            hall.failed(name, &error);
            return Outcome::Unknown(answer::UNAVAILABLE);
        }
    };
    match bound.result.code {
        SASL_BIND_IN_PROGRESS => Outcome::GoesOn { answer: again(bind.id, &bound.after_id), line },
        0 => match line.who_am_i(application.directory.deadline()).await {
            Ok(Some(named)) => accepted(hall, application, bind, &named, bound, line, gone).await,
            // Whom it let in, nobody can say, so nobody is in.
            Ok(None) => {
                hall.nameless(name);
                Outcome::Unknown(Answer::new(code::AUTH_METHOD_NOT_SUPPORTED, "sign in with a simple bind"))
            }
            Err(fault) => {
                hall.failed(name, &fault.into_port_error("ask a directory whom it let in".to_owned()));
                Outcome::Unknown(answer::UNAVAILABLE)
            }
        },
        _ => refused(hall, application, bind, gone).await,
    }
}

async fn pass_on(
    application: &Application,
    bind: &Bind<'_>,
    octets: &[u8],
    line: Option<Line>,
) -> Result<(Bound, Line), PortError> {
    let directory = &application.directory;
    let mut line = match line {
        Some(line) => line,
        None => directory.line().await?,
    };
    let bound = line.pass_on(octets, bind.id, directory.deadline()).await;
    let doing = || format!("pass on a sign-in to the directory \"{}\"", directory.name);
    Ok((bound.map_err(|fault| fault.into_port_error(doing()))?, line))
}

/// The directory has let somebody in, and says whom.
async fn accepted(
    hall: &Hall,
    application: &Application,
    bind: &Bind<'_>,
    named: &str,
    bound: Bound,
    line: Line,
    gone: impl Future<Output = ()> + Send,
) -> Outcome {
    let nobody = || answer::plainly_refused(&application.directory, bind.id, bind.controls);
    let Some(named) = Named::read(named) else { return Outcome::Out(nobody()) };
    let (Named::Entry(name, _) | Named::User(name)) = &named;
    let Ok(user) = UserName::parse(name) else { return Outcome::Out(nobody()) };
    let mut request = request(application, bind, user);
    let (mut standing, mut by) = (Standing::Person, By::Themselves);
    let account = match &named {
        Named::Entry(_, dn) => is_account(application, dn),
        Named::User(_) => None,
    };
    let person = match account {
        Some(account) if hall.may_use(application, account, bind.address).await => {
            let exempt = Some(Exempt::Account(Arc::clone(&account.name)));
            request.terms = Terms { exempt, ..Terms::default() };
            (standing, by) = (Standing::Account(account.operations), By::Account(Arc::clone(&account.name)));
            application.directory.described_account(&account.dn).await
        }
        _ => {
            let found = application.directory.described(&request.user).await;
            found.map(|person| person.filter(|person| named.means(person)))
        }
    };
    let person: Person = match person {
        Ok(Some(person)) => person,
        Ok(None) => return Outcome::Out(nobody()),
        Err(error) => {
            hall.failed(&application.settings.name, &error);
            return Outcome::Unknown(answer::UNAVAILABLE);
        }
    };
    let judged = decided(hall, application, request, Primary::Proven(person), gone).await;
    conclude(hall, application, bind, judged, (Some(bound), Some(line)), standing).by(by)
}

/// Whom the directory named (RFC 4513 §5.2.1.8).
enum Named<'a> {
    Entry(&'a str, Dn),
    User(&'a str),
}

impl<'a> Named<'a> {
    fn read(named: &'a str) -> Option<Self> {
        if let Some(dn) = named.strip_prefix("dn:") {
            return Dn::parse(dn).map(|parsed| Self::Entry(dn, parsed));
        }
        named.strip_prefix("u:").map(Self::User)
    }

    /// An entry was found by its DN. A user's name may be found in other attributes as well, which others can write: it has
    /// to be the name by which the directory knows the person.
    fn means(&self, person: &Person) -> bool {
        match self {
            Self::Entry(..) => true,
            Self::User(name) => {
                let bare = name.rsplit_once('\\').map_or(*name, |(_, bare)| bare);
                let bare = bare.split_once('@').map_or(bare, |(bare, _)| bare);
                UserName::parse(bare).is_ok_and(|bare| bare.canonical() == person.subject.name)
            }
        }
    }
}

/// The directory refused. Who was meant is known to it alone, so the words are those of a wrong password, whatever it said;
/// and it is on the record, and counted against the address, like an unknown name.
async fn refused(
    hall: &Hall,
    application: &Application,
    bind: &Bind<'_>,
    gone: impl Future<Output = ()> + Send,
) -> Outcome {
    let nobody = || Outcome::Out(answer::plainly_refused(&application.directory, bind.id, bind.controls));
    let Ok(user) = UserName::parse(UNTOLD) else { return nobody() };
    let mut login = Refused;
    let primary = Primary::Password { password: Password::new(UNTOLD), with: &mut login };
    match decided(hall, application, request(application, bind, user), primary, gone).await {
        Err(error) => {
            hall.failed(&application.settings.name, &error);
            Outcome::Unknown(answer::UNAVAILABLE)
        }
        // Nothing else can come of it.
        Ok(_) => nobody(),
    }
}

/// What the record calls somebody whose name only the directory has read.
const UNTOLD: &str = "(by SASL)";

/// A sign-in that the directory has refused already.
struct Refused;

#[async_trait]
impl PrimaryAuthenticator for Refused {
    async fn identify(&mut self, _user: &UserName) -> Result<Identified, PortError> {
        Ok(Identified::Unknown)
    }

    async fn authenticate(
        &mut self,
        _user: &UserName,
        _subject: &Subject,
        _password: &Password,
    ) -> Result<PrimaryOutcome, PortError> {
        Ok(PrimaryOutcome::Refused(PrimaryRefusal::Unspecified))
    }

    fn is_bound(&self) -> bool {
        true
    }
}
