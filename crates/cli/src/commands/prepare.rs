use std::sync::Arc;

use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::prepare::{prepare, undo};

use crate::Context;
use crate::arguments::{Throttle, UpgradeArguments};
use crate::outcome::{OfDatabase, Outcome};

/// Do a part of an upgrade beforehand, while MLflow runs
///
/// Creates the upgrade's new tables, adds and fills the columns of trace analytics, and builds indexes
/// of tables that exist. The older MLflow does not notice them. Changes of tables wait for others only
/// for a moment at a time, and rows are filled in short transactions. The upgrade then finds all this
/// done, and fills what has changed since. `plan` lists it. The revision stays, and so does everything
/// that was made, also after an error; the same command continues. Until the upgrade, `mlflow db
/// upgrade` stops at what is there; --undo takes it back. PostgreSQL, MySQL and MariaDB only: SQLite
/// lets nobody write while a file changes.
///
/// `mlflow db prepopulate-trace-analytics` fills the same columns for one revision. It fills those of
/// spans, too, which this command leaves to the upgrade.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate prepare postgresql://mlflow@db.example/mlflow
  mlflow-migrate prepare postgresql://mlflow@db.example/mlflow --undo")]
pub(crate) struct Prepare {
    #[command(flatten)]
    arguments: UpgradeArguments,

    /// Drop what a preparation has made
    #[arg(long)]
    undo: bool,

    #[command(flatten)]
    throttle: Throttle,
}

impl Prepare {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut request = self.arguments.request(context)?;
        request.stop = context.stop.clone();
        request.pace = self.throttle.pace();
        let mut backend = self.arguments.open(context).await?;
        let observer: Arc<dyn Observer> = Arc::<dyn crate::Renderer>::clone(&context.renderer);
        let (backend, catalogue) = (&mut *backend, &context.catalogue);
        let result = match self.undo {
            true => undo(backend, catalogue, &request, &observer).await?,
            false => prepare(backend, catalogue, &request, &observer).await?,
        };
        Ok(Outcome::Prepare(OfDatabase { database: backend.name(), result }))
    }
}
