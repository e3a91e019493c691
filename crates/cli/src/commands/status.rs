use clap::Args;
use mlflow_migrate_core::{Error, report::status};

use crate::Context;
use crate::arguments::DatabaseArguments;
use crate::outcome::{OfDatabase, Outcome};

/// Show whether an upgrade of a database is unfinished, how far it is, and the next step
#[derive(Args, Debug)]
pub(crate) struct Status {
    #[command(flatten)]
    database: DatabaseArguments,
}

impl Status {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let assume = self.database.assumption(&context.catalogue)?;
        let mut backend = self.database.open(context).await?;
        let result = status::status(&mut *backend, &context.catalogue, assume.as_ref()).await?;
        Ok(Outcome::Status(OfDatabase { database: backend.name(), result }))
    }
}
