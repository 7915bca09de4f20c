//! How many logins ring one person's phone (OOB-04). They are counted while the person's row is locked, so that two nodes
//! never both take the last place.

use vestibule_engine::{AttemptId, Timestamp, Transition, UserId};

use super::{Attempt, Book};

/// An open attempt that rings somebody's phone.
#[derive(Debug)]
pub(super) struct Ringing {
    pub(super) user: UserId,
    pub(super) service: String,
    pub(super) expires: Timestamp,
}

impl Book {
    /// Whether as many others ring already as may.
    pub(super) fn is_crowded(&self, change: &Transition) -> bool {
        let Some(crowd) = &change.unless_crowded else { return false };
        let is_other =
            |id: AttemptId, one: &Ringing| id != change.attempt && one.user == crowd.user && one.expires > change.now;
        let others = self.ringing.iter().filter(|(id, one)| is_other(**id, one));
        let (of_service, in_all) = others.fold((0_u32, 0_u32), |(of_service, in_all), (_, one)| {
            (of_service + u32::from(one.service == crowd.service), in_all + 1)
        });
        of_service >= crowd.of_service || in_all >= crowd.in_all
    }

    /// What this attempt is by now, for the changes that follow in the same group.
    pub(super) fn count_ringing(&mut self, id: AttemptId, now: Option<&Attempt>) {
        let ringing = now.and_then(|attempt| {
            let (service, _) = attempt.ringing.as_ref()?;
            Some(Ringing { user: attempt.rings()?, service: service.clone(), expires: attempt.expires })
        });
        match ringing {
            Some(ringing) => drop(self.ringing.insert(id, ringing)),
            None => drop(self.ringing.remove(&id)),
        }
    }
}
