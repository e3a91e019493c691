use clap::Args;
use mlflow_migrate_core::{Error, report::doctor};

use crate::Context;
use crate::arguments::UpgradeArguments;
use crate::outcome::{Advice, Diagnosed, OfDatabase, Outcome, Problem};

/// List everything that would stop an upgrade, and change nothing
///
/// Problems stop an upgrade, warnings do not. Exit code 0: an upgrade can begin. Otherwise that of
/// the first problem, and all are listed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate doctor mlruns.db
  mlflow-migrate doctor postgresql://mlflow@db.example/mlflow --to 2.9.2")]
pub(crate) struct Doctor {
    #[command(flatten)]
    upgrade: UpgradeArguments,
}

impl Doctor {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let request = self.upgrade.request(context)?;
        let mut backend = self.upgrade.open(context).await?;
        let found = doctor::diagnose(&mut *backend, &context.catalogue, &request).await?;
        let result = Diagnosed {
            is_plannable: found.plan.is_some(),
            from: found.plan.as_ref().and_then(|plan| plan.from.revision.clone()),
            position: found.plan.as_ref().map(|plan| plan.from.label().to_owned()),
            to: found.plan.as_ref().and_then(|plan| plan.to.clone()),
            revision_count: found.plan.map_or(0, |plan| plan.revisions.len()),
            problems: found.problems.iter().map(Problem::of).collect(),
            warnings: found.warnings.iter().map(Advice::of).collect(),
            disk_use: found.disk,
        };
        Ok(Outcome::Doctor(OfDatabase { database: backend.name(), result }))
    }
}
