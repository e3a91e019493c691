use clap::Args;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{Error, report::check, report::session};

use crate::Context;
use crate::arguments::{DatabaseArguments, Destination};
use crate::graphs::{GraphArgument, Unclear};
use crate::outcome::{Checked, OfDatabase, Outcome, Problem};

/// Compare a database with the newest revision, and with its own
///
/// `--to` compares with another revision or release in place of the newest one.
/// Exit code 0: it is at the newest revision, or at `--to`. 1: there are newer ones up to there.
/// 2: something that its revision has is missing, or different. What is there besides is listed,
/// and is no fault. What has a name that a pending revision needs is listed first.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate check mlruns.db
  mlflow-migrate check postgresql://mlflow@db.example/mlflow --to 2.9.x")]
pub(crate) struct Check {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    destination: Destination,

    #[command(flatten)]
    graph: GraphArgument,
}

impl Check {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let target = self.destination.target(context)?;
        let mut backend = self.database.open(context).await?;
        let unclear = Unclear { assume: self.database.assumed(), target: target.as_ref() };
        let mut outcomes = Vec::new();
        for graph in self.graph.of(&mut *backend, context, &unclear).await? {
            let catalogue = context.catalogue_of(graph);
            let outcome = self.of(catalogue, &mut *backend, target.as_ref()).await?;
            outcomes.push((graph, outcome));
        }
        Ok(Outcome::of_graphs(outcomes))
    }

    async fn of(
        &self,
        catalogue: &Catalogue,
        backend: &mut dyn Backend,
        target: Option<&Target>,
    ) -> Result<Outcome, Error> {
        let assume = self.database.assumption(catalogue)?;
        let checked = check::check(backend, catalogue, assume.as_ref()).await?;
        let checked = match target {
            Some(target) => checked.against(catalogue, target)?,
            None => checked,
        };
        let wrong_stamp = match checked.position.location.stamped {
            true => session::find_wrong_stamp(backend, catalogue).await?,
            false => None,
        };
        let result = Checked { checked, wrong_stamp: wrong_stamp.as_ref().map(Problem::of) };
        Ok(Outcome::Check(OfDatabase { database: backend.name(), result }))
    }
}
