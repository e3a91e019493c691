//! Copies a tracking store into an empty database, on any backend.
//!
//! The destination gets the schema of the source's revision, its rows by the types of MLflow's
//! columns, and then, if asked for, an upgrade. The source is read in one snapshot, and never
//! written. Where the destination has transactional DDL, a failed copy leaves nothing. Elsewhere
//! `alembic_version` holds the fence until the copy is verified, and the same request starts over.
//!
//! | part | what it does |
//! |---|---|
//! | `source`, `destination` | find out what both databases hold |
//! | `table` | decides how each table is copied; a table comes after those that it references |
//! | `preflight` | finds every row that the destination cannot hold, before anything is written |
//! | `value`, `fault` | convert a value by the model's type of its column, or say why not |
//! | `equal_keys` | keys that only the destination's collation takes for equal, by its own sort keys |
//! | `left_out`, `references` | rows that reference rows which are left out, compared byte by byte |
//! | `stages` | tables before and after their rows: indexes and constraints are built once |
//! | `transfer` | reads, converts and writes at the same time; a few batches wait between |
//! | `digest` | a sum over the rows of a table, equal on every database |
//! | `artifact_root`, `renumbering` | change values as the user has asked |
//! | `execution` | carries out a copy; every table is read back before the next one |

mod artifact_root;
mod compare;
mod day;
mod destination;
mod digest;
mod equal_keys;
mod execution;
mod fault;
mod finding;
mod left_out;
mod options;
mod preflight;
mod references;
mod renumbering;
mod report;
mod source;
mod stages;
mod table;
mod transfer;
mod upgrade_after;
mod value;

use std::sync::Arc;
use std::time::Instant;

pub use artifact_root::{ArtifactRoot, Rewritten};
pub use compare::compare;
pub use digest::Digest;
pub use options::CopyOptions;
pub use renumbering::Renumbered;
pub use report::{ComparedTable, CopiedTable, CopyComparison, CopyPreview, CopyReport, TableRows};

use self::destination::Destination;
use self::execution::Execution;
use self::source::Source;
use crate::backend::{Backend, SessionMode, session};
use crate::error::{CopyError, Error};
use crate::event::{Observer, Progress};
use crate::history::catalogue::Catalogue;
use crate::upgrade::in_doubt;

/// The two databases of a copy, and what both need.
pub(crate) struct Copying<'a> {
    pub(crate) source: &'a mut dyn Backend,
    pub(crate) destination: &'a mut dyn Backend,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) options: &'a CopyOptions,
    pub(crate) observer: &'a Arc<dyn Observer>,
}

/// Copies a tracking store into an empty database.
///
/// # Errors
/// Any obstacle to the copy; [`Error::kind`] classifies it.
pub async fn copy(
    source: &mut dyn Backend,
    destination: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &CopyOptions,
    observer: &Arc<dyn Observer>,
) -> Result<CopyReport, Error> {
    let mut copying = Copying { source, destination, catalogue, options, observer };
    let begun = copying.begin().await;
    let run = match begun {
        Ok(()) => copying.run().await,
        Err(error) => Err(error),
    };
    let result = match run {
        Ok(report) => copying.destination.commit().await.map(|()| report).map_err(in_doubt),
        Err(error) => Err(error),
    };
    match result {
        Ok(report) => {
            // Nothing needs a rollback; a session that cannot end has ended with its connection.
            let _ = copying.source.rollback().await;
            Ok(report)
        }
        Err(error) => {
            // The first error is the one to report.
            let _ = copying.destination.rollback().await;
            Err(error)
        }
    }
}

