use std::time::Duration;

use clap::Args;
use mlflow_migrate::Attempts;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::downgrade::preview_downgrade;
use mlflow_migrate_core::{Error, UpgradeOptions, upgrade};

use crate::Context;
use crate::arguments::{DatabaseArguments, Destination, Workers, duration};
use crate::database::Database;
use crate::graphs::GraphArgument;
use crate::outcome::{DowngradePreviewed, Downgraded, OfDatabase, Outcome};

/// Downgrade a database to an older revision, where that is sound
///
/// Undoes the revisions after the target, as one transaction on SQLite and PostgreSQL. On MySQL the
/// same command resumes a downgrade that was interrupted. Tables and columns that the target does not
/// have are dropped. If they hold anything that an upgrade would not put there again, the command
/// counts the rows and refuses, unless `--discard` accepts the loss. Some revisions cannot be undone.
/// Then the command names the revision, and the nearest target.
#[derive(Args, Debug)]
#[command(mut_arg("graph", |graph| graph.long_help("\
Whose tables: those of the tracking store, or of the auth app (`--app-name basic-auth`). Needed where \
the database has both")))]
#[command(after_help = "\
Examples:
  mlflow-migrate downgrade mlruns.db --to 3.13 --dry-run
  mlflow-migrate downgrade postgresql://mlflow@db.example/mlflow --to 3.16 --discard")]
pub(crate) struct Downgrade {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    graph: GraphArgument,

    /// `base`, a revision or the beginning of one, or an MLflow release: 3.13.0, 3.13.x,
    /// mlflow==3.13.0, or `mlflow` for the one that is installed here
    #[arg(long, value_name = "TARGET")]
    to: String,

    /// Drop rows and values for which the target has no place
    #[arg(long)]
    discard: bool,

    /// Show the steps and what would be lost, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Continue with a schema that differs from its revision, where that is possible
    #[arg(long)]
    accept_drift: bool,

    /// Skip SQLite's integrity check of the whole file before the first change
    #[arg(long)]
    no_check: bool,

    /// How long to retry in all if the server is not up yet, is gone, loses the connection, or ends a
    /// deadlock; 0 never retries
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    retry_for: Duration,

    #[command(flatten)]
    workers: Workers,
}

impl Downgrade {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let database = self.database.database(context)?;
        let target = Destination::named(&self.to).target(context)?.unwrap_or(Target::Head);
        let mut request = UpgradeOptions::back_to(target, self.discard);
        request.accept_drift = self.accept_drift;
        request.skip_check = self.no_check;
        request.stop = context.stop.clone();
        if self.dry_run {
            return self.preview(context, &database, &request).await;
        }
        let mut attempts = Attempts::within(self.retry_for, &request, &*context.renderer);
        loop {
            match self.attempt(context, &database, &request).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => attempts.wait_after(error, None).await?,
            }
        }
    }

    /// Opens the database, and returns its graph with the request for it.
    async fn open(
        &self,
        context: &Context,
        database: &Database,
        request: &UpgradeOptions,
    ) -> Result<(Box<dyn Backend>, GraphName, UpgradeOptions), Error> {
        let connecting = self.workers.connecting(self.database.connecting());
        let mut backend = database.open(&connecting, false, context).await?;
        let argument = format!("`--to {}`", self.to);
        let graph = self.graph.only(&mut *backend, context, &argument).await?;
        let mut request = request.clone();
        request.assume = self.database.assumption(context.catalogue_of(graph))?;
        Ok((backend, graph, request))
    }

    async fn preview(
        &self,
        context: &Context,
        database: &Database,
        request: &UpgradeOptions,
    ) -> Result<Outcome, Error> {
        let (mut backend, graph, request) = self.open(context, database, request).await?;
        let catalogue = context.catalogue_of(graph);
        let found = preview_downgrade(&mut *backend, catalogue, &request).await?;
        let result = DowngradePreviewed::of(&found, self.discard);
        let outcome = Outcome::DowngradePreview(OfDatabase { database: backend.name(), result });
        Ok(Outcome::of_graphs(vec![(graph, outcome)]))
    }

    async fn attempt(
        &self,
        context: &Context,
        database: &Database,
        request: &UpgradeOptions,
    ) -> Result<Outcome, Error> {
        let (mut backend, graph, request) = self.open(context, database, request).await?;
        let observer = context.observer_of(graph, &[graph]);
        let report =
            upgrade(&mut *backend, context.catalogue_of(graph), &request, &observer).await?;
        let result = Downgraded::from(report);
        let outcome = Outcome::Downgrade(OfDatabase { database: backend.name(), result });
        Ok(Outcome::of_graphs(vec![(graph, outcome)]))
    }
}
