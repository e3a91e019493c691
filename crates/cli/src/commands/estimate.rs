use clap::Args;
use mlflow_migrate_core::{Error, report::estimate};

use crate::Context;
use crate::arguments::UpgradeArguments;
use crate::outcome::{OfDatabase, Outcome};

/// Count what decides how long an upgrade takes, and change nothing
///
/// All metric entries, and the pairs of a run and a metric that they belong to, decide about
/// 89d4b8295536; the size of each table that is rebuilt, about the rest.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate estimate mlruns.db
  mlflow-migrate estimate 'mysql+pymysql://mlflow@db.example/mlflow' --to 2.9.2")]
pub(crate) struct Estimate {
    #[command(flatten)]
    upgrade: UpgradeArguments,
}

impl Estimate {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let request = self.upgrade.request(context)?;
        let mut backend = self.upgrade.open(context).await?;
        let result = estimate::estimate(&mut *backend, catalogue, &request).await?;
        Ok(Outcome::Estimate(OfDatabase { database: backend.name(), result }))
    }
}
