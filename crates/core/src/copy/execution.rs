//! Carries out a copy: tables, rows, verification, indexes and constraints.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{join, ready};

use super::Copying;
use super::left_out::LeftOut;
use super::preflight;
use super::references;
use super::report::{CopiedTable, CopyReport};
use super::source::Source;
use super::stages::{first_stage, with_foreign_keys, with_keys};
use super::table::TableCopy;
use super::transfer::{Digesting, Transferred, examine, transfer};
use crate::UpgradeOptions;
use crate::backend::IntegrityCheck;
use crate::error::{CopyError, CopyFinding, Error, Operation, VerificationError};
use crate::event::{Event, Progress, StepKind};
use crate::history::target::Target;
use crate::plan::{Plan, TableChange};
use crate::schema::{Schema, differences};
use crate::upgrade::creation::creation_plan;
use crate::upgrade::journal::{self, FENCE, Journal, resumable};
use crate::upgrade::preflight::obstacles;

/// A copy in execution, into an empty database.
pub(super) struct Execution<'a, 'b> {
    copying: &'a mut Copying<'b>,
    found: &'a Source,
    live: &'a Schema,
    plan: Plan,
    tables: Vec<TableCopy>,
    /// The number of the step in progress.
    step: usize,
    /// Its description.
    title: String,
    /// The rows that were left out so far.
    left_out: LeftOut,
    /// What was wrong with them.
    skipped: Vec<CopyFinding>,
    report: Vec<CopiedTable>,
    rewritten: Vec<super::Rewritten>,
}

impl<'a, 'b> Execution<'a, 'b> {
    /// Plans a copy; `live` is the schema of the empty destination.
    pub(super) async fn new(
        copying: &'a mut Copying<'b>,
        found: &'a Source,
        live: &'a Schema,
    ) -> Result<Self, Error> {
        let platform = copying.destination.platform().clone();
        let plan = creation_plan(copying.catalogue, &platform, live, found.revision())?;
        let (source, destination) = (&mut *copying.source, &mut *copying.destination);
        let tables = TableCopy::all(source, destination, found, &plan, copying.options).await?;
        Ok(Self {
            copying,
            found,
            live,
            plan,
            tables,
            step: 0,
            title: String::new(),
            left_out: LeftOut::default(),
            skipped: Vec::new(),
            report: Vec::new(),
            rewritten: Vec::new(),
        })
    }

    /// Returns the obstacles at the destination.
    pub(super) async fn obstacles(&mut self) -> Result<Vec<Error>, Error> {
        let options = UpgradeOptions::to(Target::Relative(0));
        let (destination, catalogue) = (&mut *self.copying.destination, self.copying.catalogue);
        obstacles(destination, catalogue, &self.plan, self.live, &options).await
    }

    /// Returns the rows that cannot be copied as they are.
    pub(super) async fn findings(
        &mut self,
        progress: &Progress,
    ) -> Result<Vec<CopyFinding>, Error> {
        let platform = self.copying.destination.platform().clone();
        let (source, found) = (&mut *self.copying.source, self.found);
        preflight::findings(source, &platform, found, &self.tables, progress).await
    }

