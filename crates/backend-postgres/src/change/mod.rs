//! Changes tables.

mod describe;
mod locks;
pub(crate) mod ownership;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::TableChange;

use crate::database::Postgres;
use crate::render::quote_identifier;
use crate::statements;

pub(crate) use self::describe::describe;

/// Changes a table, statement by statement.
pub(crate) async fn apply(database: &mut Postgres, change: &TableChange) -> Result<(), Error> {
    let verb = if change.before.is_none() { "creating" } else { "changing" };
    let action = format!("{verb} table {}", change.after.name);
    for statement in describe(change)?.statements {
        statements::define(database, statement, &action).await?;
    }
    let known = change.before.as_ref().map_or(&[][..], |before| &before.triggers);
    let has_new_triggers = change.after.triggers.iter().any(|it| !known.contains(it));
    if change.before.is_none() || has_new_triggers {
        ownership::give_to_owner(database, &change.after.name, &action).await?;
    }
    Ok(())
}

pub(crate) async fn drop_tables(database: &mut Postgres, tables: &[String]) -> Result<(), Error> {
    for table in tables {
        let sql = format!("DROP TABLE {}", quote_identifier(table));
        statements::define(database, sql, &format!("removing {table}")).await?;
    }
    Ok(())
}
