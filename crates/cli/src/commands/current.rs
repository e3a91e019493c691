use clap::Args;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::report::check::Position;
use mlflow_migrate_core::report::status::{self, Status};
use mlflow_migrate_core::{Error, report::session};

use crate::Context;
use crate::arguments::DatabaseArguments;
use crate::graphs::{GraphArgument, Unclear};
use crate::outcome::{self, OfDatabase, Outcome, Problem};

/// Show the revision of a database
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate current mlruns.db
  mlflow-migrate current mlruns.db --json")]
pub(crate) struct Current {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    graph: GraphArgument,
}

impl Current {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut backend = self.database.open(context).await?;
        let unclear = Unclear { assume: self.database.assumed(), target: None };
        let mut outcomes = Vec::new();
        for graph in self.graph.of(&mut *backend, context, &unclear).await? {
            let outcome = self.of(context.catalogue_of(graph), &mut *backend).await?;
            outcomes.push((graph, outcome));
        }
        Ok(Outcome::of_graphs(outcomes))
    }

    async fn of(&self, catalogue: &Catalogue, backend: &mut dyn Backend) -> Result<Outcome, Error> {
        let assume = self.database.assumption(catalogue)?;
        let status = status::status(backend, catalogue, assume.as_ref()).await?;
        let (position, unfinished) = match status {
            Status::Settled(position) => (Some(position), None),
            Status::Unfinished(unfinished) => (None, Some(unfinished)),
        };
        let revision = position.as_ref().and_then(|position| position.location.revision.as_deref());
        let revision = revision.and_then(|id| catalogue.graph.get(id));
        let wrong_stamp = match position.as_ref().is_some_and(|position| position.location.stamped)
        {
            true => session::find_wrong_stamp(backend, catalogue).await?,
            false => None,
        };
        let result = outcome::Current {
            title: revision.map(|revision| revision.title.clone()),
            date: revision.and_then(outcome::date),
            is_head: position.as_ref().is_some_and(Position::is_head),
            position,
            unfinished,
            wrong_stamp: wrong_stamp.as_ref().map(Problem::of),
        };
        Ok(Outcome::Current(OfDatabase { database: backend.name(), result }))
    }
}
