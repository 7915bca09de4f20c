//! Events as rows of a spreadsheet (RFC 4180).

use vestibule_engine::{AuditEvent, AuditLine};

use super::line;
use crate::cli::terminal::{clean, rfc3339};

pub(super) fn heading() -> String {
    "time,node,sequence,event,outcome,user_id,name,typed,service,address,methods,rule,reason,sentence,hash".to_owned()
}

pub(super) fn row(line: &AuditLine) -> String {
    let said = line::said(&line.record, rfc3339);
    let event = &line.record.event;
    let decision = match event {
        AuditEvent::LoginDecided(decision) => Some(decision),
        _ => None,
    };
    let methods = decision.map(|decision| {
        let names: Vec<&str> = decision.methods.iter().map(|method| method.name()).collect();
        names.join(" ")
    });
    let cells = [
        Some(rfc3339(line.record.at)),
        Some(line.node.clone()),
        Some(line.sequence.to_string()),
        Some(event.id().to_owned()),
        Some(said.outcome.word().to_owned()),
        event.user().map(|user| user.to_string()),
        decision.and_then(|decision| decision.name.clone()).or(said.who),
        decision.map(|decision| decision.typed.clone()),
        said.service,
        decision.map(|decision| decision.address.clone()),
        methods,
        decision.and_then(|decision| decision.rule.clone()),
        decision.and_then(|decision| decision.denial.as_ref()).map(|denial| denial.name().to_owned()),
        Some(said.sentence),
        Some(line.hash.clone()),
    ];
    cells.map(|cell| quoted(&cell.unwrap_or_default())).join(",")
}

/// Quoted, on one line, and never a formula: a spreadsheet would work out a name that begins with `=`.
fn quoted(cell: &str) -> String {
    let cell = clean(cell);
    let guard = if cell.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}
