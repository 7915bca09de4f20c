//! Events in the Common Event Format: a header of seven fields between bars, then `key=value` pairs (LOG-07).

use vestibule_engine::{AuditEvent, AuditLine};

use super::line::{self, Outcome};
use crate::cli::terminal::{clean, rfc3339};

pub(super) fn event(line: &AuditLine) -> String {
    let said = line::said(&line.record, rfc3339);
    let severity = match said.outcome {
        Outcome::Allowed | Outcome::Noted => "2",
        Outcome::Refused => "5",
        Outcome::Alarm => "8",
    };
    let event = &line.record.event;
    let head =
        ["CEF:0", "Vestibule", "Vestibule", env!("CARGO_PKG_VERSION"), event.id(), said.outcome.word(), severity]
            .map(in_header)
            .join("|");
    let mut pairs = vec![
        ("rt", line.record.at.0.div_euclid(1000).to_string()),
        ("dvchost", line.node.clone()),
        ("externalId", format!("{}:{}", line.node, line.sequence)),
        ("outcome", said.outcome.word().to_owned()),
        ("msg", said.sentence),
    ];
    pairs.extend(event.user().map(|user| ("suid", user.to_string())));
    pairs.extend(said.who.map(|who| ("suser", who)));
    pairs.extend(said.service.map(|service| ("destinationServiceName", service)));
    if let AuditEvent::LoginDecided(decision) = event {
        let methods: Vec<&str> = decision.methods.iter().map(|method| method.name()).collect();
        pairs.push(("src", decision.address.clone()));
        pairs.extend(decision.denial.as_ref().map(|denial| ("reason", denial.name().to_owned())));
        pairs.push(("cs1Label", "typed name".to_owned()));
        pairs.push(("cs1", decision.typed.clone()));
        pairs.push(("cs2Label", "second steps".to_owned()));
        pairs.push(("cs2", methods.join(" ")));
        pairs.extend(decision.rule.iter().flat_map(|rule| [("cs3Label", "rule".to_owned()), ("cs3", rule.clone())]));
    }
    let extension: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}={}", in_value(&value))).collect();
    format!("{head}|{}", extension.join(" "))
}

fn in_header(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// What could break out of the line is written out first; then backslash and equals sign take a backslash.
fn in_value(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('=', "\\=")
}
