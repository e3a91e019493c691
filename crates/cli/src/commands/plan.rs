use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::report::preview::preview;

use crate::Context;
use crate::arguments::{DatabaseArguments, TargetArguments};
use crate::outcome::{OfDatabase, Outcome, Planned};

/// Show what an upgrade would do, and change nothing
#[derive(Args, Debug)]
pub(crate) struct Plan {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    target: TargetArguments,

    /// Show the statements, as far as they are known beforehand
    #[arg(long)]
    sql: bool,

    /// Go one revision at a time, each stamped, as Alembic does, instead of merging their changes
    #[arg(long)]
    step_by_step: bool,
}

impl Plan {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut options = self.database.request(&self.target, &context.catalogue)?;
        options.step_by_step = self.step_by_step;
        let mut backend = self.database.open(context).await?;
        let preview = preview(&mut *backend, &context.catalogue, &options).await?;
        let (database, show_statements) = (backend.name(), self.sql);
        Ok(Outcome::Plan(OfDatabase { database, result: Planned { preview, show_statements } }))
    }
}
