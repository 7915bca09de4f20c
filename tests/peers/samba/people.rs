//! Who is in the test domain. Passwords are `pw-` and the account's name.
//!
//! | account | what about them |
//! |---|---|
//! | `ada` | ordinary; in `vpn` |
//! | `bob` | ordinary; in no group of ours |
//! | `carol` | signs in as `carol.jones@corp.example`, which is not her account's name |
//! | `svc-reader` | a service account, with no more rights than the others: all may read |
//! | `mustchange` | must change the password at the next sign-in |
//! | `disabled` | switched off by an administrator |
//! | `expired` | the account ended in 2020 |
//! | `stale` | the password is older than the policy allows |
//! | `locked` | locked out by the policy `strict`, for a day |
//! | `clumsy` | under the same policy: the third wrong password locks |
//!
//! Groups: `vpn` is in `staff`, `staff` is in `worldwide`. `everyone` has 1,600 members, who are contacts.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
use tokio::process::Command;

use super::{BASE, DOMAIN, domain, text};
use crate::errand;

pub const PEOPLE: &str = "OU=People,DC=corp,DC=example";
pub const GROUPS: &str = "OU=Groups,DC=corp,DC=example";
/// How many members `everyone` has; a domain controller gives 1,500 values at a time.
pub const EVERYONE: u32 = 1600;

/// Takes one second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(120);

const SCRIPT: &str = include_str!("people.py");

/// An account, by its sAMAccountName.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub account: &'static str,
    /// The CN.
    pub name: &'static str,
    /// The userPrincipalName.
    pub upn: &'static str,
}

pub const ADA: Person = Person { account: "ada", name: "Ada Lovelace", upn: "ada@corp.example" };
pub const BOB: Person = Person { account: "bob", name: "Bob Noyce", upn: "bob@corp.example" };
pub const CAROL: Person = Person { account: "carol", name: "Carol Jones", upn: "carol.jones@corp.example" };
pub const READER: Person = Person { account: "svc-reader", name: "Reader", upn: "svc-reader@corp.example" };
pub const MUST_CHANGE: Person = Person { account: "mustchange", name: "Must Change", upn: "mustchange@corp.example" };
pub const DISABLED: Person = Person { account: "disabled", name: "Disabled", upn: "disabled@corp.example" };
pub const EXPIRED: Person = Person { account: "expired", name: "Expired", upn: "expired@corp.example" };
pub const STALE: Person = Person { account: "stale", name: "Stale", upn: "stale@corp.example" };
pub const LOCKED: Person = Person { account: "locked", name: "Locked", upn: "locked@corp.example" };
pub const CLUMSY: Person = Person { account: "clumsy", name: "Clumsy", upn: "clumsy@corp.example" };

const ALL: [Person; 10] = [ADA, BOB, CAROL, READER, MUST_CHANGE, DISABLED, EXPIRED, STALE, LOCKED, CLUMSY];

impl Person {
    pub fn dn(&self) -> String {
        format!("CN={},{PEOPLE}", self.name)
    }

    pub fn password(&self) -> String {
        format!("pw-{}", self.account)
    }

    pub fn mail(&self) -> String {
        format!("{}@corp.example", self.account)
    }

    /// `CORP\ada`.
    pub fn domain_name(&self) -> String {
        format!("{DOMAIN}\\{}", self.account)
    }
}

/// Put them into a domain that is not served yet, by Samba's own library.
pub(super) async fn add(python: &Path, folder: &Path) -> anyhow::Result<()> {
    let people: Vec<Value> = ALL
        .iter()
        .map(|person| {
            let [dn, password, mail] = [person.dn(), person.password(), person.mail()];
            json!({ "dn": dn, "account": person.account, "upn": person.upn, "password": password, "mail": mail })
        })
        .collect();
    let smb_conf = text(&domain::smb_conf(folder));
    let given = json!({ "smb.conf": smb_conf, "base": BASE, "people": people, "everyone": EVERYONE });
    let mut command = Command::new(python);
    command.args(["-I", "-c", SCRIPT]);
    let output = errand::run(command, given.to_string().as_bytes(), PATIENCE).await?;
    ensure!(output.status.success(), "Samba takes no people:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
