use std::sync::Arc;

use clap::Args;
use mlflow_migrate_core::cleanup::cleanup;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{Error, UpgradeOptions};

use crate::Context;
use crate::arguments::{DatabaseArguments, Throttle};
use crate::outcome::{OfDatabase, Outcome};

/// Remove what `upgrade --defer-cleanup` has left, while MLflow runs
///
/// From 75868b020152 on, MLflow reads the names, sessions, token counts and costs of traces from
/// columns, and no longer the rows from which they came. The upgrade can leave these rows, so that
/// MLflow starts the sooner. This command removes them in short transactions. After an error, the same
/// command continues. Without it, the next `upgrade` removes them. PostgreSQL, MySQL and MariaDB only.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate cleanup postgresql://mlflow@db.example/mlflow
  mlflow-migrate cleanup postgresql://mlflow@db.example/mlflow --throttle 5")]
pub(crate) struct Cleanup {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    throttle: Throttle,
}

impl Cleanup {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut request = UpgradeOptions::to(Target::Head);
        request.assume = self.database.assumption(&context.catalogue)?;
        request.stop = context.stop.clone();
        request.pace = self.throttle.pace();
        let mut backend = self.database.open(context).await?;
        let observer: Arc<dyn Observer> = Arc::<dyn crate::Renderer>::clone(&context.renderer);
        let result = cleanup(&mut *backend, &context.catalogue, &request, &observer).await?;
        Ok(Outcome::Cleanup(OfDatabase { database: backend.name(), result }))
    }
}
