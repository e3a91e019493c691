use std::sync::Arc;

use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::upgrade::repair::{RepairOptions, preview_repair, repair};

use crate::Context;
use crate::arguments::{DatabaseArguments, Workers};
use crate::outcome::{OfDatabase, Outcome, Problem, Repaired};

/// Restore the objects and rows that the database lacks of its revision
///
/// Repairs indexes, constraints, primary keys and triggers, defaults and nullability of columns, the
/// rows of latest_metrics, and leftovers of interrupted upgrades. Rows that a constraint would refuse
/// are counted beforehand. Your own objects stay as they are. Exit code 0: nothing is left to repair.
/// 2: something is left that only you can put right, such as a missing column.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate repair mlruns.db --dry-run
  mlflow-migrate repair postgresql://mlflow@db.example/mlflow")]
pub(crate) struct Repair {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    workers: Workers,

    /// Show what would be repaired, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Skip SQLite's integrity check of the whole file before the first change
    #[arg(long)]
    no_check: bool,
}

impl Repair {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut options = RepairOptions::default();
        options.assume = self.database.assumption(&context.catalogue)?;
        options.skip_check = self.no_check;
        options.stop = context.stop.clone();
        let connecting = self.workers.connecting(self.database.connecting());
        let database = self.database.database(context)?;
        let mut backend = database.open(&connecting, false, context).await?;
        let (report, problems) = if self.dry_run {
            let found = preview_repair(&mut *backend, &context.catalogue, &options).await?;
            (found.report, found.problems.iter().map(Problem::of).collect())
        } else {
            let observer: Arc<dyn Observer> = Arc::<dyn crate::Renderer>::clone(&context.renderer);
            let report = repair(&mut *backend, &context.catalogue, &options, &observer).await?;
            (report, Vec::new())
        };
        let result = Repaired { report, is_dry_run: self.dry_run, problems };
        Ok(Outcome::Repair(OfDatabase { database: backend.name(), result }))
    }
}
