use clap::Args;
use mlflow_migrate_core::report::check::Position;
use mlflow_migrate_core::report::status::{self, Status};
use mlflow_migrate_core::{Error, report::session};

use crate::Context;
use crate::arguments::DatabaseArguments;
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
}

impl Current {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let assume = self.database.assumption(catalogue)?;
        let mut backend = self.database.open(context).await?;
        let status = status::status(&mut *backend, catalogue, assume.as_ref()).await?;
        let (position, unfinished) = match status {
            Status::Settled(position) => (Some(position), None),
            Status::Unfinished(unfinished) => (None, Some(unfinished)),
        };
        let revision = position.as_ref().and_then(|position| position.location.revision.as_deref());
        let revision = revision.and_then(|id| catalogue.graph.get(id));
        let wrong_stamp = match position.as_ref().is_some_and(|position| position.location.stamped)
        {
            true => session::find_wrong_stamp(&mut *backend, catalogue).await?,
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