/// Shows what a copy would do, and changes nothing.
///
/// # Errors
/// If the source is not MLflow's, or one of the databases cannot be read.
pub async fn preview_copy(
    source: &mut dyn Backend,
    destination: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &CopyOptions,
    observer: &Arc<dyn Observer>,
) -> Result<CopyPreview, Error> {
    source.cancel_on(&options.stop).await?;
    session::begin(source, catalogue, SessionMode::Read).await?;
    let begun = session::begin(destination, catalogue, SessionMode::Read).await;
    let mut copying = Copying { source, destination, catalogue, options, observer };
    let preview = match begun {
        Ok(()) => copying.preview().await,
        Err(error) => Err(error),
    };
    let _ = copying.destination.rollback().await;
    let _ = copying.source.rollback().await;
    preview
}

impl Copying<'_> {
    async fn begin(&mut self) -> Result<(), Error> {
        self.source.cancel_on(&self.options.stop).await?;
        session::begin(self.source, self.catalogue, SessionMode::Read).await?;
        self.destination.cancel_on(&self.options.stop).await?;
        self.destination.report_to(self.observer);
        session::begin(self.destination, self.catalogue, SessionMode::Upgrade).await
    }

    async fn run(&mut self) -> Result<CopyReport, Error> {
        let started = Instant::now();
        let found = Source::read(self.source, self.catalogue, self.options.assume.as_ref()).await?;
        let report = match self.look_at_destination(&found).await? {
            Destination::Empty(live) => Execution::new(self, &found, &live).await?.run().await?,
            Destination::Unfinished(journal) => {
                let live = self.start_over(&journal).await?;
                Execution::new(self, &found, &live).await?.run().await?
            }
            Destination::Copied(tables) => {
                if let Some(resumable) = self.destination.resumable() {
                    // An earlier run may have ended just before it did this.
                    resumable.end_journal().await?;
                }
                CopyReport::of_earlier_run(&found, tables)
            }
            Destination::Upgrading(journal) => {
                let report = CopyReport::of_earlier_run(&found, Vec::new());
                let upgrade = self.finish_upgrade(*journal).await?;
                CopyReport { upgrade: Some(upgrade), ..report }
            }
        };
        let report = match report.upgrade {
            Some(_) => report,
            None => CopyReport { upgrade: self.upgrade().await?, ..report },
        };
        let revision = match &report.upgrade {
            Some(upgrade) => upgrade.to.clone(),
            None => report.revision.clone(),
        };
        Ok(CopyReport {
            releases: self.catalogue.releases.expecting(revision.as_deref()),
            seconds: started.elapsed().as_secs_f64(),
            ..report
        })
    }

    async fn preview(&mut self) -> Result<CopyPreview, Error> {
        let found = Source::read(self.source, self.catalogue, self.options.assume.as_ref()).await?;
        let mut problems = Vec::new();
        let live = match self.look_at_destination(&found).await {
            Ok(Destination::Empty(live)) => Some(live),
            Ok(Destination::Unfinished(journal)) => Some(journal.live),
            Ok(Destination::Copied(_) | Destination::Upgrading(_)) => None,
            Err(error @ Error::Copy(CopyError::NotEmpty { .. })) => {
                problems.push(error);
                None
            }
            Err(error) => return Err(error),
        };
        let mut findings = Vec::new();
        if let Some(live) = live {
            let progress = self.silent();
            let mut execution = Execution::new(self, &found, &live).await?;
            problems.extend(execution.obstacles().await?);
            findings = execution.findings(&progress).await?;
        }
        let mut tables = Vec::new();
        for name in found.state.tables.keys() {
            let rows = self.source.table_size(name).await?.rows;
            tables.push(TableRows { table: name.clone(), rows });
        }
        let revision = found.location.revision.clone();
        Ok(CopyPreview { revision, tables, left_out: found.left_out(), findings, problems })
    }

    /// Returns the name of the source for messages.
    fn source_name(&self) -> String {
        self.options.source_name.clone().unwrap_or_else(|| self.source.name())
    }

    /// Returns a progress of work that is no step.
    fn silent(&self) -> Progress {
        Progress::new(Arc::clone(self.observer), 0, self.options.stop.clone())
    }
}
