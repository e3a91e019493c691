use std::sync::Arc;

use clap::Args;
use mlflow_migrate::ConnectOptions;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::copy::{ArtifactRoot, CopyOptions, compare, copy, preview_copy};
use mlflow_migrate_core::event::{Observer, Progress};

use crate::Context;
use crate::arguments::{Assumed, Destination, Waits, Workers};
use crate::copy_source::Source;
use crate::database::Database;
use crate::outcome::{CopyPreviewed, OfCopy, Outcome, Problem};

/// Copy a database, or a folder mlruns, to another database: SQLite, PostgreSQL, MySQL, MariaDB
///
/// Everything is kept: ids, times, history, and what was deleted. The destination must be empty; a
/// missing one is created. It gets the source's revision, and with `--to` it is upgraded. The
/// source is read in one snapshot, and never written. All rows are checked before anything is written,
/// and read back afterwards. After an error the destination is empty again; on MySQL the same command
/// starts over. With --verify-only, exit code 2 means that rows differ.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate copy sqlite:///mlruns.db postgresql://mlflow@db.example/mlflow --dry-run
  mlflow-migrate copy ./mlruns mysql://mlflow@db.example/mlflow --renumber-experiments")]
pub(crate) struct Copy {
    /// The database to copy, as for the other commands, or the folder of a file store: ./mlruns
    #[arg(value_name = "SOURCE")]
    source: String,

    /// The empty database, or the name of one to create
    #[arg(value_name = "DESTINATION")]
    destination: String,

    #[command(flatten)]
    target: Destination,

    #[command(flatten)]
    assumed: Assumed,

    /// Show what would be copied, and what prevents it, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Compare an existing copy with its source, table by table, and change nothing
    #[arg(long, conflicts_with_all = ["dry_run", "to", "python"])]
    verify_only: bool,

    /// Leave out rows that the destination cannot hold, and those that reference them
    #[arg(long)]
    skip_invalid: bool,

    /// Give experiments new ids if theirs have more than the 32 bits that servers store, as those of
    /// a file store have
    #[arg(long)]
    renumber_experiments: bool,

    /// Skip SQLite's integrity check of the whole source before the copy
    #[arg(long)]
    no_check: bool,

    /// Replace the beginning of the places of artifacts; can be given several times
    #[arg(long, value_name = "OLD=NEW", value_parser = artifact_root)]
    artifact_root: Vec<ArtifactRoot>,

    #[command(flatten)]
    waits: Waits,

    #[command(flatten)]
    workers: Workers,
}

impl Copy {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let destination = Database::parse(&self.destination)?;
        let connecting = self.workers.connecting(self.waits.connecting());
        let mut options = self.options(context)?;
        let opened = Source::open(&self.source, &destination, &connecting, &options, context);
        let mut source = opened.await?;
        options.skip_check |= source.is_temporary();
        options.source_name = Some(source.name());
        let run = Run { command: self, context, connecting, options };
        if self.verify_only {
            return run.compare(&mut source, &destination).await;
        }
        if self.dry_run {
            return run.preview(&mut source, &destination).await;
        }
        run.copy(&mut source, &destination).await
    }

    fn options(&self, context: &Context) -> Result<CopyOptions, Error> {
        let mut options = CopyOptions::default();
        options.target = self.target.target(context)?;
        options.assume = self.assumed.assumption(&context.catalogue)?;
        options.skip_invalid = self.skip_invalid;
        options.renumber_experiments = self.renumber_experiments;
        options.skip_check = self.no_check;
        options.artifact_roots.clone_from(&self.artifact_root);
        options.stop = context.stop.clone();
        Ok(options)
    }
}

/// One run of the command.
struct Run<'a> {
    command: &'a Copy,
    context: &'a Context,
    connecting: ConnectOptions,
    options: CopyOptions,
}

impl Run<'_> {
    async fn copy(&self, from: &mut Source, to: &Database) -> Result<Outcome, Error> {
        let mut into = to.open(&self.connecting, true, self.context).await?;
        let observer = self.observer();
        let catalogue = &self.context.catalogue;
        let copied = copy(from.backend(), &mut *into, catalogue, &self.options, &observer).await;
        let mut result = copied.map_err(|error| from.told(error))?;
        result.skipped = from.told_findings(result.skipped);
        result.skipped.splice(0..0, from.skipped().iter().cloned());
        let (source, database) = (from.name(), into.name());
        Ok(Outcome::Copy(OfCopy { source, database, result }))
    }

    async fn preview(&self, from: &mut Source, to: &Database) -> Result<Outcome, Error> {
        // A file that does not exist yet is like an empty one.
        let folder = tempfile::tempdir().map_err(|source| Error::Database {
            action: "creating a temporary folder".to_owned(),
            source: Box::new(source),
        })?;
        let mut into = match to.is_missing() {
            true => {
                let empty = folder.path().join("empty.db");
                let empty = Database::parse(&empty.display().to_string())?;
                empty.open(&self.connecting, true, self.context).await?
            }
            false => to.open(&self.connecting, false, self.context).await?,
        };
        let database = if to.is_missing() { to.shown() } else { into.name() };
        let (observer, catalogue) = (self.observer(), &self.context.catalogue);
        let previewed =
            preview_copy(from.backend(), &mut *into, catalogue, &self.options, &observer).await?;
        let result = CopyPreviewed {
            revision: previewed.revision,
            tables: previewed.tables,
            left_out: previewed.left_out,
            findings: [from.skipped(), &from.told_findings(previewed.findings)].concat(),
            problems: previewed.problems.iter().map(Problem::of).collect(),
            skips_invalid: self.command.skip_invalid,
        };
        Ok(Outcome::CopyPreview(OfCopy { source: from.name(), database, result }))
    }

    async fn compare(&self, from: &mut Source, to: &Database) -> Result<Outcome, Error> {
        let mut into = to.open(&self.connecting, false, self.context).await?;
        let progress = Progress::new(self.observer(), 0, self.options.stop.clone());
        let catalogue = &self.context.catalogue;
        let result =
            compare(from.backend(), &mut *into, catalogue, &self.options, &progress).await?;
        let (source, database) = (from.name(), into.name());
        Ok(Outcome::CopyComparison(OfCopy { source, database, result }))
    }

    fn observer(&self) -> Arc<dyn Observer> {
        Arc::<dyn crate::Renderer>::clone(&self.context.renderer)
    }
}

/// Parses `OLD=NEW`.
fn artifact_root(text: &str) -> Result<ArtifactRoot, String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => {
            Ok(ArtifactRoot { old: old.to_owned(), new: new.to_owned() })
        }
        _ => Err("write the former beginning, `=`, and the new one".to_owned()),
    }
}
