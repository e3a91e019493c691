use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::catalogue::Catalogue;
use mlflow_migrate_core::check::{self, Position};
use mlflow_migrate_core::revision::Revision;

use crate::Context;
use crate::arguments::DatabaseArguments;
use crate::outcome::{self, HistoryBase, HistoryEntry, Outcome};

/// List every revision, newest first, with its day and the first MLflow release that has it
///
/// With a URL, the database's own revision is marked. Environment variables do not count here.
#[derive(Args, Debug)]
pub(crate) struct History {
    #[command(flatten)]
    database: DatabaseArguments,
}

impl History {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let (database, position) = match self.database.is_given() {
            true => self.position(context).await.map(|(name, at)| (Some(name), Some(at)))?,
            false => (None, None),
        };
        let newest_first = catalogue.graph.revisions().iter().rev();
        Ok(Outcome::History(outcome::History {
            database,
            revisions: newest_first
                .map(|revision| entry(catalogue, revision, position.as_ref()))
                .collect(),
            base: HistoryBase {
                release: catalogue
                    .releases
                    .first_with(|head| head.is_none())
                    .map(ToString::to_string),
                is_current: position.is_some_and(|at| at.revision.is_none() && !at.empty),
            },
        }))
    }

    async fn position(&self, context: &Context) -> Result<(String, Position), Error> {
        let assume = self.database.assumption(&context.catalogue)?;
        let mut backend = self.database.open(context).await?;
        let position = check::position(&mut *backend, &context.catalogue, assume.as_ref()).await?;
        Ok((backend.name(), position))
    }
}

fn entry(catalogue: &Catalogue, revision: &Revision, position: Option<&Position>) -> HistoryEntry {
    let includes = |head: Option<&str>| catalogue.graph.is_ancestor(Some(&revision.id), head);
    HistoryEntry {
        revision: revision.id.clone(),
        parents: revision.parents.clone(),
        created: revision.created.clone(),
        title: revision.title.clone(),
        release: catalogue.releases.first_with(includes).map(ToString::to_string),
        is_current: position.is_some_and(|at| at.revision.as_ref() == Some(&revision.id)),
    }
}
