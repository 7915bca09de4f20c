//! `vestibule demo --check`: the tour takes itself, over the same wire, and every promise of it is checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vestibule_engine::{AuditEvent, Clock, Decision, Denial, Password, Random, Store};
use vestibule_radius::client::{Exchange, Said};
use zeroize::Zeroizing;

use super::super::terminal::{Terminal, Tone, clean};
use super::super::try_radius::{Login, of_config, sign_in, sign_in_answering};
use super::super::{Failure, Outcome, context, try_ldap};
use super::directory::Directory;
use super::folder::Folder;
use super::phone::Phone as Codes;
use super::{open, paired, person, prepare};
use crate::clock::{SystemClock, SystemRandom};
use crate::config::Config;
use crate::phone::{Answered, Phone, Request};

const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn run(named: Option<&Path>, port: Option<u16>, terminal: &mut Terminal) -> Outcome {
    let Some(named) = named else {
        let folder = Temporary::new()?;
        return tour(&Folder::at(&folder.0), port, terminal).await;
    };
    tour(&Folder::at(named), port, terminal).await
}

async fn tour(folder: &Folder, port: Option<u16>, terminal: &mut Terminal) -> Outcome {
    let is_new = !folder.exists();
    prepare(folder, port).await?;
    let directory = Directory::start(folder, &SystemRandom::new()).await?;
    let gateway = open(folder, context::load(&folder.config())?, &directory).await?;
    let went = steps(folder, is_new, &directory, gateway.store(), terminal).await;
    gateway.stop().await;
    went?;
    terminal.line(terminal.toned(Tone::Good, "Everything went as promised."))
}

async fn steps(
    folder: &Folder,
    is_new: bool,
    directory: &Directory,
    store: Arc<dyn Store>,
    terminal: &mut Terminal,
) -> Outcome {
    let config = context::load(&folder.config())?;
    let visit = Visit { folder, config, codes: Codes::of(folder, person::NAME)? };
    let code = visit.fresh_code(is_new).await;
    visit.step("1. Ada's password alone", "firewall", None, Said::Reject, terminal).await?;
    visit.step("2. Password and code", "firewall", Some(&code), Said::Accept, terminal).await?;
    visit.step("3. The same code again", "firewall", Some(&code), Said::Reject, terminal).await?;
    visit.step("4. A gateway that can ask, and the used code", "vpn", Some(&code), Said::Challenge, terminal).await?;
    pushes(&visit, &store, terminal).await?;
    binds(&visit, directory, terminal).await?;
    terminal.line("9. What was written down")?;
    let lines = store.audit_tail(50, None).await.context("read the audit log")?;
    let decisions: Vec<&Decision> = lines
        .iter()
        .filter_map(|line| match &line.record.event {
            AuditEvent::LoginDecided(decision) => Some(&**decision),
            _ => None,
        })
        .collect();
    for decision in &decisions {
        let end = decision.denial.as_ref().map_or("allowed".to_owned(), |why| format!("refused: {}", why.sentence()));
        terminal.line(format!("    {} at {}, {end}", clean(&decision.typed), clean(&decision.service)))?;
    }
    for (what, promised) in [
        ("the missing code", Some(Denial::CodeMissing)),
        ("the sign-in", None),
        ("the used code", Some(Denial::CodeUsedBefore)),
        ("what was denied on the phone", Some(Denial::Declined)),
    ] {
        if !decisions.iter().any(|decision| decision.denial == promised) {
            return Err(Failure::new(format!("the audit log does not tell of {what}")).into());
        }
    }
    Ok(())
}

/// A phone of Ada's for the length of the tour: one that she has besides is not asked, and stays.
async fn pushes(visit: &Visit<'_>, store: &Arc<dyn Store>, terminal: &mut Terminal) -> Outcome {
    terminal.line("5. A phone for Ada")?;
    let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(SystemRandom::new()));
    let (portal, factors) = (paired::portal(&visit.config)?, &visit.config.factors);
    let (phone, code) = paired::pair(visit.folder, &portal, factors, Arc::clone(store), clock, random).await?;
    terminal.line(format!("    Both sides came to {code}.\n"))?;
    let approves = async |request: Request, number: Option<String>| {
        if number.is_none() {
            return Err(Failure::new("the VPN gateway was not told a number to show").into());
        }
        Ok(phone.approve(&request, number.as_deref()).await?)
    };
    let denies = async |request: Request, _: Option<String>| Ok(phone.deny(&request).await?);
    let went = match visit
        .push("6. The number at the login, typed on the phone", &phone, approves, Said::Accept, terminal)
        .await
    {
        Ok(()) => visit.push("7. Denied on the phone", &phone, denies, Said::Reject, terminal).await,
        failed => failed,
    };
    phone.unpair().await?;
    went
}

