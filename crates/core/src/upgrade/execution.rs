//! Carries out a plan: the only loop over its steps.

mod noted_losses;
mod verify;

use crate::data::DataMigration;
use crate::error::{Error, LocationError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use crate::backend::Backend;
use crate::event::cancellation::CancellationToken;
use crate::event::{Event, Observer, Omission, Progress};
use crate::graphs::GraphName;
use crate::plan::{Plan, Step};
use crate::schema::Schema;
use crate::upgrade::journal::{Copying, FENCE, Journal, Repairing, rest_of, resumable};
use crate::upgrade::losses;
use crate::upgrade::options::{Course, UpgradeOptions};
use crate::upgrade::report::StepReport;
use crate::upgrade::verification::{self, Copied, LATEST};

/// A plan in execution.
pub(crate) struct Execution<'a> {
    plan: &'a Plan,
    observer: &'a Arc<dyn Observer>,
    stop: &'a CancellationToken,
    journal: Journal,
    is_resumed: bool,
    /// Whether the user has not accepted that rows are lost.
    keeps_rows: bool,
    /// The tables whose rows this run has copied.
    copied: Copied,
    /// The rows that the step in progress has left out.
    omissions: Vec<Omission>,
    /// Whether rows may have been written that no rollback removes.
    has_written: bool,
    /// The number and the title of the step in progress.
    at: (usize, String),
}

