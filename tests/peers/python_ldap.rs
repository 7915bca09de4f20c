//! Python's two LDAP clients, which many applications are built on: python-ldap (OpenLDAP's library underneath) and
//! ldap3 (the whole protocol in Python). A test brings a few lines, and reads the JSON they say.
//!
//! What a script finds:
//!
//! | name | what it is |
//! |---|---|
//! | `given` | what [`Python::give`] gave: `url` always, `ca` or nothing, and the test's own, as passwords |
//! | `connect()` | python-ldap: a connection object; ldap3: an `ldap3.Server` for `ldap3.Connection(server, ...)` |
//! | `attempt(call)` | python-ldap alone: `{"code": 49, "diagnostic": "..."}` of a call that may be refused |
//! | `say(value)` | prints the one answer, as JSON |
//!
//! What is given goes to the script's standard input, so that no password stands among the arguments.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use tokio::process::Command;

use crate::{errand, tools};

const PRELUDE: &str = r#"
import json, ssl, sys
given = json.load(sys.stdin)
def say(value):
    print(json.dumps(value, default=lambda it: it.decode("utf-8", "replace") if isinstance(it, bytes) else str(it)))
"#;

const PYTHON_LDAP: &str = r#"
import ldap, ldap.controls, ldap.modlist
def connect():
    connection = ldap.initialize(given["url"])
    if given.get("ca"):
        connection.set_option(ldap.OPT_X_TLS_CACERTFILE, given["ca"])
        connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    return connection
def attempt(call):
    try:
        call()
        return {"code": 0, "diagnostic": ""}
    except ldap.LDAPError as error:
        said = error.args[0]
        return {"code": said.get("result", -1), "diagnostic": said.get("info", "")}
"#;

const LDAP3: &str = r#"
import ldap3
def connect():
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=given.get("ca"))
    return ldap3.Server(given["url"], tls=tls, get_info=ldap3.NONE)
"#;

/// One of the two libraries, and what its scripts are given.
#[derive(Debug, Clone)]
pub struct Python {
    python: PathBuf,
    prelude: &'static str,
    given: Map<String, Value>,
    patience: Duration,
}

impl Python {
    /// python-ldap (`import ldap`); `None`, after saying so, where no Python of this machine has it.
    pub fn python_ldap(url: &str) -> Option<Self> {
        Self::with("ldap", PYTHON_LDAP, url)
    }

    /// ldap3 (`import ldap3`); `None`, after saying so, where no Python of this machine has it.
    pub fn ldap3(url: &str) -> Option<Self> {
        Self::with("ldap3", LDAP3, url)
    }

    fn with(module: &str, prelude: &'static str, url: &str) -> Option<Self> {
        let Some(python) = tools::python_with(module) else {
            tools::not_run(&format!("not run: python3-{module} is missing"));
            return None;
        };
        let given = Map::from_iter([("url".to_owned(), Value::from(url))]);
        Some(Self { python, prelude, given, patience: Duration::from_secs(60) })
    }

    /// Trust this authority, and no server that it did not sign.
    #[must_use]
    pub fn ca(self, file: &Path) -> Self {
        self.give("ca", file.to_string_lossy())
    }

    /// What the script finds as `given["name"]`.
    #[must_use]
    pub fn give(mut self, name: &str, value: impl Into<String>) -> Self {
        self.given.insert(name.to_owned(), Value::from(value.into()));
        self
    }

    /// For how long we wait for the end of a script.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Run a script and read what it says. One that fails, or says nothing, is an error with what Python complained of.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        let mut command = Command::new(&self.python);
        // Isolated, and without the machine's LDAP settings: `ldaprc` and the environment change nothing.
        command.env_clear().args(["-I", "-c", &[PRELUDE, self.prelude, script].concat()]);
        let input = serde_json::to_vec(&self.given)?;
        let output = errand::run(command, &input, self.patience).await?;
        let complained = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("the script failed ({}):\n{complained}", output.status);
        }
        serde_json::from_slice(&output.stdout).with_context(|| format!("the script says no JSON:\n{complained}"))
    }
}
