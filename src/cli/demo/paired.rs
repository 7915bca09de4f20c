//! Ada's phone in software, and how she comes by it: she shows it what the portal would show her, and confirms where both
//! sides come to the same code.

use std::sync::Arc;

use anyhow::Context as _;
use vestibule_engine::{Clock, Random, Store};
use vestibule_factors::Factors;
use vestibule_factors::push::protocol;

use super::super::desk::Portal;
use super::super::devices::counter::Counter;
use super::super::phone::StateFile;
use super::super::terminal::{Terminal, Tone};
use super::super::{Context, Failure, Outcome};
use super::folder::Folder;
use super::person;
use crate::config::Config;
use crate::phone::{PairingLink, Phone, PhoneError, Surroundings};

const LABEL: &str = "Ada's phone";

/// The portal of the demo.
pub(super) fn portal(config: &Config) -> Outcome<Portal> {
    let portal = config.portal.as_ref().map(Portal::of);
    Ok(portal.ok_or_else(|| Failure::new("this demo has no portal").then("remove its folder, and begin anew"))?)
}

/// `vestibule demo phone`, beside a demo that runs.
pub(super) async fn run(folder: &Folder, terminal: &mut Terminal) -> Outcome {
    folder.read(&folder.password())?;
    let context = Context::open(&folder.config()).await?;
    let went = give(folder, &context, terminal).await;
    context.close().await;
    went
}

async fn give(folder: &Folder, context: &Context, terminal: &mut Terminal) -> Outcome {
    if let Some(phone) = known(folder)? {
        match phone.status().await {
            Ok(account) if account.status == protocol::Status::Active => {
                terminal.line("Ada has this phone already.")?;
                return terminal.line("next: vestibule phone watch");
            }
            Err(error @ PhoneError::Unreachable { .. }) => return Err(not_running(&error).into()),
            _ => StateFile::at(folder.accounts()).forget(phone.device())?,
        }
    }
    let store: Arc<dyn Store> = Arc::<vestibule_store::Handle>::clone(&context.store);
    let (clock, random) = (Arc::clone(&context.clock), Arc::clone(&context.random));
    let place = portal(&context.config)?;
    let (phone, code) = pair(folder, &place, &context.config.factors, store, clock, random).await?;
    StateFile::at(folder.accounts()).keep(&phone.account())?;
    terminal.line(format!("{LABEL} is paired. Both sides came to {}.", terminal.toned(Tone::Strong, &code)))?;
    terminal.line(format!("Its key is in {}.", folder.accounts().display()))
}

/// The phone that was paired before.
fn known(folder: &Folder) -> Outcome<Option<Phone>> {
    let accounts = StateFile::at(folder.accounts()).accounts()?;
    let account = accounts.into_iter().find(|account| account.name == person::NAME);
    Ok(account.map(|account| Phone::of(account, &Surroundings::of_this_machine())).transpose()?)
}

/// Both sides of pairing: the phone over the wire, Ada in the portal's place.
pub(super) async fn pair(
    folder: &Folder,
    portal: &Portal,
    factors: &Factors,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Outcome<(Phone, String)> {
    let users = store.users(Some(person::NAME), 0, 10).await.context("look for ada")?;
    let ada = users.into_iter().find(|user| user.subject.name == person::NAME).context("ada is gone")?;
    let counter = Counter::open(ada.id, portal, factors, store, Arc::clone(&clock), random).await?;
    let link = PairingLink::parse(&counter.begun.link)?;
    let authority = std::fs::read_to_string(folder.authority()).context("read the demo's authority")?;
    let surroundings = Surroundings::of_this_machine().trusting(&authority)?;
    let platform = format!("vestibule {}", env!("CARGO_PKG_VERSION"));
    let paired = match Phone::pair(&link, LABEL, &platform, &surroundings).await {
        Ok(paired) => paired,
        Err(error) => {
            counter.refuse(clock.now()).await?;
            return Err(match error {
                PhoneError::Unreachable { .. } => not_running(&error).into(),
                error => error.into(),
            });
        }
    };
    let shown = counter.scanned().await?.and_then(|scanned| scanned.code);
    let shown: Option<String> = shown.map(|code| code.chars().filter(char::is_ascii_digit).collect());
    if shown != Some(paired.code.digits()) {
        counter.refuse(clock.now()).await?;
        return Err(Failure::new("the two sides of a pairing came to different codes").into());
    }
    counter.confirm(clock.now()).await?.context("the pairing was over before it was confirmed")?;
    Ok((paired.phone, paired.code.to_string()))
}

fn not_running(error: &PhoneError) -> Failure {
    Failure::new("the demo's portal is not there")
        .because(crate::cli::chain(error))
        .then("start `vestibule demo` in another terminal, and leave it running")
}
