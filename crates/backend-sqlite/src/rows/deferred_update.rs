//! Defers updates until their table is rebuilt.
//!
//! Updating a row in place copies its page into the journal, changes the page, and copies the row
//! again during the rebuild. So values that can wait are kept in a temporary table, in the order of
//! the rows' key. The rebuild reads them from the temporary table.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{KeyedUpdate, Row};
use rusqlite::Connection;

use super::run_each;
use crate::ddl::quote_identifier;
use crate::error::Context;
use crate::render::column_list;

/// The prefix of a temporary table's name, before the name of the table to update.
const PREFIX: &str = "_mlflow_migrate_late_";

/// Defers an update until its table is rebuilt, unless a trigger could see the difference.
///
/// With such a trigger, writes the values immediately.
pub(crate) fn update(
    connection: &Connection,
    update: &KeyedUpdate,
    rows: Vec<Row>,
    context: Context<'_>,
) -> Result<u64, Error> {
    let failed = |source| context.error(&format!("updating {}", update.table), source);
    if is_in_a_trigger(connection, update.table).map_err(failed)? {
        return super::update(connection, update, rows, context);
    }
    let name = quote_identifier(&format!("{PREFIX}{}", update.table));
    let (columns, key) = (column_list(update.columns), column_list(update.key));
    let key_columns: Vec<String> =
        update.key.iter().map(|column| format!("{} TEXT", quote_identifier(column))).collect();
    let create = format!(
        "CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({}, {columns}, PRIMARY KEY ({key})) \
         WITHOUT ROWID",
        key_columns.join(", ")
    );
    connection.execute_batch(&create).map_err(failed)?;
    let places = vec!["?"; update.columns.len() + update.key.len()].join(", ");
    let keep = format!("INSERT OR REPLACE INTO temp.{name} ({columns}, {key}) VALUES ({places})");
    run_each(connection, &keep, rows).map_err(failed)
}

fn is_in_a_trigger(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'trigger' \
               AND instr(lower(sql), lower(?1)))";
    connection.query_row(sql, [table], |row| row.get(0))
}

/// Writes the deferred values of all tables.
pub(crate) fn write_all(connection: &Connection, context: Context<'_>) -> Result<(), Error> {
    let tables = || {
        let sql = "SELECT substr(name, 1 + length(?1)) FROM sqlite_temp_schema \
                   WHERE type = 'table' AND substr(name, 1, length(?1)) = ?1";
        let mut list = connection.prepare(sql)?;
        list.query_map([PREFIX], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
    };
    let tables = tables().map_err(|source| context.error("reading what is to be written", source));
    for table in tables? {
        let deferred = Deferred::of(connection, &table);
        let written =
            deferred.and_then(|found| found.map_or(Ok(()), |found| found.write(connection)));
        written.map_err(|source| context.error(&format!("updating {table}"), source))?;
    }
    Ok(())
}

/// The deferred values of one table.
#[derive(Debug)]
pub(crate) struct Deferred {
    table: String,
    key: Vec<String>,
    columns: Vec<String>,
}

impl Deferred {
    /// Returns the deferred values of a table, if any exist.
    pub(crate) fn of(connection: &Connection, table: &str) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT name, pk > 0 FROM pragma_table_info(?1, 'temp')";
        let mut list = connection.prepare(sql)?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found = list.query_map([format!("{PREFIX}{table}")], read)?;
        let found = found.collect::<rusqlite::Result<Vec<(String, bool)>>>()?;
        let (key, columns): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, is_key)| *is_key);
        let names = |columns: Vec<(String, bool)>| columns.into_iter().map(|(name, _)| name);
        let deferred = Self {
            table: table.to_owned(),
            key: names(key).collect(),
            columns: names(columns).collect(),
        };
        Ok((!deferred.key.is_empty()).then_some(deferred))
    }

    fn name(&self) -> String {
        format!("temp.{}", quote_identifier(&format!("{PREFIX}{}", self.table)))
    }

    /// Returns the join to append to a `FROM` of the table with this alias.
    pub(crate) fn join(&self, alias: &str) -> String {
        format!(" LEFT JOIN {} AS late ON {}", self.name(), self.agree(alias))
    }

    /// Returns the expression for a column: the deferred value where one exists, or the stored
    /// value.
    pub(crate) fn value(&self, alias: &str, column: &str) -> String {
        let quoted = quote_identifier(column);
        match self.key.first().filter(|_| self.columns.iter().any(|deferred| deferred == column)) {
            Some(key) => {
                let key = quote_identifier(key);
                format!("CASE WHEN late.{key} IS NULL THEN {alias}.{quoted} ELSE late.{quoted} END")
            }
            None => format!("{alias}.{quoted}"),
        }
    }

    fn agree(&self, alias: &str) -> String {
        let agree = |column: &String| {
            let column = quote_identifier(column);
            format!("late.{column} = {alias}.{column}")
        };
        self.key.iter().map(agree).collect::<Vec<_>>().join(" AND ")
    }

    /// Writes the deferred values into the table.
    pub(crate) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let assign = |column: &String| {
            let column = quote_identifier(column);
            format!("{column} = late.{column}")
        };
        connection.execute_batch(&format!(
            "UPDATE main.{} AS written SET {} FROM {} AS late WHERE {}",
            quote_identifier(&self.table),
            self.columns.iter().map(assign).collect::<Vec<_>>().join(", "),
            self.name(),
            self.agree("written")
        ))?;
        self.discard(connection)
    }

    /// Discards the deferred values.
    pub(crate) fn discard(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(&format!("DROP TABLE {}", self.name()))
    }
}
