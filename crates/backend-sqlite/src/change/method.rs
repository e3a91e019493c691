//! Chooses the cheapest method to change a table.
//!
//! SQLite's ALTER TABLE only adds and renames columns. Some changes leave the stored rows as they
//! are: a longer VARCHAR, a CHECK, NOT NULL or foreign key. For these, the text in `sqlite_schema`
//! is replaced, as the manual documents (lang_altertable, section 7, "a simpler and faster
//! procedure"). Any other change is a rebuild: one for each table, whatever the number of
//! revisions.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::platform::Dialect::Sqlite;
use mlflow_migrate_core::schema::{Check, Column, Table};

use crate::render;

/// The method by which a table is changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    /// The table does not exist yet, and is created.
    Create,
    /// The rows stay as they are.
    InPlace(InPlace),
    /// The rows are copied into a new table.
    Rebuild,
}

/// The changes of a table whose rows stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct InPlace {
    /// Columns to add at the end.
    pub(super) added: Vec<Column>,
    /// Whether the table's stored text is replaced.
    pub(super) replaces_text: bool,
    /// Columns that must hold no NULL for the new text.
    pub(super) not_null: Vec<String>,
    /// Conditions that every row must satisfy for the new text.
    pub(super) checks: Vec<Check>,
}

/// Chooses the method. Columns must already have their new names.
///
/// # Errors
/// If the table's text must be written again, but the model cannot express the table.
pub(super) fn choose(change: &TableChange) -> Result<Way, Error> {
    let Some(before) = &change.before else { return Ok(Way::Create) };
    let way = if stores_the_same(before, &change.after) {
        Way::InPlace(in_place(before, &change.after))
    } else {
        Way::Rebuild
    };
    let rewrites = match &way {
        Way::Create => false,
        Way::InPlace(in_place) => in_place.replaces_text,
        Way::Rebuild => true,
    };
    if rewrites && !before.inexpressible.is_empty() {
        return Err(Error::Inexpressible {
            table: before.name.clone(),
            obstacles: before.inexpressible.clone(),
        });
    }
    Ok(way)
}

/// Returns whether rows written for `before` can be read as rows of `after`.
///
/// The columns must be the same, in the same places and with the same affinity. New columns with a
/// constant default may follow. The keys must be the same too, since they are indexes.
fn stores_the_same(before: &Table, after: &Table) -> bool {
    let key_columns = |table: &Table| -> Vec<Vec<String>> {
        let keys = table.primary_key.iter().map(|key| &key.columns);
        let uniques = table.uniques.iter().map(|unique| &unique.columns);
        let live = |name: &String| {
            let column = table.find_column(name);
            column.map_or_else(|| name.clone(), |column| column.live_name().to_owned())
        };
        keys.chain(uniques).map(|columns| columns.iter().map(live).collect()).collect()
    };
    before.columns.len() <= after.columns.len()
        && before.columns.iter().zip(&after.columns).all(|(old, new)| is_same_in_rows(old, new))
        && after.columns.iter().skip(before.columns.len()).all(can_be_added)
        && key_columns(before) == key_columns(after)
        && before.options == after.options
}

fn is_same_in_rows(old: &Column, new: &Column) -> bool {
    old.name == new.live_name()
        && affinity(&old.column_type.sql(Sqlite)) == affinity(&new.column_type.sql(Sqlite))
        && old.generated == new.generated
        && old.collation == new.collation
        // Rows from before an ADD COLUMN get the default when they are read.
        && default_of(old) == default_of(new)
}

fn default_of(column: &Column) -> Option<String> {
    column.default.as_ref().map(|default| default.sql(Sqlite).into_owned())
}

fn can_be_added(column: &Column) -> bool {
    let constant =
        column.default.as_ref().is_none_or(|default| render::is_constant(&default.sql(Sqlite)));
    column.generated.is_none()
        && column.renamed_from.is_none()
        && constant
        && (column.nullable || column.default.is_some())
}

fn in_place(before: &Table, after: &Table) -> InPlace {
    let shared = before.columns.iter().zip(&after.columns);
    let tightened = shared.clone().filter(|(old, new)| old.nullable && !new.nullable);
    let checks = after.checks.iter().filter(|check| !before.checks.contains(check));
    let types_differ = shared.clone().any(|(old, new)| {
        old.column_type.sql(Sqlite) != new.column_type.sql(Sqlite) || old.nullable != new.nullable
    });
    let keys_differ = before.foreign_keys != after.foreign_keys
        || before.checks != after.checks
        || name_of_key(before) != name_of_key(after)
        || names_of_uniques(before) != names_of_uniques(after);
    InPlace {
        added: after.columns.iter().skip(before.columns.len()).cloned().collect(),
        replaces_text: types_differ || keys_differ,
        not_null: tightened.map(|(_, new)| new.name.clone()).collect(),
        checks: checks.cloned().collect(),
    }
}

fn name_of_key(table: &Table) -> Option<&str> {
    table.primary_key.as_ref()?.name.as_deref()
}

fn names_of_uniques(table: &Table) -> Vec<Option<&str>> {
    table.uniques.iter().map(|unique| unique.name.as_deref()).collect()
}

/// Returns the affinity of a declared type, by SQLite's rules (datatype3, section 3.1).
fn affinity(declared: &str) -> &'static str {
    let declared = declared.to_ascii_uppercase();
    let has = |part: &str| declared.contains(part);
    if has("INT") {
        "INTEGER"
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        "TEXT"
    } else if has("BLOB") || declared.is_empty() {
        "BLOB"
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        "REAL"
    } else {
        "NUMERIC"
    }
}
