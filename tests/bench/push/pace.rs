//! So many a second, evenly.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

pub(super) struct Pace {
    began: Instant,
    rate: u32,
    done: u32,
}

impl Pace {
    pub(super) fn of(rate: u32) -> Self {
        Self { began: Instant::now(), rate: rate.max(1), done: 0 }
    }

    /// When the next one is due. Whoever is late catches up, so that the rate holds.
    pub(super) async fn turn(&mut self) {
        let due = self.began + Duration::from_secs(1) * self.done / self.rate;
        self.done += 1;
        if due > Instant::now() {
            sleep_until(due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_turns_take_so_many_seconds() {
        let mut pace = Pace::of(100);
        let began = Instant::now();
        for _ in 0..=250 {
            pace.turn().await;
        }
        assert_eq!(began.elapsed(), Duration::from_millis(2_500));
    }
}
