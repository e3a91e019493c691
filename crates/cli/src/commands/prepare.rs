use std::sync::Arc;

use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::prepare::{prepare, undo};

use crate::Context;
use crate::arguments::UpgradeArguments;
use crate::outcome::{OfDatabase, Outcome};

/// Build the indexes of an upgrade beforehand, while MLflow runs
///
/// On a large table, building an index takes most of an upgrade's time. This builds those that the
/// older MLflow does not notice, without locking readers or writers out, so that the upgrade finds them
/// done. `plan` lists them. The revision stays, and so does everything that was built, also after an
/// error. Until the upgrade, `mlflow db upgrade` stops at such an index; --undo drops them again.
/// PostgreSQL, MySQL and MariaDB only: SQLite lets nobody write while an index is built.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate prepare postgresql://mlflow@db.example/mlflow
  mlflow-migrate prepare postgresql://mlflow@db.example/mlflow --undo")]
pub(crate) struct Prepare {
    #[command(flatten)]
    arguments: UpgradeArguments,

    /// Drop what a preparation has built
    #[arg(long)]
    undo: bool,
}

impl Prepare {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut request = self.arguments.request(context)?;
        request.stop = context.stop.clone();
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