impl<'a> Execution<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        live: Schema,
        request: &'a UpgradeOptions,
        observer: &'a Arc<dyn Observer>,
    ) -> Self {
        let mut journal = Journal::new(plan, live, request.data);
        journal.copy = request.follows_copy.then_some(Copying::Upgrade);
        journal.is_downgrade = request.is_downgrade();
        Self::of(plan, journal, request, observer)
    }

    fn of(
        plan: &'a Plan,
        journal: Journal,
        request: &'a UpgradeOptions,
        observer: &'a Arc<dyn Observer>,
    ) -> Self {
        Self {
            plan,
            observer,
            stop: &request.stop,
            journal,
            is_resumed: false,
            keeps_rows: request.course == (Course::Downgrade { discard: false }),
            copied: Copied::new(),
            omissions: Vec::new(),
            has_written: false,
            at: (0, String::new()),
        }
    }

    /// Carries out a repair instead of an upgrade.
    pub(crate) fn repairing(mut self, repair: Repairing) -> Self {
        self.journal.repair = Some(repair);
        self
    }

    /// Continues an interrupted upgrade.
    pub(crate) fn resume(
        plan: &'a Plan,
        journal: Journal,
        request: &'a UpgradeOptions,
        observer: &'a Arc<dyn Observer>,
    ) -> Self {
        let has_written = plan.steps.first().is_some_and(leaves_rows);
        let this = Self::of(plan, journal, request, observer);
        Self { is_resumed: true, has_written, ..this }
    }

    /// Executes the pending steps, and reports each of them.
    pub(crate) async fn run(mut self, backend: &mut dyn Backend) -> Result<Vec<StepReport>, Error> {
        self.stop.check()?;
        self.stop.begin_work();
        let Some(resumable) = backend.resumable() else {
            let steps = self.steps(backend).await?;
            let count = self.plan.steps.len();
            backend.announce_step(count, count, "verify the result").await?;
            self.verify(backend).await?;
            if !(self.plan.to.is_none() && self.plan.from.empty) {
                backend.stamp(self.plan.to.as_deref()).await?;
            }
            return Ok(steps);
        };
        resumable.await_tables(&self.tables_to_come()).await?;
        self.refuse_moved_version(backend).await?;
        match self.run_with_notes(backend).await {
            Ok(steps) => Ok(steps),
            Err(error) => Err(self.stopped(backend, error).await),
        }
    }

    /// Returns the tables that the pending steps change, write or reference.
    fn tables_to_come(&self) -> Vec<String> {
        let mut tables = BTreeSet::new();
        for step in self.plan.steps.iter().skip(self.journal.done) {
            match step {
                Step::RemoveLeftovers(leftovers) => tables.extend(leftovers.iter().cloned()),
                Step::DropTable(dropped) => {
                    tables.insert(dropped.table.name.clone());
                }
                Step::Change(change) => {
                    tables.insert(change.after.name.clone());
                    let keys = change.after.foreign_keys.iter();
                    tables.extend(keys.map(|key| key.referred_table.clone()));
                }
                Step::Migrate { migration, .. } => {
                    tables.extend(migration.writes().iter().map(|(table, _)| (*table).to_owned()));
                }
            }
        }
        tables.into_iter().collect()
    }

    async fn run_with_notes(
        &mut self,
        backend: &mut dyn Backend,
    ) -> Result<Vec<StepReport>, Error> {
        "note the plan".clone_into(&mut self.at.1);
        if self.is_resumed {
            resumable(backend)?.resume().await?;
        } else {
            self.journal.begin(backend).await?;
        }
        // An interrupted run may have ended before it set the fence.
        backend.stamp(Some(FENCE)).await?;
        let were_done = self.journal.done == self.plan.steps.len();
        let steps = self.steps(backend).await?;
        self.at = (self.plan.steps.len(), "verify".to_owned());
        if were_done {
            self.compute_latest_metrics_again(backend).await?;
        }
        self.verify(backend).await?;
        refuse_other_version(backend, &[Some(FENCE)]).await?;
        resumable(backend)?.discard_copies().await?;
        backend.stamp(self.plan.to.as_deref()).await?;
        resumable(backend)?.end_journal().await?;
        Ok(steps)
    }

    /// Refuses an `alembic_version` that has changed since it was read.
    ///
    /// Needed where no lock protects `alembic_version`. In an interrupted upgrade, it holds the
    /// starting revision, the fence, or the target.
    async fn refuse_moved_version(&self, backend: &mut dyn Backend) -> Result<(), Error> {
        let from = self.journal.from.version();
        if self.is_resumed {
            let to = self.plan.to.as_deref();
            return refuse_other_version(backend, &[Some(FENCE), from, to]).await;
        }
        refuse_other_version(backend, &[from]).await
    }

    async fn steps(&mut self, backend: &mut dyn Backend) -> Result<Vec<StepReport>, Error> {
        let mut reports = Vec::new();
        let (plan, steps) = (self.plan, self.plan.steps.len());
        let done = self.journal.done;
        for (number, planned) in (1..).zip(&plan.steps).skip(done) {
            let title = planned.title();
            self.at = (number, title.clone());
            self.stop.check()?;
            let started = Instant::now();
            tracing::info!(step = number, steps, title, "step begins");
            let kind = planned.kind();
            let begun =
                Event::StepStarted { step: number, step_count: steps, title: title.clone(), kind };
            self.observer.notify(&begun);
            backend.announce_step(number, steps, &title).await?;
            let rest = if self.is_resumed && number == done + 1 {
                let (now, platform) = (backend.inspect().await?, backend.platform().clone());
                rest_of(planned, &now, &platform, &backend.name())?
            } else {
                Some(planned.clone())
            };
            let rows = match &rest {
                Some(step) => self.step(backend, step, number).await?,
                None => None,
            };
            let is_migration = matches!(planned, Step::Migrate { .. });
            if !is_migration {
                self.note(backend, number).await?;
            }
            let seconds = started.elapsed().as_secs_f64();
            tracing::info!(step = number, rows, seconds, "step is done");
            let revisions = planned.revisions().to_vec();
            reports.push(StepReport {
                title: title.clone(),
                revisions,
                rows,
                seconds,
                is_migration,
                omissions: std::mem::take(&mut self.omissions),
            });
            self.observer.notify(&Event::StepFinished { step: number, title, kind, rows, seconds });
        }
        Ok(reports)
    }

    async fn step(
        &mut self,
        backend: &mut dyn Backend,
        step: &Step,
        number: usize,
    ) -> Result<Option<u64>, Error> {
        let progress = Progress::new(Arc::clone(self.observer), number, self.stop.clone());
        self.refuse_new_losses(backend, step).await?;
        match step {
            Step::RemoveLeftovers(tables) => {
                backend.drop_tables(tables).await?;
                Ok(None)
            }
            Step::DropTable(dropped) => {
                self.note_dropped_rows(backend, &dropped.table.name, number).await?;
                backend.drop_table(dropped).await?;
                Ok(None)
            }
            Step::Change(change) => {
                self.note_dropped_values(backend, change, number).await?;
                let rows = backend.apply_change(change, &progress).await?;
                let table = change.after.name.clone();
                self.copied.extend(rows.map(|rows| (table, rows)));
                Ok(rows)
            }
            Step::Migrate { migration, .. } => {
                self.has_written |= leaves_rows(step);
                let is_noted =
                    backend.resumable().is_some() && !losses::has_inverse(step, &self.journal.live);
                if is_noted {
                    let rows = u64::from(!migration.notes_what_it_commits());
                    self.note_losses(backend, number, rows).await?;
                }
                let rows = self.begin_rows_and_run(backend, &**migration, &progress).await?;
                self.omissions = progress.take_omissions();
                if is_noted {
                    self.note_losses(backend, number, rows).await?;
                }
                self.copied.retain(|table, _| !verification::writes(&**migration, table));
                if verification::writes(&**migration, LATEST) {
                    self.copied.insert(LATEST.to_owned(), rows);
                }
                // The note and the rows share a transaction: both are stored, or neither.
                self.note(backend, number).await?;
                commit_rows(backend).await?;
                Ok(Some(rows))
            }
        }
    }

    async fn note(&mut self, backend: &mut dyn Backend, done: usize) -> Result<(), Error> {
        let Some(resumable) = backend.resumable() else { return Ok(()) };
        self.journal.done = done;
        resumable.note_steps(done).await
    }

    /// Computes `latest_metrics` again if its row count is wrong.
    ///
    /// An earlier run may have failed in the verification, with every step done. Only this upgrade
    /// fills the table, so computing it again is safe.
    async fn compute_latest_metrics_again(&self, backend: &mut dyn Backend) -> Result<(), Error> {
        let Some(migration) = verification::of_latest_metrics(self.plan) else { return Ok(()) };
        if verification::latest_metrics(backend).await?.is_none() {
            return Ok(());
        }
        let progress = Progress::new(Arc::clone(self.observer), self.at.0, self.stop.clone());
        self.begin_rows_and_run(backend, &**migration, &progress).await?;
        commit_rows(backend).await
    }

    /// Runs a data migration, in its own transaction unless the whole upgrade is one.
    async fn begin_rows_and_run(
        &self,
        backend: &mut dyn Backend,
        migration: &dyn DataMigration,
        progress: &Progress,
    ) -> Result<u64, Error> {
        if let Some(transactions) = backend.transactions() {
            transactions.begin_rows().await?;
        }
        let Journal { data, live, .. } = &self.journal;
        migration.run(backend, data, live, progress).await
    }

    /// Returns the error of an upgrade that cannot be rolled back as a whole.
    ///
    /// If no step is done, the notes are removed, and the database is as it was.
    async fn stopped(&self, backend: &mut dyn Backend, error: Error) -> Error {
        // The server has already rolled back a lost connection.
        if let Some(transactions) = backend.transactions() {
            let _ = transactions.rollback_rows().await;
        }
        if self.undo_notes(backend).await.unwrap_or(false) {
            return error;
        }
        let (step, title) = self.at.clone();
        let steps = self.plan.steps.len();
        let (operation, source) = (self.journal.operation(), Box::new(error));
        Error::Interrupted { operation, step, steps, title, source }
    }

    async fn undo_notes(&self, backend: &mut dyn Backend) -> Result<bool, Error> {
        let now = backend.inspect().await?;
        if self.has_written || !self.journal.is_untouched(&now, backend.platform()) {
            return Ok(false);
        }
        resumable(backend)?.discard_copies().await?;
        backend.stamp(self.journal.from.version()).await?;
        resumable(backend)?.end_journal().await?;
        Ok(true)
    }
}

async fn commit_rows(backend: &mut dyn Backend) -> Result<(), Error> {
    match backend.transactions() {
        Some(transactions) => transactions.commit_rows().await,
        None => Ok(()),
    }
}

/// Returns whether a failing step may leave rows behind.
fn leaves_rows(step: &Step) -> bool {
    match step {
        Step::Migrate { migration, .. } => !migration.is_atomic(),
        Step::RemoveLeftovers(_) | Step::Change(_) | Step::DropTable(_) => false,
    }
}

/// Refuses a version table that holds none of the expected versions.
async fn refuse_other_version(
    backend: &mut dyn Backend,
    expected: &[Option<&str>],
) -> Result<(), Error> {
    let found = backend.versions().await?.unwrap_or_default();
    let is_expected = |version: &Option<&str>| found.iter().map(String::as_str).eq(*version);
    if expected.iter().any(is_expected) {
        return Ok(());
    }
    let shown = |version: Option<&str>| version.unwrap_or("nothing").to_owned();
    Err(Error::Location(LocationError::VersionMoved {
        table: GraphName::Tracking.version_table(),
        name: backend.name(),
        expected: shown(expected.first().copied().flatten()),
        found: if found.is_empty() { shown(None) } else { found.join(", ") },
    }))
}
