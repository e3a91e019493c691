//! Changes a table without rewriting its rows.

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ConstraintError;
use rusqlite::{Connection, params};

use super::executor::Executor;
use super::method::InPlace;
use super::objects::add_column;
use crate::connection::set_schema_writable;
use crate::ddl::quote_identifier;
use crate::render;

/// The tables and constraints whose rows were already checked in this transaction.
///
/// No other session writes in the same transaction. A check before a data migration does not cover
/// the rows that the migration writes, so such checks are not included.
pub(crate) type Asked = BTreeSet<(String, String)>;

impl Executor<'_> {
    pub(super) fn in_place(&self, in_place: &InPlace, asked: &Asked) -> Result<(), Error> {
        let table = self.table();
        for column in &in_place.added {
            self.run(&add_column(&table, column, &self.change.after))?;
        }
        if in_place.replaces_text {
            self.refuse_unfit_rows(in_place, asked)?;
            self.replace_text()?;
        }
        Ok(())
    }

    /// Refuses rows that violate the new text's constraints, which SQLite does not check.
    ///
    /// Skips what the preflight of this transaction has checked.
    fn refuse_unfit_rows(&self, in_place: &InPlace, asked: &Asked) -> Result<(), Error> {
        let not_null = in_place.not_null.iter().map(|column| {
            (format!("NOT NULL of {column}"), format!("{} IS NULL", quote_identifier(column)))
        });
        let checks = in_place.checks.iter().map(|check| {
            (
                format!("CHECK ({})", check.expression),
                format!("NOT {}", render::parenthesised(&check.expression)),
            )
        });
        for (constraint, is_unfit) in not_null.chain(checks) {
            if asked.contains(&(self.change.after.name.clone(), constraint.clone())) {
                continue;
            }
            let sql = format!("SELECT count(*) FROM {} WHERE {is_unfit}", self.table());
            let count: i64 = self
                .connection
                .query_row(&sql, [], |row| row.get(0))
                .map_err(|error| self.error(error))?;
            if count > 0 {
                let (table, count) = (self.change.after.name.clone(), count.unsigned_abs());
                let query = None;
                return Err(ConstraintError::Violated { table, constraint, count, query }.into());
            }
        }
        Ok(())
    }

    /// Replaces the table's text by the procedure of SQLite's manual (lang_altertable, section 7).
    ///
    /// The new schema version makes every connection, including this one, read the schema again.
    fn replace_text(&self) -> Result<(), Error> {
        let replace = || {
            let version: i64 =
                self.connection.pragma_query_value(None, "schema_version", |row| row.get(0))?;
            set_schema_writable(self.connection, true)?;
            let changed = self.connection.execute(
                "UPDATE sqlite_schema SET sql = ?1 WHERE type = 'table' AND name = ?2",
                params![render::create_table(&self.change.after), self.change.after.name],
            )?;
            self.connection.pragma_update(None, "schema_version", version + 1)?;
            set_schema_writable(self.connection, false)?;
            if changed == 1 { Ok(()) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
        };
        replace().map_err(|error| self.error(error))
    }

    /// Returns whether the new text gives every key the index number that the key has.
    ///
    /// The indexes of keys have no text. SQLite finds each by its number, which follows from the
    /// order of the keys in the table's text. A new text is safe only if the numbers stay. A
    /// scratch database shows whether they do.
    pub(super) fn keys_keep_their_order(&self) -> Result<bool, Error> {
        let compare = || {
            let scratch = Connection::open_in_memory()?;
            scratch.execute_batch(&render::create_table(&self.change.after))?;
            let name = &self.change.after.name;
            Ok(automatic_indexes(&scratch, name)?
                == self.renamed(automatic_indexes(self.connection, name)?))
        };
        compare().map_err(|error| self.error(error))
    }

    fn renamed(&self, mut indexes: Vec<(String, Vec<String>)>) -> Vec<(String, Vec<String>)> {
        for column in indexes.iter_mut().flat_map(|(_, columns)| columns) {
            let new = self.change.after.columns.iter().find(|one| one.live_name() == column);
            if let Some(new) = new {
                column.clone_from(&new.name);
            }
        }
        indexes
    }
}

/// Returns the names and columns of the indexes that belong to keys.
fn automatic_indexes(
    connection: &Connection,
    table: &str,
) -> rusqlite::Result<Vec<(String, Vec<String>)>> {
    let mut list = connection.prepare(
        "SELECT name FROM pragma_index_list(?1) WHERE origin IN ('u', 'pk') ORDER BY name",
    )?;
    let names: Vec<String> =
        list.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut indexes = Vec::with_capacity(names.len());
    for name in names {
        let mut info =
            connection.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
        let columns =
            info.query_map([&name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        indexes.push((name, columns));
    }
    Ok(indexes)
}
