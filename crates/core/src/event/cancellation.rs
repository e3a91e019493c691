//! Lets the user stop an upgrade.
//!
//! The upgrade stops where stopping is safe: before its next step, and before the next batch or
//! range of rows of a long step. It also stops within a statement that the database rolls back as a
//! whole. Stopping is an ordinary error: the upgrade rolls back, or stays resumable by the same
//! request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::error::Error;

/// A token that stops an upgrade; all clones stop the same upgrade.
#[derive(Clone, Debug, Default)]
pub struct CancellationToken(Arc<State>);

#[derive(Debug, Default)]
struct State {
    requested: watch::Sender<bool>,
    working: AtomicBool,
}

impl CancellationToken {
    /// Requests the stop.
    pub fn request(&self) {
        self.0.requested.send_replace(true);
    }

    /// Waits until the stop is requested.
    pub async fn requested(&self) {
        // The wait fails only without a sender, and this value holds one.
        let _ = self.0.requested.subscribe().wait_for(|is_requested| *is_requested).await;
    }

    /// Returns whether the stop was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.requested.borrow()
    }

    /// Returns an error if the stop was requested.
    ///
    /// # Errors
    /// [`Error::Stopped`] if the stop was requested.
    pub fn check(&self) -> Result<(), Error> {
        if self.is_requested() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Returns whether the upgrade has begun to change the database.
    ///
    /// Before that, nothing can be left half done, so a waiting process may exit immediately.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.0.working.load(Ordering::SeqCst)
    }

    pub(crate) fn begin_work(&self) {
        self.0.working.store(true, Ordering::SeqCst);
    }
}
