use clap::Args;
use mlflow_migrate_core::{Error, report::verify};

use crate::Context;
use crate::arguments::DatabaseArguments;
use crate::outcome::{OfDatabase, Outcome};

/// Verify that a database holds what its revision says, and that its rows fit together
///
/// Exit code 0: all is well. 2: something is missing or different, rows reference others that are not
/// there, or a metric lacks its latest entry.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate verify mlruns.db
  mlflow-migrate verify mlruns.db --deep")]
pub(crate) struct Verify {
    #[command(flatten)]
    database: DatabaseArguments,

    /// Recompute the latest entry of every metric, and compare
    #[arg(long)]
    deep: bool,
}

impl Verify {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let assume = self.database.assumption(&context.catalogue)?;
        let mut backend = self.database.open(context).await?;
        let result =
            verify::verify(&mut *backend, &context.catalogue, assume.as_ref(), self.deep).await?;
        Ok(Outcome::Verify(OfDatabase { database: backend.name(), result }))
    }
}
