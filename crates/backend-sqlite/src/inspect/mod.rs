//! Reads the schema of a live database.
//!
//! Constraint names, CHECKs and foreign-key clauses exist only in the table's text, so the text is
//! parsed. A table that cannot be read completely is not one of MLflow's. The model keeps its name,
//! and an upgrade does not touch the table.

mod index;
mod table;

use std::collections::HashMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::schema::{Schema, Table, Trigger};
use rusqlite::Connection;

use crate::error::Context;

pub use table::read_table;

/// Reads every table with its indexes and triggers.
pub(crate) fn schema(connection: &Connection, context: Context<'_>) -> Result<Schema, Error> {
    let stored =
        entries(connection).map_err(|source| context.error("reading the schema", source))?;
    let mut schema = Schema::default();
    for entry in stored.iter().filter(|entry| entry.kind == "table") {
        schema.insert(read_table(&entry.name, &entry.sql));
    }
    let mut tables: HashMap<String, &mut Table> =
        schema.tables.values_mut().map(|table| (table.name.to_ascii_lowercase(), table)).collect();
    for entry in stored {
        // SQLite stores a trigger's table as CREATE TRIGGER spells it, in any case.
        let Some(table) = tables.get_mut(&entry.table.to_ascii_lowercase()) else { continue };
        match entry.kind.as_str() {
            "index" => table.indexes.push(index::read(entry.name, entry.sql)),
            "trigger" => table.triggers.push(Trigger::new(&entry.name, &entry.sql)),
            _ => {}
        }
    }
    Ok(schema)
}

/// Returns the names of all tables.
pub(crate) fn table_names(
    connection: &Connection,
    context: Context<'_>,
) -> Result<Vec<String>, Error> {
    let stored =
        entries(connection).map_err(|source| context.error("reading the schema", source))?;
    let tables = stored.into_iter().filter(|entry| entry.kind == "table");
    Ok(tables.map(|table| table.name).collect())
}

struct Entry {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = connection.prepare(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema \
         WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN (?1, ?2) \
         ORDER BY rowid",
    )?;
    let version_tables = GraphName::ALL.map(|graph| graph.version_table().name());
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Entry { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    };
    statement.query_map(version_tables, read)?.collect()
}
