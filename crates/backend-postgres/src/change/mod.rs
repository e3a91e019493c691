//! Changes tables.

mod describe;
mod dropped;
mod locks;
pub(crate) mod ownership;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Phase, Progress};
use mlflow_migrate_core::plan::TableChange;

use crate::database::Postgres;
use crate::render::{create_index, quote_identifier};
use crate::statements;

pub(crate) use self::describe::describe;
pub(crate) use self::dropped::drop_table;

/// Changes a table, statement by statement.
pub(crate) async fn apply(
    database: &mut Postgres,
    change: &TableChange,
    progress: &Progress,
) -> Result<(), Error> {
    let verb = if change.before.is_none() { "creating" } else { "changing" };
    let action = format!("{verb} table {}", change.after.name);
    let indexes = index_statements(change);
    for statement in describe(change)?.statements {
        match indexes.iter().position(|index| *index == statement) {
            Some(at) => {
                progress.enter(Phase::BuildingIndex { number: at + 1, count: indexes.len() });
            }
            None if change.before.is_some() => progress.enter(Phase::Changing),
            None => {}
        }
        database.reports_to(Some(progress.clone()));
        let done = statements::define(database, statement, &action).await;
        database.reports_to(None);
        done?;
    }
    let known = change.before.as_ref().map_or(&[][..], |before| &before.triggers);
    let has_new_triggers = change.after.triggers.iter().any(|it| !known.contains(it));
    if change.before.is_none() || has_new_triggers {
        ownership::give_to_owner(database, &change.after.name, &action).await?;
    }
    Ok(())
}

/// Returns the statements that build indexes on a table that has rows.
fn index_statements(change: &TableChange) -> Vec<String> {
    let Some(before) = &change.before else { return Vec::new() };
    let indexes = change.after.indexes.iter().filter(|index| !before.indexes.contains(index));
    indexes.map(|index| create_index(index, &change.after.name)).collect()
}

pub(crate) async fn drop_tables(database: &mut Postgres, tables: &[String]) -> Result<(), Error> {
    for table in tables {
        let sql = format!("DROP TABLE {}", quote_identifier(table));
        statements::define(database, sql, &format!("removing {table}")).await?;
    }
    Ok(())
}
