use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use mlflow_migrate::Attempts;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::error::OneGraphDone;
use mlflow_migrate_core::event::{Event, Observer};
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::{Error, UpgradeOptions, UpgradeReport, upgrade};

use crate::arguments::{UpgradeArguments, duration};
use crate::database::{COPIES, Database};
use crate::graphs::GraphArgument;
use crate::outcome::{Finished, OfDatabase, Outcome};
use crate::{Context, clock, creation};

/// Upgrade a database, or create it
///
/// Everything happens in one transaction where the database can do that (SQLite, PostgreSQL): after
/// an error it is as it was. MySQL cannot: after an error the same command resumes the upgrade. An
/// empty database is filled at the target, and a missing one is created with `--create`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate upgrade sqlite:///mlruns.db --backup
  mlflow-migrate upgrade postgresql://mlflow@db.example/mlflow --to mlflow")]
pub(crate) struct Upgrade {
    #[command(flatten)]
    arguments: UpgradeArguments,

    /// Create the database if it is missing; for a file, on a terminal, the program asks otherwise
    #[arg(long)]
    create: bool,

    /// Copy the SQLite database first, beside itself; `--backup=FILE` is the same as `--backup-to`
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    backup: Option<Option<PathBuf>>,

    /// Copy the SQLite database first, to FILE
    #[arg(long, value_name = "FILE", conflicts_with = "backup")]
    backup_to: Option<PathBuf>,

    /// Leave the SQLite database unchanged, and write the upgraded one to FILE, which must not exist
    #[arg(long, value_name = "FILE", conflicts_with_all = ["backup", "backup_to", "create"])]
    into: Option<PathBuf>,

    /// Skip rows that a data migration cannot convert, where that is sound, instead of refusing
    #[arg(long)]
    skip_invalid: bool,

    /// Skip SQLite's integrity check of the whole file before the first change; content of a damaged
    /// page is then copied as it is
    #[arg(long)]
    no_check: bool,

    /// How long to retry in all if the server is not up yet, is gone, loses the connection, or ends a
    /// deadlock; 0 never retries
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    retry_for: Duration,

    /// Show how long each step took, and which revisions it served
    #[arg(long)]
    timings: bool,

    /// Upgrade one revision at a time and stamp each, as Alembic does, instead of merging changes
    #[arg(long)]
    step_by_step: bool,

    /// Leave rows that MLflow no longer reads to `mlflow-migrate cleanup`, which removes them while
    /// MLflow runs; PostgreSQL, MySQL and MariaDB
    #[arg(long)]
    defer_cleanup: bool,

    /// Write the result as JSON to FILE, too; a report of an earlier run is replaced
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    #[command(flatten)]
    graph: GraphArgument,
}

