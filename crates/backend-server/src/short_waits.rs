//! Spaces out attempts to change a table that others use.
//!
//! New statements of other sessions queue behind one that waits for a table. So a change that has
//! time waits for a moment, lets the others through, and tries again.

use std::time::{Duration, Instant};

/// The longest time for which one attempt waits for a table.
const ATTEMPT: Duration = Duration::from_secs(1);

/// The time that others have between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// The time between two attempts that do not wait.
const SHORT_PAUSE: Duration = Duration::from_millis(20);

/// The attempts of one change.
#[derive(Debug)]
pub struct ShortWaits {
    attempt: Duration,
    until: Option<Instant>,
}

impl ShortWaits {
    /// Returns attempts that take no longer than this in all.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self { attempt: ATTEMPT.min(limit), until: Instant::now().checked_add(limit) }
    }

    /// Returns attempts that do not wait, for servers that can be asked so.
    ///
    /// Where a transaction has read the table, and then writes to it, an attempt that waits for its end
    /// would be in its way, and the server would end the transaction.
    #[must_use]
    pub const fn without_waiting(mut self) -> Self {
        self.attempt = Duration::ZERO;
        self
    }

    /// Returns the time for which one attempt may wait for a table.
    #[must_use]
    pub const fn attempt(&self) -> Duration {
        self.attempt
    }

    /// Waits until it is time for another attempt. Returns `false` if no time is left for one.
    pub async fn is_another_due(&self) -> bool {
        let pause = if self.attempt.is_zero() { SHORT_PAUSE } else { PAUSE };
        let is_possible = |until| Instant::now() + pause + self.attempt <= until;
        let is_possible = self.until.is_none_or(is_possible);
        if is_possible {
            tokio::time::sleep(pause).await;
        }
        is_possible
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::ShortWaits;

    #[tokio::test]
    async fn an_attempt_is_short_and_no_other_one_follows_where_no_time_is_left() {
        const SECOND: Duration = Duration::from_secs(1);
        for (limit, attempt) in [
            (Duration::ZERO, Duration::ZERO),
            (Duration::from_millis(900), Duration::from_millis(900)),
            (SECOND, SECOND),
            (Duration::from_secs(60), SECOND),
        ] {
            let waits = ShortWaits::within(limit);
            assert_eq!(waits.attempt(), attempt, "{limit:?}");
            assert_eq!(waits.without_waiting().attempt(), Duration::ZERO, "{limit:?}");
        }
        assert!(!ShortWaits::within(SECOND).is_another_due().await);
        assert!(ShortWaits::within(Duration::from_secs(60)).is_another_due().await);
    }
}
