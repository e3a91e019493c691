use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::report::check::Position;
use mlflow_migrate_core::report::status::{self, Status};

use crate::Context;
use crate::arguments::DatabaseArguments;
use crate::outcome::{self, HistoryBase, HistoryEntry, Outcome};

/// List every revision, newest first, with its day and the first MLflow release that has it
///
/// With a URL, the database's own revision is marked. Environment variables do not count here.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate history
  mlflow-migrate history mlruns.db")]
pub(crate) struct History {
    #[command(flatten)]
    database: DatabaseArguments,
}

impl History {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let (mut database, mut position, mut unfinished) = (None, None, None);
        if self.database.is_given() {
            let (name, status) = self.status(context).await?;
            database = Some(name);
            match status {
                Status::Settled(at) => position = Some(at),
                Status::Unfinished(upgrade) => unfinished = Some(upgrade),
            }
        }
        let newest_first = catalogue.graph.revisions().iter().rev();
        Ok(Outcome::History(outcome::History {
            database,
            unfinished,
            history: newest_first
                .map(|revision| entry(catalogue, revision, position.as_ref()))
                .collect(),
            base: HistoryBase {
                release: catalogue
                    .releases
                    .first_with(|head| head.is_none())
                    .map(ToString::to_string),
                is_current: position
                    .is_some_and(|at| at.location.revision.is_none() && !at.location.empty),
            },
        }))
    }

    async fn status(&self, context: &Context) -> Result<(String, Status), Error> {
        let assume = self.database.assumption(&context.catalogue)?;
        let mut backend = self.database.open(context).await?;
        let status = status::status(&mut *backend, &context.catalogue, assume.as_ref()).await?;
        Ok((backend.name(), status))
    }
}

fn entry(catalogue: &Catalogue, revision: &Revision, position: Option<&Position>) -> HistoryEntry {
    let includes = |head: Option<&str>| catalogue.graph.is_ancestor(Some(&revision.id), head);
    HistoryEntry {
        revision: revision.id.clone(),
        parents: revision.parents.clone(),
        date: outcome::date(revision),
        title: revision.title.clone(),
        release: catalogue.releases.first_with(includes).map(ToString::to_string),
        is_current: position.is_some_and(|at| at.location.revision.as_ref() == Some(&revision.id)),
    }
}
