//! SASL mechanisms that the directory itself checks, step by step, where the application may use them. Once it has accepted
//! the last step, it says who that is; and then the engine decides what it decides for everybody: a factor, or not in
//! (LDP-14). A directory that does not say who it is lets nobody in.

use vestibule_engine::{Exempt, Person, PortError, Primary, Terms, UserName};

use crate::answer;
use crate::bind::{Bind, Outcome, conclude, decided, is_account, request};
use crate::door::{Application, Hall};
use crate::names::distinguished::Dn;
use crate::session::Standing;
use crate::settings::Diagnostics;
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
    match bound.result.rc {
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
        _ => Outcome::Out(refused(application, bind, &bound)),
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
    // `dn:` or `u:` (RFC 4513 §5.2.1.8).
    let name = named.strip_prefix("dn:").or_else(|| named.strip_prefix("u:")).unwrap_or(named);
    let Ok(user) = UserName::parse(name) else { return Outcome::Out(nobody()) };
    let mut request = request(application, bind, user);
    let mut standing = Standing::Person;
    let account = Dn::parse(name).and_then(|dn| is_account(application, &dn));
    let person = match account {
        Some(account) if hall.may_use(application, account, bind.address).await => {
            let exempt = Some(Exempt::Account(std::sync::Arc::clone(&account.name)));
            request.terms = Terms { exempt, ..Terms::default() };
            standing = Standing::Account(account.operations);
            application.directory.described_account(&account.dn).await
        }
        _ => application.directory.described(&request.user).await,
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
    conclude(hall, application, bind, judged, (Some(bound), Some(line)), standing)
}

fn refused(application: &Application, bind: &Bind<'_>, bound: &Bound) -> Vec<u8> {
    match application.settings.diagnostics {
        Diagnostics::Pass => again(bind.id, &bound.after_id),
        Diagnostics::Generic => answer::plainly_refused(&application.directory, bind.id, bind.controls),
    }
}
