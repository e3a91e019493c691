//! Chooses the cheapest way to change a table.
//!
//! SQLite's ALTER TABLE adds and renames columns, and no more. Where nothing that is stored in the
//! rows changes (a longer VARCHAR, a CHECK, NOT NULL or foreign key), the text in `sqlite_schema`
//! is replaced, which its manual documents (lang_altertable, section 7, "a simpler and faster
//! procedure"). Everything else is one rebuild, however many revisions ask for one.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{ChangePlan, TableChange};
use mlflow_migrate_core::schema::op::{Op, TableEdit};
use mlflow_migrate_core::schema::platform::Dialect::Sqlite;
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{Check, Column, Index, Schema, Table};

use crate::ddl::quote_identifier;
use crate::rebuild::Rebuild;
use crate::render;

/// How a table is changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Way {
    /// It does not exist yet.
    Create,
    /// Its rows stay as they are.
    InPlace(InPlace),
    /// Its rows are copied into a new table.
    Rebuild,
}

/// What is done to a table whose rows stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct InPlace {
    /// Columns that are added at the end.
    pub(crate) added: Vec<Column>,
    /// Whether the stored text of the table is replaced.
    pub(crate) replaces_text: bool,
    /// Columns that must hold no NULL for that.
    pub(crate) not_null: Vec<String>,
    /// Conditions that every row must satisfy for that.
    pub(crate) checks: Vec<Check>,
}

/// The columns that get another name, which comes before everything else: SQLite then puts it into
/// whatever names the column.
pub(crate) fn renames(change: &TableChange) -> Vec<(String, String)> {
    let columns = change.before.iter().flat_map(|_| &change.after.columns);
    let renamed = columns.filter(|column| column.live_name() != column.name);
    renamed.map(|column| (column.live_name().to_owned(), column.name.clone())).collect()
}

/// The change that is left once the columns have their names.
///
/// # Errors
/// If the table lacks one of them.
pub(crate) fn after_renames(change: &TableChange) -> Result<TableChange, Error> {
    let mut left = change.clone();
    left.after.settle();
    let Some(before) = left.before.take() else { return Ok(left) };
    let table = before.name.clone();
    let mut schema = Schema::default();
    schema.insert(before);
    for (from, to) in renames(change) {
        let op = Op::Alter { table: table.clone(), edit: TableEdit::RenameColumn { from, to } };
        schema
            .apply(&op, &Platform::SQLITE)
            .map_err(|source| Error::Edit { revision: "(a renamed column)".to_owned(), source })?;
    }
    schema.settle();
    left.before = schema.tables.remove(&table);
    Ok(left)
}

/// Chooses the way. No column gets another name any more.
///
/// # Errors
/// If the table would have to be written anew, and the model cannot express it.
pub(crate) fn choose(change: &TableChange) -> Result<Way, Error> {
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

/// The indexes that go and those that come. A rebuild drops every index with the old table.
pub(crate) fn index_changes<'a>(
    before: Option<&'a Table>,
    after: &'a Table,
    rebuilds: bool,
) -> (Vec<&'a Index>, Vec<&'a Index>) {
    let known = before.map_or(&[][..], |table| &table.indexes);
    if rebuilds {
        return (Vec::new(), after.indexes.iter().collect());
    }
    // A renamed column's indexes follow by themselves.
    let renamed = |index: &Index| {
        let mut index = index.clone();
        for column in &mut index.columns {
            let new = after.columns.iter().find(|one| one.live_name() == column.name);
            if let Some(new) = new {
                column.name.clone_from(&new.name);
            }
        }
        index
    };
    let dropped = known.iter().filter(|index| !after.indexes.contains(&renamed(index)));
    let created =
        after.indexes.iter().filter(|index| !known.iter().any(|one| renamed(one) == **index));
    (dropped.collect(), created.collect())
}

/// The way in words and statements.
pub(crate) fn describe(change: &TableChange) -> Result<ChangePlan, Error> {
    let name = quote_identifier(&change.after.name);
    let mut statements = Vec::new();
    let mut parts = Vec::new();
    for (from, to) in renames(change) {
        parts.push(format!("rename column {from} to {to}"));
        statements.push(rename_column(&name, &from, &to));
    }
    let change = &after_renames(change)?;
    let way = choose(change)?;
    let after = &change.after;
    let mut scans = false;
    match &way {
        Way::Create => {
            parts.push("create".to_owned());
            statements.push(render::create_table(after));
        }
        Way::InPlace(in_place) => {
            if !in_place.added.is_empty() {
                let added: Vec<&str> = in_place.added.iter().map(|one| one.name.as_str()).collect();
                parts.push(format!("add column {}", added.join(", ")));
                statements
                    .extend(in_place.added.iter().map(|column| add_column(&name, column, after)));
            }
            if in_place.replaces_text {
                parts.push("replace the stored definition".to_owned());
                statements.push(replace_text(after));
            }
            scans = !in_place.not_null.is_empty() || !in_place.checks.is_empty();
        }
        Way::Rebuild => {
            parts.push("rebuild".to_owned());
            statements.extend(Rebuild::of(change, None).statements());
        }
    }
    let rebuilds = way == Way::Rebuild;
    let (dropped, created) = index_changes(change.before.as_ref(), after, rebuilds);
    for index in dropped {
        parts.push(format!("drop index {}", index.name));
        statements.push(format!("DROP INDEX {}", quote_identifier(&index.name)));
    }
    for index in created {
        if !rebuilds && way != Way::Create {
            parts.push(format!("create index {}", index.name));
            scans = true;
        }
        statements.push(render::create_index(index, &after.name));
    }
    statements.extend(new_triggers(change, rebuilds));
    Ok(ChangePlan { summary: parts.join("; "), statements, rebuilds, scans: scans || rebuilds })
}

/// Makes a table anew, in statements for people; none if the model cannot express it.
pub(crate) fn remake(change: &TableChange) -> Vec<String> {
    if change.before.iter().any(|before| !before.inexpressible.is_empty()) {
        return Vec::new();
    }
    // Dropping the old table must not delete what references it, and views over it stay as they are.
    let begin = ["PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = ON", "BEGIN"];
    let mut statements: Vec<String> = begin.map(ToOwned::to_owned).to_vec();
    statements.extend(Rebuild::of(change, None).statements());
    let (_, created) = index_changes(change.before.as_ref(), &change.after, true);
    statements.extend(created.iter().map(|index| render::create_index(index, &change.after.name)));
    statements.extend(new_triggers(change, true));
    statements.push("COMMIT".to_owned());
    statements
}

/// The edit of `sqlite_schema`, to show.
fn replace_text(table: &Table) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    format!(
        "UPDATE sqlite_schema SET sql = {} WHERE type = 'table' AND name = {}",
        quoted(&render::create_table(table)),
        quoted(&table.name)
    )
}

/// The statements of the triggers to create.
pub(crate) fn new_triggers(change: &TableChange, rebuilds: bool) -> Vec<String> {
    let known = change.before.as_ref().map_or(&[][..], |table| &table.triggers);
    let due = change.after.triggers.iter().filter(|trigger| rebuilds || !known.contains(trigger));
    due.map(|trigger| trigger.definition.clone()).collect()
}

pub(crate) fn rename_column(table: &str, from: &str, to: &str) -> String {
    let (from, to) = (quote_identifier(from), quote_identifier(to));
    format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}")
}

pub(crate) fn add_column(table: &str, column: &Column, after: &Table) -> String {
    format!("ALTER TABLE {table} ADD COLUMN {}", render::column(column, after))
}
