//! Attempts of one upgrade, after failures that pass.

use std::mem::replace;
use std::time::Duration;

use mlflow_migrate_core::error::Error;
use mlflow_migrate_core::event::{Event, Observer};
use mlflow_migrate_core::upgrade::options::UpgradeOptions;
use mlflow_migrate_core::upgrade::retry::Retry;

/// Waits between the attempts of one upgrade, and reports each wait.
pub struct Attempts<'a> {
    retry: Retry,
    options: &'a UpgradeOptions,
    observer: &'a dyn Observer,
    is_advised: bool,
}

impl std::fmt::Debug for Attempts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempts").field("retry", &self.retry).finish_non_exhaustive()
    }
}

impl<'a> Attempts<'a> {
    /// Returns the attempts of an upgrade whose waits take at most `limit`, all together.
    #[must_use]
    pub fn within(
        limit: Duration,
        options: &'a UpgradeOptions,
        observer: &'a dyn Observer,
    ) -> Self {
        Self { retry: Retry::within(limit), options, observer, is_advised: false }
    }

    /// Waits before the next attempt, after one that failed. The first advice becomes a notice.
    ///
    /// # Errors
    /// The failure, if no further attempt is due, or what the token of the options has left: the
    /// token ends the wait.
    pub async fn wait_after(&mut self, error: Error, advice: Option<String>) -> Result<(), Error> {
        let problem = error.to_string();
        let wait = self.retry.after(error, &self.options.target)?;
        self.observer.notify(&Event::Retrying { problem, wait_seconds: wait.as_secs_f64() });
        if let Some(message) = advice.filter(|_| !self.is_advised) {
            self.observer.notify(&Event::Notice { message });
            self.is_advised = true;
        }
        if tokio::time::timeout(wait, self.options.stop.requested()).await.is_ok() {
            let ended = Retry::within(Duration::ZERO);
            return Err(replace(&mut self.retry, ended).stopped());
        }
        Ok(())
    }
}