    /// Copies everything, and stamps the revision last.
    pub(super) async fn run(mut self) -> Result<CopyReport, Error> {
        let step_count = self.step_count();
        self.copying.observer.notify(&Event::Copying {
            source: self.copying.source_name(),
            revision: self.found.location.revision.clone(),
            table_count: self.tables.len(),
            step_count,
        });
        if let Some(obstacle) = self.obstacles().await?.into_iter().next() {
            return Err(obstacle);
        }
        self.check_rows().await?;
        self.copying.options.stop.begin_work();
        match self.write().await {
            Ok(()) => Ok(self.finish()),
            Err(source) if self.copying.destination.resumable().is_some() => {
                Err(Error::Interrupted {
                    operation: Operation::Copy,
                    step: self.step,
                    steps: step_count,
                    title: self.title,
                    source: Box::new(source),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the destination, from the first table to the version.
    async fn write(&mut self) -> Result<(), Error> {
        self.fence().await?;
        self.create_tables().await?;
        for table in self.tables.clone() {
            self.copy_rows(&table).await?;
        }
        self.remove_orphans().await?;
        self.complete_tables().await?;
        self.verify_schema().await?;
        self.advance_sequences().await?;
        self.notice_unused_roots();
        let to = self.plan.to.clone();
        self.copying.destination.stamp(to.as_deref()).await?;
        if self.copying.destination.resumable().is_some() {
            resumable(self.copying.destination)?.end_journal().await?;
        }
        Ok(())
    }

    fn finish(self) -> CopyReport {
        CopyReport {
            revision: self.plan.to.clone(),
            releases: Vec::new(),
            was_copied: false,
            rows: self.report.iter().map(|table| table.rows).sum(),
            tables: self.report,
            left_out: self.found.left_out(),
            skipped: self.skipped,
            rewritten: self.rewritten,
            renumbered: self
                .tables
                .first()
                .map_or_else(Vec::new, |table| table.renumbering.listed()),
            upgrade: None,
            seconds: 0.0,
        }
    }

    /// Returns the number of rows that a table has at the source.
    fn rows_of(&self, table: &str) -> u64 {
        self.tables.iter().find(|copy| copy.name == table).map_or(0, |copy| copy.rows)
    }

    /// Returns the number of steps: the check, the tables, their rows, and their indexes.
    fn step_count(&self) -> usize {
        self.tables.len() + 3
    }

    /// Begins a step, and returns its progress.
    fn begin(&mut self, title: &str, kind: StepKind) -> Step {
        self.step += 1;
        title.clone_into(&mut self.title);
        let (step, title) = (self.step, title.to_owned());
        let step_count = self.step_count();
        let begun = Event::StepStarted { step, step_count, title: title.clone(), kind };
        self.copying.observer.notify(&begun);
        let stop = self.copying.options.stop.clone();
        let progress = Progress::new(Arc::clone(self.copying.observer), step, stop);
        Step { title, kind, progress, started: Instant::now() }
    }

    fn end(&self, step: Step, rows: Option<u64>) {
        let Step { title, kind, started, .. } = step;
        let seconds = started.elapsed().as_secs_f64();
        tracing::info!(step = self.step, title, rows, seconds, "step is done");
        let done = Event::StepFinished { step: self.step, title, kind, rows, seconds };
        self.copying.observer.notify(&done);
    }

    /// Refuses rows that the destination cannot hold, or accepts to leave them out.
    async fn check_rows(&mut self) -> Result<(), Error> {
        let step = self.begin("check the rows of the source", StepKind::CheckRows);
        let check = self.begin_integrity_check().await?;
        let (sound, findings) = join(check, self.findings(&step.progress)).await;
        // A damaged page may be the reason for any finding.
        sound?;
        let mut findings = findings?;
        let may_skip = self.copying.options.skip_invalid;
        if findings.iter().any(|finding| !may_skip || !finding.is_skippable) {
            findings.retain(|finding| !finding.is_consequence);
            return Err(CopyError::Uncopied { findings }.into());
        }
        self.skipped = findings;
        self.end(step, None);
        Ok(())
    }

    /// Begins to look for damage at the source: the copy of a damaged page would look like a sound one.
    async fn begin_integrity_check(&mut self) -> Result<IntegrityCheck, Error> {
        let Copying { source, options, .. } = &mut *self.copying;
        match source.file() {
            Some(file) if !options.skip_check => file.begin_integrity_check(&options.stop).await,
            _ => Ok(Box::pin(ready(Ok(())))),
        }
    }

    /// Notes the copy where the destination cannot roll it back, and sets the fence.
    async fn fence(&mut self) -> Result<(), Error> {
        if self.copying.destination.resumable().is_none() {
            return Ok(());
        }
        let mut note = Journal::new(&self.plan, self.live.clone(), self.copying.options.data);
        note.copy = Some(journal::Copying::Rows);
        note.begin(self.copying.destination).await?;
        self.copying.destination.stamp(Some(FENCE)).await
    }

    async fn create_tables(&mut self) -> Result<(), Error> {
        let step = self.begin("create the tables", StepKind::CreateTables);
        let platform = self.copying.destination.platform().clone();
        for change in self.plan.changes() {
            step.progress.check()?;
            let after = first_stage(&change.after, self.rows_of(&change.after.name), &platform);
            let revisions = change.revisions.clone();
            let change = TableChange { before: None, after, revisions };
            self.copying.destination.apply_change(&change, &step.progress).await?;
        }
        self.end(step, None);
        Ok(())
    }

    /// Copies the rows of a table, and reads them back.
    async fn copy_rows(&mut self, table: &TableCopy) -> Result<(), Error> {
        let step = self.begin(&format!("copy {}", table.name), StepKind::CopyRows);
        let Some(full) = self.plan.result.table(&table.name) else { return Ok(()) };
        let platform = self.copying.destination.platform();
        let as_it_is = first_stage(full, self.rows_of(&table.name), platform);
        let Copying { source, destination, .. } = &mut *self.copying;
        let left_out = &mut self.left_out;
        if !self.skipped.is_empty() {
            // A table that has its foreign keys already takes no row without its referenced row.
            references::leave_out_missing(*source, table, left_out).await?;
        }
        let copied =
            transfer(*source, *destination, table, &as_it_is, left_out, &step.progress).await?;
        let Transferred { digest, skipped, rewritten, .. } = copied;
        let back = table.at_destination();
        let nothing = &mut LeftOut::default();
        let found =
            examine(*destination, &back, nothing, Digesting::Wanted, &step.progress).await?.digest;
        if found != digest {
            return Err(CopyError::Unequal { tables: vec![table.name.clone()] }.into());
        }
        self.rewritten.extend(rewritten);
        let rows = digest.rows;
        self.report.push(CopiedTable { table: table.name.clone(), rows, digest, skipped });
        self.end(step, Some(rows));
        Ok(())
    }

    /// Removes the rows whose referenced rows were left out.
    async fn remove_orphans(&mut self) -> Result<(), Error> {
        if self.skipped.is_empty() {
            return Ok(());
        }
        let removed =
            references::remove_orphans(self.copying.destination, &self.plan.result).await?;
        for (table, rows) in removed {
            if let Some(report) = self.report.iter_mut().find(|report| report.table == table) {
                report.rows -= rows.min(report.rows);
                report.skipped += rows;
            }
        }
        Ok(())
    }

    async fn complete_tables(&mut self) -> Result<(), Error> {
        let step = self.begin("make indexes and constraints", StepKind::AddConstraints);
        // A foreign key needs the keys of the tables that it references.
        let platform = self.copying.destination.platform().clone();
        let is_staged = |change: &&TableChange| {
            let rows = self.rows_of(&change.after.name);
            first_stage(&change.after, rows, &platform) != change.after
        };
        let staged: Vec<&TableChange> = self.plan.changes().filter(is_staged).collect();
        for complete in [with_keys, with_foreign_keys] {
            let live = self.copying.destination.inspect().await?;
            for change in &staged {
                step.progress.check()?;
                let Some(before) = live.table(&change.after.name) else { continue };
                let after = complete(before, &change.after);
                if *before != after {
                    let (before, revisions) = (Some(before.clone()), change.revisions.clone());
                    let change = TableChange { before, after, revisions };
                    self.copying.destination.apply_change(&change, &step.progress).await?;
                }
            }
        }
        let tables: Vec<String> = self.plan.result.tables.keys().cloned().collect();
        self.copying.destination.check_foreign_keys(&tables).await?;
        self.end(step, None);
        Ok(())
    }

    async fn verify_schema(&mut self) -> Result<(), Error> {
        let started = Instant::now();
        let live = self.copying.destination.inspect().await?;
        let platform = self.copying.destination.platform();
        let differences = differences(&self.plan.result, &live, platform);
        if !differences.is_empty() {
            return Err(Error::Verification(VerificationError::Unverified { differences }));
        }
        let seconds = started.elapsed().as_secs_f64();
        self.copying.observer.notify(&Event::Verified { seconds });
        Ok(())
    }

    /// Reports that no place of artifacts begins as the user has said, if that is so.
    fn notice_unused_roots(&self) {
        if self.copying.options.artifact_roots.is_empty() || !self.rewritten.is_empty() {
            return;
        }
        let message = "no place of artifacts begins with the given root, so none was rewritten";
        self.copying.observer.notify(&Event::Notice { message: message.to_owned() });
    }

    /// Makes the next number of each sequence greater than those of the copied rows.
    async fn advance_sequences(&mut self) -> Result<(), Error> {
        let live = self.copying.destination.inspect().await?;
        if let Some(sequences) = self.copying.destination.sequences() {
            sequences.advance_sequences(&live).await?;
        }
        Ok(())
    }
}

/// A step in progress.
struct Step {
    title: String,
    kind: StepKind,
    progress: Progress,
    started: Instant,
}
