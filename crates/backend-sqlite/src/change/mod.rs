//! Changes tables, and describes the changes.

mod describe;
mod executor;
mod in_place;
mod method;
mod objects;
mod rebuild;
mod renames;
mod script;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::Table;
use rusqlite::Connection;

use self::executor::Executor;
use self::method::{Way, choose};
use self::renames::{after_renames, rename_column, renames};
use crate::connection::set_schema_writable;
use crate::ddl::quote_identifier;
use crate::error::Context;
use crate::{inspect, render};

pub(crate) use describe::{describe, without_foreign_key};
pub(crate) use in_place::Asked;
pub(crate) use rebuild::temporary_name;
pub(crate) use script::scripted;

/// Executes one change, and returns the number of copied rows, if the table was rebuilt.
pub(crate) fn apply(
    connection: &Connection,
    change: &TableChange,
    progress: &Progress,
    asked: &Asked,
    context: Context<'_>,
) -> Result<Option<u64>, Error> {
    rename_columns(connection, change, context)?;
    let mut change = after_renames(change)?;
    if let Some(before) = &mut change.before {
        keep_triggers(connection, before, &mut change.after, context)?;
    }
    let way = choose(&change)?;
    let executor = Executor { connection, change: &change, progress, context };
    match way {
        Way::Create => {
            executor.run(&render::create_table(&change.after))?;
            executor.finish(false)?;
            Ok(None)
        }
        Way::InPlace(in_place) => {
            if in_place.replaces_text && !executor.keys_keep_their_order()? {
                return executor.rebuild();
            }
            executor.write_deferred()?;
            executor.in_place(&in_place, asked)?;
            executor.finish(false)?;
            Ok(None)
        }
        Way::Rebuild => executor.rebuild(),
    }
}

/// Renames columns, in views and triggers too.
fn rename_columns(
    connection: &Connection,
    change: &TableChange,
    context: Context<'_>,
) -> Result<(), Error> {
    let renames = renames(change);
    if renames.is_empty() {
        return Ok(());
    }
    let table = &change.after.name;
    let run = |sql: &str| {
        connection
            .execute_batch(sql)
            .map_err(|source| context.error(&format!("changing table {table}"), source))
    };
    // With a writable schema, SQLite skips what it cannot parse, such as a user's view over a
    // missing table. Otherwise the rename would fail.
    let set_writable = |is_writable| {
        set_schema_writable(connection, is_writable)
            .map_err(|source| context.error(&format!("changing table {table}"), source))
    };
    set_writable(true)?;
    run("PRAGMA legacy_alter_table = OFF")?;
    for (from, to) in renames {
        run(&rename_column(&quote_identifier(table), &from, &to))?;
    }
    run("PRAGMA legacy_alter_table = ON")?;
    set_writable(false)
}

/// Keeps existing triggers with their current text, which a rename may have changed.
fn keep_triggers(
    connection: &Connection,
    before: &mut Table,
    after: &mut Table,
    context: Context<'_>,
) -> Result<(), Error> {
    if before.triggers.is_empty() {
        return Ok(());
    }
    let live = inspect::schema(connection, context)?;
    let Some(live) = live.table(&before.name) else { return Ok(()) };
    for trigger in before.triggers.iter_mut().chain(&mut after.triggers) {
        if let Some(now) = live.triggers.iter().find(|now| now.name == trigger.name) {
            trigger.definition.clone_from(&now.definition);
        }
    }
    Ok(())
}

/// Drops tables that an interrupted upgrade has left.
pub(crate) fn drop_tables(
    connection: &Connection,
    leftovers: &[String],
    context: Context<'_>,
) -> Result<(), Error> {
    for table in leftovers {
        let sql = format!("DROP TABLE {}", quote_identifier(table));
        connection
            .execute_batch(&sql)
            .map_err(|source| context.error(&format!("removing {table}"), source))?;
    }
    Ok(())
}
