//! Whether the audit log is as it was written.

use vestibule_store::{Handle, Verification};

use crate::cli::desk::{Desk, told};
use crate::cli::terminal::Tone;
use crate::cli::{Failure, Outcome};

pub(super) async fn run(store: &Handle, desk: &mut Desk) -> Outcome {
    let found = store.audit_verify().await.map_err(told)?;
    report(&found, desk)
}

/// Exit code 0 for a whole log, 1 where something is wrong with it.
pub(super) fn report(found: &Verification, desk: &mut Desk) -> Outcome {
    if desk.json {
        desk.terminal.json(found)?;
    }
    let Some(problem) = &found.problem else {
        if !desk.json {
            let whole = desk.terminal.toned(Tone::Good, "The audit log is whole:");
            let nodes = if found.nodes == 1 { "1 node".to_owned() } else { format!("{} nodes", found.nodes) };
            desk.terminal.line(format!("{whole} {} events of {nodes}, each where it was written.", found.lines))?;
        }
        return Ok(());
    };
    let (node, sequence) = (&problem.node, problem.sequence);
    Err(Failure::new(format!("the audit log was changed: {problem}"))
        .because(format!("{} events before it were checked and are whole", found.lines))
        .then(format!("keep a copy of the database, then look at event {sequence} of node {node} in a backup"))
        .into())
}
