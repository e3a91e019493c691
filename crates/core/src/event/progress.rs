//! Reports what one step does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::cancellation::CancellationToken;
use super::{Amount, Event, NoopObserver, Observer, Omission, Phase, Wait};
use crate::error::Error;

/// Reports the progress of one step, and checks whether the user has stopped the upgrade.
#[derive(Clone)]
pub struct Progress {
    observer: Arc<dyn Observer>,
    step: usize,
    stop: CancellationToken,
    omissions: Arc<Mutex<Vec<Omission>>>,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("step", &self.step).finish_non_exhaustive()
    }
}

impl Progress {
    /// Returns a handle for the step of that number.
    #[must_use]
    pub fn new(observer: Arc<dyn Observer>, step: usize, stop: CancellationToken) -> Self {
        Self { observer, step, stop, omissions: Arc::default() }
    }

    /// Returns a handle that reports nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(Arc::new(NoopObserver), 0, CancellationToken::default())
    }

    /// Reports the number of rows done, and the number to do.
    pub fn report(&self, done: u64, total: Option<u64>) {
        self.report_amount(Amount::rows(done, total));
    }

    /// Reports how much of the current phase is done.
    pub fn report_amount(&self, amount: Amount) {
        self.observer.notify(&Event::Progress { step: self.step, amount });
    }

    /// Reports that a phase begins.
    pub fn enter(&self, phase: Phase) {
        self.observer.notify(&Event::Phase { step: self.step, phase });
    }

    /// Returns an error if the user has stopped the upgrade.
    ///
    /// # Errors
    /// [`Error::Stopped`] if the user has stopped the upgrade.
    pub fn check(&self) -> Result<(), Error> {
        self.stop.check()
    }

    /// Reports rows that are left out.
    pub fn omit(&self, omission: Omission) {
        self.observer.notify(&Event::Omitted(omission.clone()));
        self.omissions.lock().unwrap_or_else(PoisonError::into_inner).push(omission);
    }

    /// Returns the rows that were left out since the last call.
    #[must_use]
    pub(crate) fn take_omissions(&self) -> Vec<Omission> {
        std::mem::take(&mut *self.omissions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reports a wait for other sessions.
    pub(crate) fn waits_for(&self, wait: Wait) {
        self.observer.notify(&Event::Waiting(wait));
    }

    /// Reports that a wait is over.
    pub(crate) fn waited(&self, time: Duration) {
        self.observer.notify(&Event::WaitOver { waited_seconds: time.as_secs_f64() });
    }

    /// Reports a fact that the user should know.
    pub fn notice(&self, message: String) {
        self.observer.notify(&Event::Notice { message });
    }
}
