//! What is said on both sides, for a person or for a script.

use std::time::Duration;

use vestibule_ldap::client::{Heard, Protection, Read};

use super::super::Outcome;
use super::super::terminal::{Terminal, Tone, clean};
use super::line::Line;
use super::meaning;

/// What the person at the terminal gets to see of it. Never the password.
pub(super) struct Shown<'t> {
    terminal: &'t mut Terminal,
    json: bool,
    line: &'t Line,
}

impl<'t> Shown<'t> {
    pub(super) fn on(terminal: &'t mut Terminal, json: bool, line: &'t Line) -> Self {
        Self { terminal, json, line }
    }

    pub(super) fn connecting(&mut self) -> Outcome {
        if self.json {
            return Ok(());
        }
        let peer = &self.line.peer;
        let how = match peer.protection {
            Protection::Immediate => "with TLS",
            Protection::StartTls => "with StartTLS",
            Protection::Never => "without TLS",
        };
        let from = peer.from.map(|from| format!(" from {from}")).unwrap_or_default();
        self.terminal.line(format!("> Connect to {} {how}{from}", peer.address))?;
        if let (Some(listener), Some(application)) = (&self.line.listener, &self.line.application) {
            let (listener, application) = (clean(listener), clean(application));
            self.terminal.line(format!("    listener {listener}; by its address this is application {application}"))?;
        }
        Ok(())
    }

    pub(super) fn asking(&mut self, what: &str) -> Outcome {
        if self.json { Ok(()) } else { self.terminal.line(format!("> {what}")) }
    }

    pub(super) fn binding(&mut self, user: &str, note: &str) -> Outcome {
        self.asking("Bind")?;
        if self.json {
            return Ok(());
        }
        self.terminal.line(format!("    name = {}", clean(user)))?;
        self.terminal.line(format!("    password = ({note}, not shown)"))
    }

    pub(super) fn bound(&mut self, heard: &Heard, took: Duration) -> Outcome {
        if self.json {
            let (peer, line) = (&self.line.peer, self.line);
            let about = serde_json::json!({
                "server": peer.address, "from": peer.from, "listener": line.listener, "application": line.application,
            });
            return self.json("bind", heard, took, about);
        }
        self.answer(heard, took)?;
        if heard.code == 0 {
            self.terminal.line("    Signed in. From here on the directory goes by this person's own rights.")?;
        }
        Ok(())
    }

    pub(super) fn is(&mut self, heard: &Heard, whoami: &str, took: Duration) -> Outcome {
        if self.json {
            return self.json("who_am_i", heard, took, serde_json::json!({ "authorization": whoami }));
        }
        self.answer(heard, took)?;
        let name = match (heard.code, whoami) {
            (0, "") => "nobody".to_owned(),
            (0, whoami) => clean(whoami),
            _ => "this directory does not say".to_owned(),
        };
        self.terminal.line(format!("    {name}"))
    }

    /// The names of what is written there, not what: it is about a person.
    pub(super) fn entry(&mut self, heard: &Heard, read: Option<&Read>, took: Duration) -> Outcome {
        let names: Vec<&str> = read.iter().flat_map(|read| &read.attributes).map(|(name, _)| name.as_str()).collect();
        let dn = read.map(|read| read.dn.as_str());
        if self.json {
            return self.json("search", heard, took, serde_json::json!({ "dn": dn, "attributes": names }));
        }
        self.answer(heard, took)?;
        match dn {
            Some(dn) => {
                self.terminal.line(format!("    {}", clean(dn)))?;
                self.terminal.line(format!("    attributes: {}", clean(&names.join(", "))))
            }
            None => self.terminal.line("    no entry: the directory shows this one nothing of it"),
        }
    }

    fn answer(&mut self, heard: &Heard, took: Duration) -> Outcome {
        let tone = if heard.code == 0 { Tone::Good } else { Tone::Bad };
        let name = self.terminal.toned(tone, &format!("{} {}", heard.code, meaning::name(heard.code)));
        self.terminal.line(format!("< {name} after {} ms", took.as_millis()))?;
        if heard.text.is_empty() { Ok(()) } else { self.terminal.line(format!("    \"{}\"", clean(&heard.text))) }
    }

    fn json(&mut self, step: &str, heard: &Heard, took: Duration, about: serde_json::Value) -> Outcome {
        let mut object = serde_json::json!({
            "step": step, "code": heard.code, "result": meaning::name(heard.code), "text": heard.text,
            "took_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
        if let (Some(object), serde_json::Value::Object(about)) = (object.as_object_mut(), about) {
            object.extend(about);
        }
        self.terminal.json(&object)
    }
}
