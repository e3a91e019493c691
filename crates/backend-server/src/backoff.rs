//! Spaces out attempts to reach a server that refuses them.

use std::time::{Duration, Instant};

/// The longest time between two attempts.
const LONGEST: Duration = Duration::from_secs(30);

/// The time before the second attempt.
const SHORTEST: Duration = Duration::from_secs(1);

/// When to try again what a server has refused.
#[derive(Debug, Default)]
pub struct Backoff {
    next: Option<Instant>,
    wait: Duration,
}

impl Backoff {
    /// Returns whether it is time for an attempt.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| now >= next)
    }

    /// Notes that an attempt has failed: the time until the next one doubles.
    pub fn failed(&mut self, now: Instant) {
        self.wait = self.wait.saturating_mul(2).clamp(SHORTEST, LONGEST);
        self.next = now.checked_add(self.wait);
    }

    /// Notes that an attempt has succeeded.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Backoff;

    /// Makes an attempt once a second for so many seconds, and returns the seconds of the attempts.
    fn attempts(backoff: &mut Backoff, from: Instant, seconds: u64) -> Vec<u64> {
        let mut made = Vec::new();
        for second in 0..seconds {
            let now = from + Duration::from_secs(second);
            if backoff.is_due(now) {
                made.push(second);
                backoff.failed(now);
            }
        }
        made
    }

    #[test]
    fn attempts_become_rare_until_one_succeeds() {
        let (mut backoff, begin) = (Backoff::default(), Instant::now());
        assert_eq!(attempts(&mut backoff, begin, 100), [0, 1, 3, 7, 15, 31, 61, 91]);
        backoff.succeeded();
        assert_eq!(attempts(&mut backoff, begin, 5), [0, 1, 3]);
    }
}
