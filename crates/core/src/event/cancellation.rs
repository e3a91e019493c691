//! A way to ask an upgrade to end.
//!
//! It ends where that is safe: before its next step, within a step that goes on for long before its next
//! batch or range of rows, and within a statement that the database takes back as a whole. Then it is like any other upgrade that fails on its way: taken back
//! as a whole, or noted, so that the same request goes on with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::error::Error;

/// Asks an upgrade to end; all clones ask the same one.
#[derive(Clone, Debug, Default)]
pub struct CancellationToken(Arc<State>);

#[derive(Debug, Default)]
struct State {
    requested: watch::Sender<bool>,
    working: AtomicBool,
}

impl CancellationToken {
    /// Asks.
    pub fn request(&self) {
        self.0.requested.send_replace(true);
    }

    /// Waits until somebody asks.
    pub async fn requested(&self) {
        // Without a sender nobody asks any more; this value holds one.
        let _ = self.0.requested.subscribe().wait_for(|is_requested| *is_requested).await;
    }

    /// Whether somebody has asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.requested.borrow()
    }

    /// Goes on, unless somebody has asked.
    ///
    /// # Errors
    /// [`Error::Stopped`] if somebody has.
    pub fn check(&self) -> Result<(), Error> {
        if self.is_requested() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Whether the upgrade has begun to change the database. Before that nothing can be left half
    /// done, and whoever waits for it need not.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.0.working.load(Ordering::SeqCst)
    }

    pub(crate) fn begin_work(&self) {
        self.0.working.store(true, Ordering::SeqCst);
    }
}
