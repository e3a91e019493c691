//! Renders scripts for the program `psql`.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::row_checks::{Rules, rules};
use mlflow_migrate_core::plan::{ChangePlan, Plan, TableChange};
use mlflow_migrate_core::rows::inlined;
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{Schema, Table};
use mlflow_migrate_core::script::{ScriptDialect, ended};
use sea_query::{PostgresQueryBuilder, QueryStatement};

use crate::preflight::row_checks::{SPELLING, is_checked_again};
use crate::render::{quote_identifier, quote_literal};
use crate::{change, latest_metrics};

/// Begins a transaction that finds names in the current schema and the server's own only, and in
/// which the backslashes of a string stand for themselves.
const OPENING: &str = "\\set ON_ERROR_STOP on
BEGIN;
DO $mlflow_migrate$ BEGIN
  PERFORM pg_catalog.set_config('search_path', pg_catalog.quote_ident(pg_catalog.current_schema()::pg_catalog.text) OPERATOR(pg_catalog.||) ', pg_temp', true);
END $mlflow_migrate$;
SET LOCAL standard_conforming_strings = on;
";

/// Renders scripts for the program `psql`.
#[derive(Clone, Copy, Debug)]
pub struct PostgresScript;

impl ScriptDialect for PostgresScript {
    fn platform(&self) -> &Platform {
        &Platform::POSTGRES
    }

    fn client(&self) -> &'static str {
        "psql -X -d DATABASE -f FILE"
    }

    fn opening(&self) -> String {
        OPENING.to_owned()
    }

    fn closing(&self) -> String {
        "COMMIT;\n".to_owned()
    }

    /// Raises the message as an exception.
    fn require(&self, condition: &str, message: &str) -> String {
        let message = quote_literal(message);
        format!(
            "DO $mlflow_migrate$ BEGIN\n  IF NOT coalesce({condition}, false) THEN \
             RAISE EXCEPTION USING MESSAGE = {message}; END IF;\nEND $mlflow_migrate$;\n"
        )
    }

    fn say(&self, message: &str) -> String {
        format!("\\echo {}\n", quote_literal(&message.replace('\\', "/")))
    }

    fn change(&self, change: &TableChange) -> Result<ChangePlan, Error> {
        let mut method = change::describe(change)?;
        for statement in &mut method.statements {
            *statement = ended(statement);
        }
        Ok(method)
    }

    fn rules(&self, plan: &Plan, live: &Schema) -> Vec<Rules> {
        rules(plan, live, SPELLING, &is_checked_again)
    }

    fn statement(&self, statement: &QueryStatement) -> String {
        inlined(statement, PostgresQueryBuilder)
    }

    fn latest_metrics(&self, _: &Table) -> Option<Vec<String>> {
        Some([latest_metrics::EMPTY, latest_metrics::FILL].map(ToOwned::to_owned).to_vec())
    }

    fn drop_table(&self, table: &str) -> String {
        format!("DROP TABLE {}", quote_identifier(table))
    }
}
