//! The phone of whoever types: its file, its accounts, and words for what goes wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use vestibule_engine::Timestamp;

use super::state::{StateFault, StateFile};
use crate::cli::terminal::{Printing, Terminal, clean};
use crate::cli::{Failure, Outcome};
use crate::phone::{Account, Phone, PhoneError, Surroundings};

/// Where programs of a person keep what they know.
const STATE: &str = ".local/state/vestibule/phone.json";

pub(super) struct Pocket {
    pub(super) state: StateFile,
    pub(super) surroundings: Surroundings,
    pub(super) terminal: Terminal,
    pub(super) json: bool,
    /// Only this account.
    pub(super) wanted: Option<String>,
}

impl Pocket {
    pub(super) fn new(
        state: Option<PathBuf>,
        ca: Option<&Path>,
        wanted: Option<String>,
        printing: Printing,
    ) -> Outcome<Self> {
        let usual = || std::env::home_dir().map(|home| home.join(STATE));
        let path = state.or_else(usual).ok_or_else(|| {
            Failure::usage("this user has no home to keep a phone in").then("the same command with --state FILE")
        })?;
        let mut surroundings = Surroundings::of_this_machine();
        if let Some(ca) = ca {
            let pem = std::fs::read_to_string(ca).with_context(|| format!("read {}", ca.display()))?;
            surroundings = surroundings.trusting(&pem).map_err(|_| {
                Failure::usage(format!("{} holds no certificate", ca.display())).because("it has to be in PEM form")
            })?;
        }
        let terminal = Terminal::standard(printing);
        Ok(Self { state: StateFile::at(path), surroundings, terminal, json: printing.json, wanted })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.surroundings.now()
    }

    /// The accounts that are meant; at least one.
    pub(super) fn phones(&self) -> Outcome<Vec<Arc<Phone>>> {
        let mut accounts = self.accounts()?;
        accounts.retain(|account| self.wanted.as_deref().is_none_or(|wanted| is_called(account, wanted)));
        if accounts.is_empty() {
            return Err(self.no_account().into());
        }
        let phones: Result<_, PhoneError> =
            accounts.into_iter().map(|account| Phone::of(account, &self.surroundings).map(Arc::new)).collect();
        Ok(phones.map_err(|error| failure(&error, "read the accounts of this phone"))?)
    }

    /// The one account that is meant.
    pub(super) fn phone(&self) -> Outcome<Arc<Phone>> {
        let mut phones = self.phones()?;
        match (phones.pop(), phones.as_slice()) {
            (Some(one), []) => Ok(one),
            _ => Err(Failure::new("this phone has several accounts")
                .then("the same command with --account and one that `vestibule phone list` shows")
                .into()),
        }
    }

    pub(super) fn accounts(&self) -> Outcome<Vec<Account>> {
        Ok(self.state.accounts().map_err(of_state)?)
    }

    pub(super) fn keep(&self, phone: &Phone) -> Outcome {
        Ok(self.state.keep(&phone.account()).map_err(of_state)?)
    }

    pub(super) fn forget(&self, phone: &Phone) -> Outcome {
        Ok(self.state.forget(phone.device()).map_err(of_state)?)
    }

    fn no_account(&self) -> Failure {
        match &self.wanted {
            Some(wanted) => {
                Failure::new(format!("this phone has no account {}", clean(wanted))).then("vestibule phone list")
            }
            None => Failure::new("this phone has no account")
                .because(format!("there is none in {}", self.state.path().display()))
                .then("sign in to the portal, add a device, and: vestibule phone pair LINK"),
        }
    }
}

fn is_called(account: &Account, wanted: &str) -> bool {
    let host = account.origin.split_once("://").map_or("", |(_, host)| host);
    let host_alone = host.split(':').next().unwrap_or_default();
    account.name == wanted
        || host == wanted
        || host_alone == wanted
        || format!("{}@{host}", account.name) == wanted
        || (wanted.len() >= 4 && account.device.to_string().starts_with(&wanted.to_ascii_lowercase()))
}

/// What went wrong, in the words of a command.
pub(super) fn failure(error: &PhoneError, doing: &str) -> Failure {
    let what = Failure::new(format!("could not {doing}"));
    let why = error.to_string();
    match error {
        PhoneError::Unreachable { .. } => what
            .because(crate::cli::chain(error))
            .then("look at the network, or try again; with --ca FILE if its authority is your own"),
        PhoneError::Trouble => what.because(why).then("try again in a minute"),
        PhoneError::Link(_) => what.because(why).then("take the link that the portal shows now"),
        PhoneError::Unpaired => what.because(why).then("vestibule phone unpair"),
        PhoneError::NumberNeeded { .. } => what.because(why).then("the same command with --number NN"),
        PhoneError::WrongNumber => what.because(why).then("sign in again; if that was not you, change your password"),
        PhoneError::Over => what.because(why).then("sign in again"),
        PhoneError::VerificationNeeded => what.because(why).then("approve in the authenticator on your phone"),
        PhoneError::Untrusted(_) => what.because(why).then("answer nothing, and tell your administrators"),
        PhoneError::Unusable(_) => what.because(why).then("vestibule phone unpair --anyway, and pair again"),
        PhoneError::Locked | PhoneError::Refused { .. } => what.because(why),
    }
}

fn of_state(fault: StateFault) -> Failure {
    let what = Failure::fault("use the accounts of this phone", &fault);
    match fault {
        StateFault::Open { path } => what.then(format!("chmod 600 {}", path.display())),
        StateFault::Unreadable { .. } => what.then("name another file with --state"),
        StateFault::File { .. } => what,
    }
}
