//! Somebody who was let in and has not left: whether they still may be there.

use crate::engine::Engine;
use crate::{CounterKey, EngineError, Timestamp, UserId};

impl Engine {
    /// Whether somebody who was let in at `since` and is still there may stay: their user is there and enabled, and since
    /// then nobody said that a login of theirs was not theirs.
    pub async fn may_stay(&self, user: UserId, since: Timestamp) -> Result<bool, EngineError> {
        if !self.store.user(user).await?.is_some_and(|user| user.enabled) {
            return Ok(false);
        }
        let reported = self.store.counters(&[CounterKey::reported_by(user)]).await?;
        let last = reported.first().and_then(|counter| counter.last_failure);
        Ok(last.is_none_or(|at| at < since))
    }
}
