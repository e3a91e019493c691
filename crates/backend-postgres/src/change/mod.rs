//! Changes tables.

pub(crate) mod describe;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::TableChange;
use sqlx::Row as _;

use crate::connect::Postgres;
use crate::render::quote_identifier;

impl Postgres {
    /// Makes a change, statement by statement.
    pub(crate) async fn change_table(&mut self, change: &TableChange) -> Result<(), Error> {
        let verb = if change.before.is_none() { "creating" } else { "changing" };
        let action = format!("{verb} table {}", change.after.name);
        for statement in describe::describe(change)?.statements {
            self.define(statement, &action).await?;
        }
        let known = change.before.as_ref().map_or(&[][..], |before| &before.triggers);
        let has_new_triggers = change.after.triggers.iter().any(|it| !known.contains(it));
        if change.before.is_none() || has_new_triggers {
            self.give_to_owner(&change.after.name, &action).await?;
        }
        Ok(())
    }

    /// Gives a new table, its sequences and its triggers' functions to the role that owns the tables that
    /// were there: MLflow may have no rights but its own.
    pub(crate) async fn give_to_owner(&mut self, table: &str, action: &str) -> Result<(), Error> {
        const OWNER: &str = "SELECT pg_get_userbyid(c.relowner)::text FROM pg_class c \
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 \
            AND c.relname IN ('experiments', 'alembic_version') AND c.relkind IN ('r', 'p') \
            ORDER BY c.relname DESC LIMIT 1";
        const FUNCTIONS: &str = "SELECT p.oid::regprocedure::text FROM pg_trigger t \
            JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid \
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.oid = p.pronamespace \
            WHERE n.nspname = $1 AND c.relname = $2 AND NOT t.tgisinternal \
            AND pg_get_userbyid(p.proowner) = current_user";
        let owner = self.catalog(OWNER, action).await?;
        let owner = owner.first().map(|row| row.try_get::<String, _>(0)).transpose();
        let owner = owner.map_err(|source| self.context().error(action, source))?;
        let Some(owner) = owner.filter(|owner| *owner != self.user) else { return Ok(()) };
        let owner = quote_identifier(&owner);
        let query = sqlx::query(FUNCTIONS).bind(self.schema.clone()).bind(table);
        let functions = match self.line.rows(query.fetch(&mut self.connection)).await {
            Ok(rows) => rows.iter().map(|row| row.try_get::<String, _>(0)).collect(),
            Err(source) => Err(source),
        };
        let functions: Vec<String> = match functions {
            Ok(functions) => functions,
            Err(source) => return Err(self.failed(action, source).await),
        };
        for function in functions {
            self.define(format!("ALTER FUNCTION {function} OWNER TO {owner}"), action).await?;
        }
        let table = quote_identifier(table);
        self.define(format!("ALTER TABLE {table} OWNER TO {owner}"), action).await
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
