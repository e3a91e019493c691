//! Reports a step in progress.

use std::sync::Arc;
use std::time::Instant;

use super::session::online;
use crate::backend::Backend;
use crate::error::Error;
use crate::event::{Event, Observer, Progress, StepKind};
use crate::upgrade::options::UpgradeOptions;

/// What reports the steps of the work.
pub(crate) struct Steps<'a> {
    pub(crate) request: &'a UpgradeOptions,
    pub(crate) observer: &'a Arc<dyn Observer>,
    pub(crate) step_count: usize,
    pub(crate) done: usize,
}

impl<'a> Steps<'a> {
    /// Begins the next step, once other sessions run no more statements than they may.
    ///
    /// # Errors
    /// If the user has stopped the work, or the server does not answer.
    pub(crate) async fn begin(
        &mut self,
        backend: &mut dyn Backend,
        title: String,
    ) -> Result<Step<'a>, Error> {
        self.request.stop.check()?;
        self.request.stop.begin_work();
        self.done += 1;
        let (step, step_count) = (self.done, self.step_count);
        let kind = StepKind::OnlineChange;
        self.observer.notify(&Event::StepStarted { step, step_count, title: title.clone(), kind });
        let stop = self.request.stop.clone();
        let progress = Progress::new(Arc::clone(self.observer), step, stop);
        self.request.pace.wait_for_load(online(backend)?, &progress).await?;
        Ok(Step { number: step, title, progress, observer: self.observer, started: Instant::now() })
    }
}

/// A step in progress.
pub(crate) struct Step<'a> {
    number: usize,
    title: String,
    pub(crate) progress: Progress,
    observer: &'a Arc<dyn Observer>,
    started: Instant,
}

impl Step<'_> {
    /// Ends the step, and returns its duration in seconds.
    pub(crate) fn end(self) -> f64 {
        let seconds = self.started.elapsed().as_secs_f64();
        tracing::info!(step = self.number, title = self.title, seconds, "step is done");
        self.observer.notify(&Event::StepFinished {
            step: self.number,
            title: self.title,
            kind: StepKind::OnlineChange,
            rows: None,
            seconds,
        });
        seconds
    }
}
