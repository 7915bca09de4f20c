//! What came of all logins of a run.

use anyhow::bail;

use crate::histogram::Latencies;

#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    /// Answered with the other word than the person's.
    pub(super) wrong: u64,
    pub(super) lost: u64,
    /// Answered twice, with both words.
    pub(super) contradicted: u64,
    /// Answered more often than asked.
    pub(super) unasked: u64,
    /// Answers that were not authentic, or to nothing we asked.
    pub(super) forged: u64,
    /// Requests that clients repeated.
    pub(super) repeats: u64,
    /// Of those who were let in: from the answer on the phone, or from the request where there is no phone.
    pub(super) latencies: Latencies,
}

impl Outcome {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let Self { wrong, lost, contradicted, unasked, forged, .. } = self;
        if wrong + lost + contradicted + unasked + forged > 0 {
            bail!("not every login came out as it should: {self}");
        }
        Ok(())
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { accepted, rejected, wrong, lost, contradicted, unasked, forged, repeats, .. } = self;
        write!(
            f,
            "{accepted} accepted, {rejected} rejected, {wrong} wrong, {lost} lost, {} answered twice, {forged} not \
             authentic; {repeats} requests repeated",
            contradicted + unasked
        )
    }
}
