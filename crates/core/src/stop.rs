//! A way to ask an upgrade to end.
//!
//! It ends where that is safe: before its next step, and within a step that goes on for long before
//! its next batch or range of rows. Then it is like any other upgrade that fails on its way: taken back
//! as a whole, or noted, so that the same request goes on with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;

/// Asks an upgrade to end; all clones ask the same one.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<State>);

#[derive(Debug, Default)]
struct State {
    requested: AtomicBool,
    working: AtomicBool,
}

impl Stop {
    /// Asks.
    pub fn request(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
    }

    /// Whether somebody has asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
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
