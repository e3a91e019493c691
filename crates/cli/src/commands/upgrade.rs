use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use mlflow_migrate::Attempts;
use mlflow_migrate_core::event::{Event, Observer};
use mlflow_migrate_core::{Error, UpgradeOptions, UpgradeReport, upgrade};

use crate::arguments::{UpgradeArguments, duration};
use crate::database::{COPIES, Database};
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

    /// Write the result as JSON to FILE, too; a report of an earlier run is replaced
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Upgrade {
    /// Returns the file that gets the result as JSON, too.
    pub(super) fn report(&self) -> Option<&Path> {
        self.report.as_deref()
    }

    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let database = self.arguments.database(context)?;
        let mut request = self.arguments.request(context)?;
        request.step_by_step = self.step_by_step;
        request.skip_check = self.no_check;
        request.stop = context.stop.clone();
        request.data.skip_invalid = self.skip_invalid;
        let finished = match &self.into {
            Some(destination) => self.into(context, &database, &request, destination).await?,
            None => self.in_place(context, &database, request).await?,
        };
        Ok(Outcome::Finished(finished))
    }

    async fn in_place(
        &self,
        context: &Context,
        database: &Database,
        mut request: UpgradeOptions,
    ) -> Result<OfDatabase<Finished>, Error> {
        let is_missing = database.is_missing();
        let create = self.create || (is_missing && creation::is_wanted(&database.shown()));
        let backup = self.backup_to.clone().map(Some).or_else(|| self.backup.clone());
        request.backup = match backup {
            Some(file) => place_for_backup(context, database, &request, file.as_deref())?,
            None => None,
        };
        let (name, report) = self.drive(context, database, &request, create).await?;
        if is_missing {
            let message = format!("created {name}: there was no such file");
            context.renderer.notify(&Event::Notice { message });
        }
        let result = Finished { report, source: None, show_timings: self.timings };
        Ok(OfDatabase { database: name, result })
    }

    async fn into(
        &self,
        context: &Context,
        source: &Database,
        request: &UpgradeOptions,
        destination: &Path,
    ) -> Result<OfDatabase<Finished>, Error> {
        let copy = source.copy_beside(destination, &self.arguments.connecting()).await?;
        let (_, report) = self.drive(context, &copy.database(), request, false).await?;
        if report.steps.is_empty() && !self.no_check {
            copy.check().await?;
        }
        copy.publish()?;
        let source = Some(shown(source.file(COPIES)?));
        let result = Finished { report, source, show_timings: self.timings };
        Ok(OfDatabase { database: shown(destination), result })
    }

    async fn drive(
        &self,
        context: &Context,
        database: &Database,
        request: &UpgradeOptions,
        create: bool,
    ) -> Result<(String, UpgradeReport), Error> {
        let mut attempts = Attempts::within(self.retry_for, request, &*context.renderer);
        loop {
            match self.attempt(context, database, request, create).await {
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
        database: &Database,
        request: &UpgradeOptions,
        create: bool,
    ) -> Result<(String, UpgradeReport), Error> {
        let mut backend = database.open(&self.arguments.connecting(), create, context).await?;
        let observer: Arc<dyn Observer> = Arc::<dyn crate::Renderer>::clone(&context.renderer);
        let report = upgrade(&mut *backend, &context.catalogue, request, &observer).await?;
        Ok((backend.name(), report))
    }
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
