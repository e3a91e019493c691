//! What passes between the upgrade and the task that watches it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mlflow_migrate_core::event::{Event, Observer, Progress, WaitReason};

/// What the watch reports of the statement at work.
#[derive(Clone, Default)]
pub(crate) struct Watched(Arc<Mutex<Work>>);

/// The statement at work.
#[derive(Clone, Default)]
pub(crate) struct Work {
    /// Gets the server's own phases of a change.
    pub(crate) progress: Option<Progress>,
    /// Whether the step's own phase says that the statement takes long.
    pub(crate) is_long: bool,
    /// What a lock is waited for, and for how long at most, if not a table's lock.
    pub(crate) wait: Option<(WaitReason, Duration)>,
    /// Who was waited for at the last look, and for how long.
    waiting: Option<(Vec<String>, Duration)>,
}

impl Watched {
    /// Sets the step that gets the server's own phases of a change.
    pub(crate) fn reports_to(&self, progress: Option<Progress>) {
        let mut work = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (work.progress, work.is_long) = (progress, false);
    }

    /// Does the same for a statement whose phase says already that it takes long.
    pub(crate) fn reports_long_work_to(&self, progress: Progress) {
        let mut work = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (work.progress, work.is_long) = (Some(progress), true);
    }

    /// Sets what the next statement waits for.
    pub(crate) fn waits_for(&self, wait: Option<(WaitReason, Duration)>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wait = wait;
    }

    /// Reports that the wait is over, if there was one.
    pub(crate) fn end_wait(&self, observer: &dyn Observer) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).waiting.take();
        if let Some((_, waited)) = waiting {
            observer.notify(&Event::WaitOver { waited_seconds: waited.as_secs_f64() });
        }
    }

    /// Records who is waited for, and returns whether that is known already.
    pub(crate) fn is_known(&self, holders: Vec<String>, waited: Duration) -> bool {
        let mut work = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = work.waiting.replace((holders, waited));
        before.is_some_and(|(known, _)| work.waiting.as_ref().is_some_and(|(now, _)| known == *now))
    }

    /// Returns what is known now.
    pub(crate) fn now(&self) -> Work {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
