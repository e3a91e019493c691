use std::path::PathBuf;

use clap::Args;
use mlflow_migrate_core::data::DataOptions;
use mlflow_migrate_core::report::graphs::graphs_present;
use mlflow_migrate_core::{Error, report::check};

use crate::arguments::DatabaseArguments;
use crate::outcome::{OfDatabase, Outcome, Restored};
use crate::{Context, clock};

/// Restore an SQLite database from a backup that `upgrade --backup` made
///
/// What the database holds now is kept beside it. Stop the MLflow server first. A database that another
/// program reads or writes is refused; one that is only open looks like one that is not.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate restore mlruns.db
  mlflow-migrate restore mlruns.db --from copy.db")]
pub(crate) struct Restore {
    #[command(flatten)]
    database: DatabaseArguments,

    /// The backup [default: the newest one beside the database]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

impl Restore {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let (database, options) = (self.database.database(context)?, self.database.connecting());
        let backup = database.backup(self.from.as_deref()).await?;
        let mut copy = backup.open(&options, false, context).await?;
        let graphs = graphs_present(&mut *copy, &context.catalogue, &context.auth).await?;
        let graph = graphs.first().copied().unwrap_or_default();
        let catalogue = context.catalogue_of(graph);
        let assume = self.database.assumption(catalogue)?;
        let position = check::position(&mut *copy, catalogue, assume.as_ref()).await?;
        drop(copy);
        let moment = clock::file_name_stamp(DataOptions::default().now_ms);
        let kept = database.restore(&backup, &moment, &options).await?;
        let result = Restored {
            backup: backup.shown(),
            kept: kept.map(|path| path.display().to_string()),
            position,
        };
        let outcome = Outcome::Restore(OfDatabase { database: database.shown(), result });
        Ok(Outcome::of_graphs(vec![(graph, outcome)]))
    }
}
