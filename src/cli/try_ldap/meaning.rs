//! What an answer means for an administrator, and what to do next.

use std::path::Path;

use vestibule_ldap::client::{AskError, Heard};

use super::super::{Failure, chain, command};
use super::line::Line;

pub(super) struct Meaning {
    pub(super) why: String,
    /// A command to type, or a thing to do.
    pub(super) next: String,
}

impl Meaning {
    /// Of a bind that did not go well. Without the gateway's configuration, its log is somewhere else.
    pub(super) fn of_bind(heard: &Heard, line: &Line, path: Option<&Path>) -> Self {
        let here = |words: &str| path.map(|path| command(path, words));
        let audit = || here("audit tail").unwrap_or_else(|| "`vestibule audit tail` on the gateway".to_owned());
        let log = "look into the gateway's log, which says what is broken";
        let (why, next) = match heard.code {
            49 => (refused(&heard.text), audit()),
            2 => ("the gateway could not read the request; this server may be none".to_owned(), log.to_owned()),
            7 => (
                "this way to sign in is not taken there; a gateway takes simple binds".to_owned(),
                "look whether the address is the gateway's".to_owned(),
            ),
            8 => ("the server wants a stronger protection than this".to_owned(), "use a listener with TLS".to_owned()),
            13 => (
                "passwords are only taken with TLS on this listener".to_owned(),
                "name a listener with TLS, or write `allow_plaintext: true` for an application on this machine"
                    .to_owned(),
            ),
            51 => (
                "more sign-ins are waiting than `ldap.limits.open_binds` allows".to_owned(),
                "try again, and look who asks so often: the gateway's log".to_owned(),
            ),
            52 => (
                "the gateway could not find out: the directory, the database or the disk fails".to_owned(),
                log.to_owned(),
            ),
            53 => ("the directory, or the gateway, is not willing to check this".to_owned(), audit()),
            _ => ("these are the directory's own words for this sign-in".to_owned(), audit()),
        };
        let as_whom = line.application.as_ref().filter(|_| heard.code == 49);
        let why = as_whom.map_or(why.clone(), |application| format!("{why} (application {application})"));
        Self { why, next }
    }
}

/// Active Directory says more than "no" where `diagnostics: pass` lets it (LDP-21).
fn refused(text: &str) -> String {
    let data = text.split_once("AcceptSecurityContext error, data ").and_then(|(_, after)| after.split(',').next());
    let known = match data {
        Some("530") => "the directory allows no sign-in at this time of day",
        Some("531") => "the directory allows no sign-in from there",
        Some("532") => "the password has expired: the directory wants a new one first",
        Some("533") => "the account is disabled in the directory",
        Some("701") => "the account has expired in the directory",
        Some("773") => "the password must be changed first, in the directory",
        Some("775") => "the account is locked in the directory",
        _ => {
            "the gateway tells nobody why: a wrong password, no code or a wrong or used one, no answer on the phone, or \
             somebody unknown, not enrolled or locked"
        }
    };
    known.to_owned()
}

/// No result at all.
pub(super) fn of_silence(error: &AskError, line: &Line, path: &Path) -> Failure {
    let peer = &line.peer;
    let to = peer.address;
    match error {
        AskError::Connect { cause, .. } if cause.kind() == std::io::ErrorKind::ConnectionRefused => {
            let next = if line.application.is_some() {
                command(path, "run")
            } else {
                "look whether the port is right".to_owned()
            };
            Failure::new(format!("{to} cannot be reached")).because("nobody listens there").then(next)
        }
        AskError::Connect { cause, .. } => Failure::new(format!("{to} cannot be reached"))
            .because(cause.to_string())
            .then("look at firewalls in between"),
        AskError::Tls(cause) => Failure::new(format!("the server at {to} is not believed"))
            .because(cause.to_string())
            .then(if line.application.is_some() {
                "is the running gateway another one, or was the certificate renewed? `systemctl reload vestibule`"
            } else {
                "name the authority that signed its certificate with --ca, and the name that is in it with --server"
            }),
        AskError::StartTls(heard) => Failure::new(format!("{to} does not begin TLS"))
            .because(format!("{} ({} {})", heard.text, heard.code, name(heard.code)))
            .then("use ldaps:// and the port of a listener with `tls: immediate`"),
        AskError::Ended => {
            let from = peer.from.map_or("this machine's address".to_owned(), |from| from.to_string());
            Failure::new(format!("{to} hung up without a word"))
                .because("a gateway does that to addresses that belong to no application, and where TLS is not as it expects")
                .then(format!("add {from} to the `addresses` of an application, and look into the gateway's log"))
        }
        AskError::Silence(_) => Failure::new(format!("no answer from {to}"))
            .because(error.to_string())
            .then("a phone is waited for as long as the application's `patience`: try a longer --patience"),
        AskError::Empty => Failure::usage("there is no password to try")
            .because("a bind without one would sign in nobody, so it is never sent")
            .then("type it, or name a file with --password-file"),
        error => Failure::new(format!("no usable answer from {to}"))
            .because(chain(error))
            .then("look into the gateway's log"),
    }
}

/// As RFC 4511 §4.1.9 and its kin call it.
pub(super) fn name(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        14 => "saslBindInProgress",
        19 => "constraintViolation",
        32 => "noSuchObject",
        34 => "invalidDNSyntax",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        80 => "other",
        123 => "authorizationDenied",
        _ => "another result",
    }
}
