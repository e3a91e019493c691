use clap::Args;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::error::TargetError;
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::report::live_script::live_script;
use mlflow_migrate_core::report::preview::preview;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::{Error, UpgradeOptions};

use super::sql::{part_of, script_options};
use crate::Context;
use crate::arguments::UpgradeArguments;
use crate::graphs::GraphArgument;
use crate::outcome::{OfDatabase, Outcome, Planned};

/// Show what an upgrade would do, and change nothing
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate plan mlruns.db --to 2.9.2
  mlflow-migrate plan mlruns.db --sql")]
pub(crate) struct Plan {
    #[command(flatten)]
    upgrade: UpgradeArguments,

    /// Print the upgrade as a script for psql, mysql, mariadb or sqlite3
    #[arg(long)]
    sql: bool,

    /// Which part of the script, with --sql
    #[arg(long, value_name = "N", requires = "sql", default_value = "1")]
    part: usize,

    /// Upgrade one revision at a time and stamp each, as Alembic does, instead of merging changes
    #[arg(long)]
    step_by_step: bool,

    /// Leave rows that MLflow no longer reads to `mlflow-migrate cleanup`
    #[arg(long, conflicts_with = "sql")]
    defer_cleanup: bool,

    #[command(flatten)]
    graph: GraphArgument,
}

impl Plan {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut options = self.upgrade.options(context)?;
        options.step_by_step = self.step_by_step;
        options.data.defers_cleanup = self.defer_cleanup;
        let mut backend = self.upgrade.open(context).await?;
        let unclear = self.upgrade.unclear(&options);
        let mut outcomes = Vec::new();
        for graph in self.graph.of(&mut *backend, context, &unclear).await? {
            let catalogue = context.catalogue_of(graph);
            options.assume = self.upgrade.assumption(catalogue)?;
            let outcome = self.of(catalogue, &mut *backend, &options).await?;
            outcomes.push((graph, outcome));
        }
        Ok(Outcome::of_graphs(outcomes))
    }

    async fn of(
        &self,
        catalogue: &Catalogue,
        backend: &mut dyn Backend,
        options: &UpgradeOptions,
    ) -> Result<Outcome, Error> {
        if self.sql && catalogue.name != GraphName::Tracking {
            let graph = catalogue.name;
            return Err(Error::Target(TargetError::NoScript { graph }));
        }
        let preview = preview(backend, catalogue, options).await?;
        let mut sql = None;
        if self.sql {
            let scripts = script_options(self.step_by_step);
            let script = live_script(backend, catalogue, options, &scripts).await?;
            let dialect = match backend.platform().dialect {
                Dialect::Sqlite => "sqlite",
                Dialect::Postgres => "postgres",
                Dialect::Mysql => "mysql",
            };
            sql = Some(part_of(script, self.part, dialect)?);
        }
        let database = backend.name();
        Ok(Outcome::Plan(OfDatabase { database, result: Planned { preview, sql } }))
    }
}