/// An application that binds: with the password alone, and with a code.
async fn binds(visit: &Visit<'_>, directory: &Directory, terminal: &mut Terminal) -> Outcome {
    terminal.line("8. An application that binds (LDAP): Grace's password alone, then with her code")?;
    if let Directory::Missing(why) = directory {
        return terminal.line(format!("    Left out: {why}.\n"));
    }
    let code = Codes::of(visit.folder, person::GRACE)?.code(SystemClock::new().now());
    for (code, promised) in [(None, 49), (Some(code), 0)] {
        let args = try_ldap::Args { user: person::GRACE.to_owned(), ..try_ldap::Args::default() };
        let line = try_ldap::of_config(&visit.folder.config(), &visit.config, &args)?;
        let password = Password::new(visit.folder.read(&visit.folder.password_of(person::GRACE))?.as_bytes());
        let login = try_ldap::Login { user: args.user, password, code };
        let heard = try_ldap::sign_in(&line, &login, terminal, false).await?;
        terminal.line("")?;
        if heard.code != promised {
            let failure = Failure::new(format!("8. An application that binds: the gateway said {}", heard.code));
            return Err(failure.because(format!("{promised} was promised")).into());
        }
    }
    Ok(())
}

struct Visit<'a> {
    folder: &'a Folder,
    config: Config,
    codes: Codes,
}

impl Visit<'_> {
    /// A code with enough time left to use it twice. In a folder that was used before, the present one may be spent.
    async fn fresh_code(&self, is_new: bool) -> String {
        let clock = SystemClock::new();
        let left = person::left_of_step(clock.now());
        if !is_new || left < PATIENCE {
            tokio::time::sleep(left).await;
        }
        self.codes.code(clock.now())
    }

    async fn step(
        &self,
        title: &str,
        client: &str,
        code: Option<&str>,
        promised: Said,
        terminal: &mut Terminal,
    ) -> Outcome {
        terminal.line(title)?;
        let line = of_config(&self.folder.config(), &self.config, Some(client), PATIENCE)?;
        let said = sign_in(&line, &self.login(code)?, terminal, false).await?;
        kept(title, said, promised, terminal)
    }

    /// At the VPN gateway, with the phone.
    async fn push(
        &self,
        title: &str,
        phone: &Phone,
        mut answer: impl AsyncFnMut(Request, Option<String>) -> Outcome<Answered>,
        promised: Said,
        terminal: &mut Terminal,
    ) -> Outcome {
        terminal.line(title)?;
        let line = of_config(&self.folder.config(), &self.config, Some("vpn"), PATIENCE)?;
        let answers = async |exchange: &Exchange, terminal: &mut Terminal| {
            let request = phone.next_request(PATIENCE).await?.context("the phone was not asked")?;
            terminal.line(format!("  The phone asks: sign in to {}?", clean(&request.service.name)))?;
            let answered = answer(request, number_in(&exchange.messages)).await?;
            let said = match answered {
                Answered::Approved { .. } => "approve",
                Answered::Denied => "deny",
                Answered::Reported => "this wasn't me",
            };
            terminal.line(format!("  On the phone: {said}"))?;
            // Enter alone: look again.
            Ok(Some(Zeroizing::new(String::new())))
        };
        let said = sign_in_answering(&line, &self.login(None)?, terminal, false, answers).await?;
        kept(title, said, promised, terminal)
    }

    fn login(&self, code: Option<&str>) -> Outcome<Login> {
        let password = Password::new(self.folder.read(&self.folder.password())?.as_bytes());
        Ok(Login { user: person::NAME.to_owned(), password, code: code.map(ToOwned::to_owned), station: None })
    }
}

fn kept(title: &str, said: Said, promised: Said, terminal: &mut Terminal) -> Outcome {
    terminal.line("")?;
    if said == promised {
        return Ok(());
    }
    Err(Failure::new(format!("{title}: the gateway said {said:?}"))
        .because(format!("{promised:?} was promised"))
        .into())
}

/// The digits that a VPN client shows.
fn number_in(messages: &[String]) -> Option<String> {
    let text = messages.join(" ");
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    digits.map(ToOwned::to_owned)
}

/// A folder of our own, removed at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Outcome<Self> {
        let mut octets = [0; 9];
        SystemRandom::new().fill(&mut octets).context("name a temporary folder")?;
        Ok(Self(std::env::temp_dir().join(format!("vestibule-demo-{}", URL_SAFE_NO_PAD.encode(octets)))))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            eprintln!("{} could not be removed: {error}", self.0.display());
        }
    }
}
