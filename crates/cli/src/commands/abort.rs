use std::sync::Arc;

use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::upgrade::abort::abort;

use crate::Context;
use crate::arguments::{Connection, Workers};
use crate::outcome::{OfDatabase, Outcome};

/// Roll back an unfinished upgrade to where it began (MySQL and MariaDB)
///
/// That is possible until a column has gone with its values, or a data migration has written to a table
/// that was there before; `plan` names that step.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate abort 'mysql+pymysql://mlflow@db.example/mlflow'
  mlflow-migrate abort 'mysql+pymysql://mlflow@db.example/mlflow' --jobs 8")]
pub(crate) struct Abort {
    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    workers: Workers,
}

impl Abort {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let options = self.workers.connecting(self.connection.connecting());
        let mut backend = self.connection.database(context)?.open(&options, false, context).await?;
        let observer: Arc<dyn Observer> = Arc::<dyn crate::Renderer>::clone(&context.renderer);
        let result = abort(&mut *backend, &context.catalogue, &observer, &context.stop).await?;
        Ok(Outcome::Abort(OfDatabase { database: backend.name(), result }))
    }
}
