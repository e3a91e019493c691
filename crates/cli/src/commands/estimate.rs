use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::report::estimate::{EstimateOptions, estimate};

use crate::Context;
use crate::arguments::UpgradeArguments;
use crate::outcome::{OfDatabase, Outcome};

/// Estimate the time, the disk space and the locks of an upgrade
///
/// Measures the work of each step on samples of the tables, in temporary tables, for up to about
/// three seconds. The database stays unchanged.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate estimate mlruns.db
  mlflow-migrate estimate 'mysql+pymysql://mlflow@db.example/mlflow' --to 2.9.2")]
pub(crate) struct Estimate {
    #[command(flatten)]
    upgrade: UpgradeArguments,

    /// Measure nothing, and predict no time
    #[arg(long)]
    no_calibration: bool,

    /// Leave rows that MLflow no longer reads to `mlflow-migrate cleanup`
    #[arg(long)]
    defer_cleanup: bool,
}

impl Estimate {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let mut request = self.upgrade.request(context)?;
        request.data.defers_cleanup = self.defer_cleanup;
        let mut backend = self.upgrade.open(context).await?;
        let mut options = EstimateOptions::default();
        options.calibrates = !self.no_calibration;
        let result = estimate(&mut *backend, catalogue, &request, options).await?;
        Ok(Outcome::Estimate(OfDatabase { database: backend.name(), result }))
    }
}
