use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::upgrade::stamp::stamp;

use crate::Context;
use crate::arguments::Connection;
use crate::outcome::{OfDatabase, Outcome};

/// Write a version to alembic_version, where it is lost or another program's
///
/// The schema must be that of the version. Otherwise the differences are listed, and nothing is
/// changed. Exit code 0: the version is written. 2: it is not.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate stamp 1.2.0 mlruns.db
  mlflow-migrate stamp 7ac759974ad8 postgresql://mlflow@db.example/mlflow")]
pub(crate) struct Stamp {
    /// The version to write: `head`, `base`, a revision or the beginning of one, or an MLflow release
    #[arg(value_name = "REVISION")]
    revision: String,

    #[command(flatten)]
    connection: Connection,

    /// Write the version although the schema is not the revision's
    #[arg(long)]
    force: bool,
}

impl Stamp {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let target = Target::parse(&self.revision);
        let mut backend = self
            .connection
            .database(context)?
            .open(&self.connection.connecting(), false, context)
            .await?;
        let result = stamp(&mut *backend, &context.catalogue, &target, self.force).await?;
        Ok(Outcome::Stamp(OfDatabase { database: backend.name(), result }))
    }
}
