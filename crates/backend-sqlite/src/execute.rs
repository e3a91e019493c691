//! Makes the changes that [`crate::method`] has chosen.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::Table;
use rusqlite::{Connection, params};

use crate::connect::set_schema_writable;
use crate::ddl::quote_identifier;
use crate::error::Context;
use crate::late::Late;
use crate::method::{self, InPlace, Way};
use crate::preflight::Asked;
use crate::progress::{EACH_ROW, count_rows, rows_of};
use crate::rebuild::{CopyRows, Rebuild, temporary_name};
use crate::{inspect, render};

/// Makes one change, and tells how many rows were copied, if any had to be.
pub(crate) fn change(
    connection: &Connection,
    change: &TableChange,
    progress: &Progress,
    asked: &Asked,
    context: Context<'_>,
) -> Result<Option<u64>, Error> {
    rename_columns(connection, change, context)?;
    let mut change = method::after_renames(change)?;
    if let Some(before) = &mut change.before {
        keep_triggers(connection, before, &mut change.after, context)?;
    }
    let way = method::choose(&change)?;
    let executor = Executor { connection, change: &change, progress, asked, context };
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
            executor.write_late()?;
            executor.in_place(&in_place)?;
            executor.finish(false)?;
            Ok(None)
        }
        Way::Rebuild => executor.rebuild(),
    }
}

/// Gives columns their new names, in views and triggers too.
fn rename_columns(
    connection: &Connection,
    change: &TableChange,
    context: Context<'_>,
) -> Result<(), Error> {
    let renames = method::renames(change);
    if renames.is_empty() {
        return Ok(());
    }
    let table = &change.after.name;
    let run = |sql: &str| {
        connection
            .execute_batch(sql)
            .map_err(|source| context.error(&format!("changing table {table}"), source))
    };
    // With a writable schema SQLite leaves alone what it cannot parse, such as a view of the user's
    // over a table that is gone, where a rename would otherwise fail.
    let set_writable = |is_writable| {
        set_schema_writable(connection, is_writable)
            .map_err(|source| context.error(&format!("changing table {table}"), source))
    };
    set_writable(true)?;
    run("PRAGMA legacy_alter_table = OFF")?;
    for (from, to) in renames {
        run(&method::rename_column(&quote_identifier(table), &from, &to))?;
    }
    run("PRAGMA legacy_alter_table = ON")?;
    set_writable(false)
}

/// A trigger that is there stays as it is now: a rename may have changed its text.
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

struct Executor<'a> {
    connection: &'a Connection,
    change: &'a TableChange,
    progress: &'a Progress,
    asked: &'a Asked,
    context: Context<'a>,
}

impl Executor<'_> {
    fn table(&self) -> String {
        quote_identifier(&self.change.after.name)
    }

    fn run(&self, sql: &str) -> Result<(), Error> {
        self.connection.execute_batch(sql).map_err(|source| self.error(source))
    }

    fn error(&self, source: rusqlite::Error) -> Error {
        self.context.error(&format!("changing table {}", self.change.after.name), source)
    }

    fn rebuild(&self) -> Result<Option<u64>, Error> {
        let late = self.late()?;
        let rebuild = Rebuild::of(self.change, late.as_ref());
        self.run(&rebuild.create)?;
        let copied = self.copy(&rebuild.copy)?;
        if let Some(late) = late {
            late.discard(self.connection).map_err(|error| self.error(error))?;
        }
        self.keep_sequence()?;
        self.run(&rebuild.drop)?;
        self.run(&rebuild.rename)?;
        self.finish(true)?;
        Ok(Some(copied))
    }

    /// The values that have been kept for the table.
    fn late(&self) -> Result<Option<Late>, Error> {
        Late::of(self.connection, &self.change.after.name).map_err(|error| self.error(error))
    }

    fn write_late(&self) -> Result<(), Error> {
        let late = self.late()?;
        late.map_or(Ok(()), |late| late.write(self.connection)).map_err(|error| self.error(error))
    }

    fn copy(&self, rows: &CopyRows) -> Result<u64, Error> {
        let expected =
            rows_of(self.connection, &self.table()).map_err(|error| self.error(error))?;
        count_rows(self.connection, self.progress, Some(expected))
            .map_err(|error| self.error(error))?;
        let statement = rows.sql_where(EACH_ROW);
        let copied =
            self.connection.execute(&statement, []).map_err(|error| self.error(error))? as u64;
        if copied != expected {
            let problem = format!("{copied} rows of {expected} could be copied");
            let name = self.context.name.to_owned();
            return Err(Error::Corrupt { name, problem });
        }
        Ok(copied)
    }

    /// AUTOINCREMENT never gives a number twice, also not one of a row that was deleted.
    fn keep_sequence(&self) -> Result<(), Error> {
        if !self.change.after.options.autoincrement {
            return Ok(());
        }
        let name = &self.change.after.name;
        self.connection
            .execute(
                "UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = ?1) \
                 WHERE name = ?2 AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
                params![name, temporary_name(name)],
            )
            .map_err(|error| self.error(error))?;
        Ok(())
    }

    fn in_place(&self, in_place: &InPlace) -> Result<(), Error> {
        let table = self.table();
        for column in &in_place.added {
            self.run(&method::add_column(&table, column, &self.change.after))?;
        }
        if in_place.replaces_text {
            self.refuse_unfit_rows(in_place)?;
            self.replace_text()?;
        }
        Ok(())
    }

    /// What SQLite would not check by itself once the new text is in place, unless the preflight of
    /// this transaction has.
    fn refuse_unfit_rows(&self, in_place: &InPlace) -> Result<(), Error> {
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
            if self.asked.contains(&(self.change.after.name.clone(), constraint.clone())) {
                continue;
            }
            let sql = format!("SELECT count(*) FROM {} WHERE {is_unfit}", self.table());
            let count: i64 = self
                .connection
                .query_row(&sql, [], |row| row.get(0))
                .map_err(|error| self.error(error))?;
            if count > 0 {
                let (table, count) = (self.change.after.name.clone(), count.unsigned_abs());
                return Err(Error::Constraint { table, constraint, count, query: None });
            }
        }
        Ok(())
    }

    /// The procedure of SQLite's manual (lang_altertable, section 7). The new schema version makes
    /// every connection, this one too, read the schema again.
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

    /// The indexes of keys have no text of their own: SQLite finds them by their number, which
    /// follows from the order of the keys in the table's text. A new text is safe only if it gives
    /// every key the number that it has; an empty database shows whether it does.
    fn keys_keep_their_order(&self) -> Result<bool, Error> {
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

    /// Indexes and triggers, once the table has its shape.
    fn finish(&self, rebuilt: bool) -> Result<(), Error> {
        let before: Option<&Table> = self.change.before.as_ref();
        let (dropped, created) = method::index_changes(before, &self.change.after, rebuilt);
        for index in dropped {
            self.run(&format!("DROP INDEX {}", quote_identifier(&index.name)))?;
        }
        for index in created {
            self.run(&render::create_index(index, &self.change.after.name))?;
        }
        for trigger in method::new_triggers(self.change, rebuilt) {
            self.run(&trigger)?;
        }
        Ok(())
    }
}

/// The names and columns of the indexes that belong to keys.
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
