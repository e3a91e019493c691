//! Renders scripts for the program `sqlite3`.
//!
//! That program protects `sqlite_schema`, so a script rebuilds each table whose text this backend
//! would replace.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::row_checks::{Rules, rules};
use mlflow_migrate_core::plan::{ChangePlan, Plan, TableChange};
use mlflow_migrate_core::rows::inlined;
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{Schema, Table};
use mlflow_migrate_core::script::ScriptDialect;
use sea_query::{QueryStatement, SqliteQueryBuilder};

use crate::change;
use crate::ddl::quote_identifier;
use crate::preflight::row_checks::SPELLING;

/// Renders scripts for the program `sqlite3`.
#[derive(Clone, Copy, Debug)]
pub struct SqliteScript;

impl ScriptDialect for SqliteScript {
    fn platform(&self) -> &Platform {
        &Platform::SQLITE
    }

    fn client(&self) -> &'static str {
        "sqlite3 DATABASE < FILE"
    }

    /// Begins a transaction with foreign keys off, as SQLite's manual asks for.
    fn opening(&self) -> String {
        ".bail on\nPRAGMA foreign_keys = OFF;\nPRAGMA legacy_alter_table = ON;\nBEGIN IMMEDIATE;\n"
            .to_owned()
    }

    fn closing(&self) -> String {
        "COMMIT;\nPRAGMA legacy_alter_table = OFF;\n".to_owned()
    }

    /// Lets a CHECK fail whose name is the message.
    fn require(&self, condition: &str, message: &str) -> String {
        let message = quote_identifier(message);
        format!(
            "CREATE TEMP TABLE mlflow_migrate_guard \
             (failed INTEGER CONSTRAINT {message} CHECK (failed = 0));\n\
             INSERT INTO temp.mlflow_migrate_guard \
             SELECT CASE WHEN {condition} THEN 0 ELSE 1 END;\n\
             DROP TABLE temp.mlflow_migrate_guard;\n"
        )
    }

    fn say(&self, message: &str) -> String {
        format!(".print \"{}\"\n", message.replace(['"', '\\'], "'"))
    }

    fn change(&self, change: &TableChange) -> Result<ChangePlan, Error> {
        change::scripted(change)
    }

    fn rules(&self, plan: &Plan, live: &Schema) -> Vec<Rules> {
        rules(plan, live, SPELLING, &|_, _| false)
    }

    fn statement(&self, statement: &QueryStatement) -> String {
        inlined(statement, SqliteQueryBuilder)
    }

    /// Returns `None`: what is faster here are functions of the program.
    fn latest_metrics(&self, _: &Table) -> Option<Vec<String>> {
        None
    }

    fn drop_table(&self, table: &str) -> String {
        format!("DROP TABLE {}", quote_identifier(table))
    }
}
