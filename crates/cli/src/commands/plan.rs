use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::report::preview::preview;

use crate::Context;
use crate::arguments::UpgradeArguments;
use crate::outcome::{OfDatabase, Outcome, Planned};

/// Show what an upgrade would do, and change nothing
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate plan mlruns.db --to 2.9.2
  mlflow-migrate plan mlruns.db --sql")]
pub(crate) struct Plan {
    #[command(flatten)]
    upgrade: UpgradeArguments,

    /// Show the statements, as far as they are known beforehand
    #[arg(long)]
    sql: bool,

    /// Go one revision at a time, each stamped, as Alembic does, instead of merging their changes
    #[arg(long)]
    step_by_step: bool,
}

impl Plan {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut options = self.upgrade.request(context)?;
        options.step_by_step = self.step_by_step;
        let mut backend = self.upgrade.open(context).await?;
        let preview = preview(&mut *backend, &context.catalogue, &options).await?;
        let (database, show_statements) = (backend.name(), self.sql);
        Ok(Outcome::Plan(OfDatabase { database, result: Planned { preview, show_statements } }))
    }
}
