use clap::Args;
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
}

impl Status {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let assume = self.database.assumption(&context.catalogue)?;
        let mut backend = self.database.open(context).await?;
        let upgraders = status::upgraders(&mut *backend).await?;
        let status = status::status(&mut *backend, &context.catalogue, assume.as_ref()).await;
        let status = match status {
            // A running upgrade holds what would have to be read.
            Err(error) if error.kind() == ErrorKind::Locked && !upgraders.is_empty() => None,
            status => Some(status?),
        };
        let result = Activity { status, upgraders };
        Ok(Outcome::Status(OfDatabase { database: backend.name(), result }))
    }
}
