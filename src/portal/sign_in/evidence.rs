//! How far a request on a phone got, as the page that waits for it tells.

use std::time::Duration;

use vestibule_engine::{DeliveryState, Timestamp};

use crate::fault::Fault;
use crate::signing_in::SigningIn;
use crate::visit::Visit;

/// A phone that has not confirmed receipt by then is worth a word.
const RECEIPT_WITHIN: Duration = Duration::from_secs(12);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    Asking,
    Sent,
    /// The push service did not take it, for any device.
    Unreachable,
    /// It was sent, and no phone has said that it is there.
    Silent,
    Shown,
    Opened,
}

impl Evidence {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Asking => "evidence-asking",
            Self::Sent => "evidence-sent",
            Self::Unreachable => "evidence-unreachable",
            Self::Silent => "evidence-silent",
            Self::Shown => "evidence-shown",
            Self::Opened => "evidence-opened",
        }
    }

    fn of(states: &[DeliveryState], asked_for: Duration) -> Self {
        let has = |state| states.contains(&state);
        if has(DeliveryState::Opened) || has(DeliveryState::Answered) {
            Self::Opened
        } else if has(DeliveryState::Shown) {
            Self::Shown
        } else if has(DeliveryState::Failed) && !has(DeliveryState::Accepted) {
            Self::Unreachable
        } else if asked_for >= RECEIPT_WITHIN {
            Self::Silent
        } else if has(DeliveryState::Accepted) {
            Self::Sent
        } else {
            Self::Asking
        }
    }
}

/// What is known by now of the request that this sign-in waits for.
pub(crate) async fn so_far(visit: &Visit, record: &SigningIn) -> Result<Evidence, Fault> {
    let deliveries = visit.desk.store.deliveries(record.attempt).await?;
    let since = |at: Timestamp| at >= record.asked.before(Duration::from_secs(2));
    let states: Vec<DeliveryState> =
        deliveries.into_iter().filter(|delivery| since(delivery.at)).map(|delivery| delivery.state).collect();
    Ok(Evidence::of(&states, visit.now().since(record.asked)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_what_is_known_and_no_more() {
        let (soon, late) = (Duration::from_secs(1), Duration::from_secs(20));
        assert_eq!(Evidence::of(&[], soon), Evidence::Asking);
        assert_eq!(Evidence::of(&[DeliveryState::Queued, DeliveryState::Accepted], soon), Evidence::Sent);
        assert_eq!(Evidence::of(&[DeliveryState::Accepted], late), Evidence::Silent);
        assert_eq!(Evidence::of(&[DeliveryState::Failed], soon), Evidence::Unreachable);
        assert_eq!(Evidence::of(&[DeliveryState::Failed, DeliveryState::Accepted], soon), Evidence::Sent);
        assert_eq!(Evidence::of(&[DeliveryState::Accepted, DeliveryState::Shown], late), Evidence::Shown);
        assert_eq!(Evidence::of(&[DeliveryState::Failed, DeliveryState::Opened], late), Evidence::Opened);
    }
}
