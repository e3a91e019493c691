use std::time::Duration;

use clap::Args;
use mlflow_migrate_core::backend::RunningStep;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::{Error, report::status};

use crate::Context;
use crate::arguments::DatabaseArguments;
use crate::outcome::{Activity, OfDatabase, Outcome};

/// Show whether an upgrade is running or was interrupted, how far it is, and the next step
///
/// Exit code 0: neither. 3: an upgrade is running, MLflow's own too, as far as the server shows it.
/// 4: an upgrade was interrupted.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate status 'mysql+pymysql://mlflow@db.example/mlflow'
  mlflow-migrate status mlruns.db --json")]
pub(crate) struct Status {
    #[command(flatten)]
    database: DatabaseArguments,

    /// Look again every 2 seconds until no upgrade is running; Ctrl-C ends it
    #[arg(long)]
    watch: bool,
}

/// The time between two looks of `--watch`.
const LOOK: Duration = Duration::from_secs(2);

/// How long to wait for the position of a database that another session upgrades.
const PATIENCE: Duration = Duration::from_secs(2);

impl Status {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut shown = None;
        loop {
            let found = self.look(context).await?;
            if !self.watch || found.result.upgraders.is_empty() {
                return Ok(Outcome::Status(found));
            }
            // Times and row counts change with each look.
            let step = found.result.running.as_ref().and_then(|running| running.step);
            let state = (found.result.status.clone(), step);
            let is_new = shown.as_ref() != Some(&state);
            shown = Some(state);
            if is_new || context.renderer.redraws() {
                let outcome = Outcome::Status(found);
                context.renderer.interim(&outcome).map_err(|source| Error::Database {
                    action: "writing the status".to_owned(),
                    source: Box::new(source),
                })?;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn look(&self, context: &Context) -> Result<OfDatabase<Activity>, Error> {
        let assume = self.database.assumption(&context.catalogue)?;
        let mut backend = self.database.open(context).await?;
        let upgraders = status::upgraders(&mut *backend).await?;
        let reading = status::status(&mut *backend, &context.catalogue, assume.as_ref());
        let status = if upgraders.sessions.is_empty() {
            Some(reading.await?)
        } else {
            // A running upgrade may hold what would have to be read.
            match tokio::time::timeout(PATIENCE, reading).await {
                Err(_) => None,
                Ok(Err(error)) if error.kind() == ErrorKind::Locked => None,
                Ok(status) => Some(status?),
            }
        };
        let running = upgraders.step.map(|step| with_journal(step, status.as_ref()));
        let result = Activity { status, upgraders: upgraders.sessions, running };
        Ok(OfDatabase { database: backend.name(), result })
    }
}

/// Adds the step that the journal records, where the upgrade has one.
fn with_journal(running: RunningStep, status: Option<&status::Status>) -> RunningStep {
    match status {
        Some(status::Status::Unfinished(found)) if running.step.is_none() => RunningStep {
            step: Some((found.done + 1).min(found.steps)),
            step_count: Some(found.steps),
            title: Some(found.next.clone().unwrap_or_else(|| "verify the result".to_owned())),
            ..running
        },
        _ => running,
    }
}