impl Upgrade {
    /// Returns the file that gets the result as JSON, too.
    pub(super) fn report(&self) -> Option<&Path> {
        self.report.as_deref()
    }

    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let database = self.arguments.database(context)?;
        let mut request = self.arguments.options(context)?;
        request.step_by_step = self.step_by_step;
        request.skip_check = self.no_check;
        request.stop = context.stop.clone();
        request.data.skip_invalid = self.skip_invalid;
        request.data.defers_cleanup = self.defer_cleanup;
        match &self.into {
            Some(destination) => self.into(context, &database, &request, destination).await,
            None => self.in_place(context, &database, request).await,
        }
    }

    async fn in_place(
        &self,
        context: &Context,
        database: &Database,
        mut request: UpgradeOptions,
    ) -> Result<Outcome, Error> {
        let is_missing = database.is_missing();
        let create = self.create || (is_missing && creation::is_wanted(&database.shown()));
        let backup = self.backup_to.clone().map(Some).or_else(|| self.backup.clone());
        request.backup = match backup {
            Some(file) => place_for_backup(context, database, &request, file.as_deref())?,
            None => None,
        };
        let done = match self.drive_all(context, database, &request, create).await {
            Ok(done) => done,
            Err(stopped) => return Err(self.tell(context, stopped)),
        };
        if is_missing {
            let name = done.first().map_or_else(|| database.shown(), |one| one.name.clone());
            let message = format!("created {name}: there was no such file");
            context.renderer.notify(&Event::Notice { message });
        }
        Ok(self.outcome(done, |_| None))
    }

    async fn into(
        &self,
        context: &Context,
        source: &Database,
        request: &UpgradeOptions,
        destination: &Path,
    ) -> Result<Outcome, Error> {
        let copy = source.copy_beside(destination, &self.arguments.connecting()).await?;
        let done = self.drive_all(context, &copy.database(), request, false).await;
        // A copy that is not complete goes, whatever is done in it.
        let mut done = done.map_err(|stopped| stopped.source)?;
        if done.iter().all(|one| one.report.steps.is_empty()) && !self.no_check {
            copy.check().await?;
        }
        copy.publish()?;
        let source = shown(source.file(COPIES)?);
        done.iter_mut().for_each(|one| one.name = shown(destination));
        Ok(self.outcome(done, |_| Some(source.clone())))
    }

    fn outcome(&self, done: Vec<Done>, source: impl Fn(&Done) -> Option<String>) -> Outcome {
        let outcome = |one: Done| {
            let source = source(&one);
            let result = Finished { report: one.report, source, show_timings: self.timings };
            (one.graph, Outcome::Finished(OfDatabase { database: one.name, result }))
        };
        Outcome::of_graphs(done.into_iter().map(outcome).collect())
    }

    /// Upgrades each graph of the database, in a transaction of its own.
    async fn drive_all(
        &self,
        context: &Context,
        database: &Database,
        request: &UpgradeOptions,
        create: bool,
    ) -> Result<Vec<Done>, Stopped> {
        let mut done: Vec<Done> = Vec::new();
        let found = self.graphs(context, database, request, create).await;
        let (graphs, mut opened) = match found {
            Ok(found) => found,
            Err(source) => return Err(Stopped { done, failed: GraphName::default(), source }),
        };
        for &graph in &graphs {
            let mut request = request.clone();
            if done.iter().any(|one| one.report.backup.is_some()) {
                request.backup = None;
            }
            let observer = context.observer_of(graph, &graphs);
            let attempted = Attempted { database, create, opened: opened.take() };
            match self.drive(context, attempted, request, (graph, &observer)).await {
                Ok((name, report)) => done.push(Done { graph, name, report }),
                Err(source) => return Err(Stopped { done, failed: graph, source }),
            }
        }
        Ok(done)
    }

    /// Shows what was done before the error, and returns the error that says so.
    fn tell(&self, context: &Context, stopped: Stopped) -> Error {
        let Stopped { done, failed, source } = stopped;
        let Some(last) = done.last() else { return source };
        let at = last.report.to.clone().unwrap_or_else(|| "base".to_owned());
        let error = OneGraphDone { done: last.graph, at, failed, source: Box::new(source) };
        // The error is what counts, also for a reader who is gone.
        let _ = context.renderer.outcome(&self.outcome(done, |_| None));
        Error::OneGraphDone(error)
    }

    /// Returns the graphs to upgrade, and the connection over which they were found.
    async fn graphs(
        &self,
        context: &Context,
        database: &Database,
        request: &UpgradeOptions,
        create: bool,
    ) -> Result<(Vec<GraphName>, Option<Box<dyn Backend>>), Error> {
        if let Some(graph) = self.graph.named() {
            return Ok((vec![graph], None));
        }
        // A missing file is created by the connection that fills it.
        if database.is_missing() || !database.may_hold_auth() {
            return Ok((vec![GraphName::Tracking], None));
        }
        let mut attempts = Attempts::within(self.retry_for, request, &*context.renderer);
        loop {
            let found = match database.open(&self.arguments.connecting(), create, context).await {
                Ok(mut backend) => {
                    let unclear = self.arguments.unclear(request);
                    let graphs = self.graph.of(&mut *backend, context, &unclear).await;
                    graphs.map(|graphs| (graphs, Some(backend)))
                }
                Err(error) => Err(error),
            };
            match found {
                Ok(found) => return Ok(found),
                Err(error) => {
                    let advice = self.advice(&error);
                    attempts.wait_after(error, advice).await?;
                }
            }
        }
    }

    async fn drive(
        &self,
        context: &Context,
        mut attempted: Attempted<'_>,
        mut request: UpgradeOptions,
        of: (GraphName, &Arc<dyn Observer>),
    ) -> Result<(String, UpgradeReport), Error> {
        request.assume = self.arguments.assumption(context.catalogue_of(of.0))?;
        let mut attempts = Attempts::within(self.retry_for, &request, &**of.1);
        loop {
            match self.attempt(context, &mut attempted, &request, of).await {
                Ok(done) => return Ok(done),
                Err(error) => {
                    let advice = self.advice(&error);
                    attempts.wait_after(error, advice).await?;
                }
            }
        }
    }

    /// Returns advice for the wait on a server that is not available.
    ///
    /// The user may be about to start the server, or may have mistyped its port.
    fn advice(&self, error: &Error) -> Option<String> {
        let Error::Unavailable { .. } = error else { return None };
        let hint = mlflow_migrate::hint(error)?;
        let limit = humantime::format_duration(self.retry_for);
        Some(format!("{hint} (waiting for {limit} in all; `--retry-for 0` does not wait)"))
    }

    async fn attempt(
        &self,
        context: &Context,
        attempted: &mut Attempted<'_>,
        request: &UpgradeOptions,
        (graph, observer): (GraphName, &Arc<dyn Observer>),
    ) -> Result<(String, UpgradeReport), Error> {
        let mut backend = match attempted.opened.take() {
            Some(backend) => backend,
            None => {
                let options = self.arguments.connecting();
                attempted.database.open(&options, attempted.create, context).await?
            }
        };
        let catalogue = context.catalogue_of(graph);
        let report = upgrade(&mut *backend, catalogue, request, observer).await?;
        Ok((backend.name(), report))
    }
}

/// The database of an attempt.
struct Attempted<'a> {
    database: &'a Database,
    /// Whether it may be created.
    create: bool,
    /// A connection that the first attempt can use.
    opened: Option<Box<dyn Backend>>,
}

/// An error, with the graphs that were upgraded before it.
struct Stopped {
    done: Vec<Done>,
    failed: GraphName,
    source: Error,
}

/// The upgrade of one graph.
struct Done {
    graph: GraphName,
    /// The database's name.
    name: String,
    report: UpgradeReport,
}

/// Returns where the backup goes, if there is a database to back up.
fn place_for_backup(
    context: &Context,
    database: &Database,
    request: &UpgradeOptions,
    file: Option<&Path>,
) -> Result<Option<PathBuf>, Error> {
    let original = database.file(COPIES)?;
    if !original.exists() {
        let message = "no backup: there is no database yet".to_owned();
        context.renderer.notify(&Event::Notice { message });
        return Ok(None);
    }
    let beside = || database.place_for_backup(&clock::file_name_stamp(request.data.now_ms));
    file.map_or_else(beside, |file| Ok(file.to_owned())).map(Some)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
