use clap::Args;
use mlflow_migrate_core::{Error, check};

use crate::Context;
use crate::arguments::DatabaseArguments;
use crate::outcome::{self, Outcome};

/// Tell at which revision a database is
#[derive(Args, Debug)]
pub(crate) struct Current {
    #[command(flatten)]
    database: DatabaseArguments,
}

impl Current {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let assume = self.database.assumption(catalogue)?;
        let mut backend = self.database.open(context).await?;
        let position = check::position(&mut *backend, catalogue, assume.as_ref()).await?;
        let revision = position.revision.as_deref().and_then(|id| catalogue.graph.get(id));
        Ok(Outcome::Current(outcome::Current {
            database: backend.name(),
            title: revision.map(|revision| revision.title.clone()),
            created: revision.map(|revision| revision.created.clone()),
            is_head: position.is_head(),
            position,
        }))
    }
}
