//! Changes tables.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableChange;

use crate::connect::Postgres;
use crate::method;
use crate::render::quote_identifier;

impl Postgres {
    /// Makes a change, statement by statement.
    pub(crate) async fn change_table(&mut self, change: &TableChange) -> Result<(), Error> {
        let verb = if change.before.is_none() { "creating" } else { "changing" };
        let action = format!("{verb} table {}", change.after.name);
        for statement in method::describe(change)?.statements {
            self.define(statement, &action).await?;
        }
        Ok(())
    }

    /// Drops tables.
    pub(crate) async fn remove_tables(&mut self, tables: &[String]) -> Result<(), Error> {
        for table in tables {
            let sql = format!("DROP TABLE {}", quote_identifier(table));
            self.define(sql, &format!("removing {table}")).await?;
        }
        Ok(())
    }
}
