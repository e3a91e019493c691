//! Chooses the cheapest way to change a table.
//!
//! SQLite's ALTER TABLE adds and renames columns, and no more. Where nothing that is stored in the
//! rows changes (a longer VARCHAR, a CHECK, NOT NULL or foreign key), the text in `sqlite_schema`
//! is replaced, which its manual documents (lang_altertable, section 7, "a simpler and faster
//! procedure"). Everything else is one rebuild, however many revisions ask for one.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::platform::Dialect::Sqlite;
use mlflow_migrate_core::schema::{Check, Column, Table};

use crate::render;

/// How a table is changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    /// It does not exist yet.
    Create,
    /// Its rows stay as they are.
    InPlace(InPlace),
    /// Its rows are copied into a new table.
    Rebuild,
}

/// What is done to a table whose rows stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct InPlace {
    /// Columns that are added at the end.
    pub(super) added: Vec<Column>,
    /// Whether the stored text of the table is replaced.
    pub(super) replaces_text: bool,
    /// Columns that must hold no NULL for that.
    pub(super) not_null: Vec<String>,
    /// Conditions that every row must satisfy for that.
    pub(super) checks: Vec<Check>,
}

/// Chooses the way. No column gets another name any more.
///
/// # Errors
/// If the table would have to be written anew, and the model cannot express it.
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

/// Whether rows written for `before` can be read as rows of `after`: the same columns in the same
/// places with the same affinity, then perhaps new ones with a constant default; and the same keys,
/// since they are indexes.
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
        // Rows from before an ADD COLUMN take the default when they are read.
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

/// The affinity of a declared type, by the rules of SQLite's manual (datatype3, section 3.1).
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
