//! Somebody who was let in and has not left: whether they still may be there.

use crate::engine::Engine;
use crate::{CounterKey, EngineError, Timestamp, UserId};

impl Engine {
    /// Whether somebody who was let in at `since` and is still there may stay: their user is there and enabled, and was not
    /// disabled since then, nor did they say that a login was not theirs.
    pub async fn may_stay(&self, user: UserId, since: Timestamp) -> Result<bool, EngineError> {
        if !self.store.user(user).await?.is_some_and(|user| user.enabled) {
            return Ok(false);
        }
        let ended = self.store.counters(&[CounterKey::standing_ended(user)]).await?;
        let last = ended.first().and_then(|counter| counter.last_failure);
        Ok(last.is_none_or(|at| at < since))
    }
}
