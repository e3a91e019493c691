//! Describes a change for the user.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{
    ChangePlan, RESERVED, TableChange, TableLock, Waiting, indexes_of,
};
use mlflow_migrate_core::schema::{ForeignKey, Table};

use super::method::{Way, choose};
use super::objects::{add_column, index_changes, new_triggers};
use super::rebuild::Rebuild;
use super::renames::{after_renames, rename_column, renames};
use crate::ddl::quote_identifier;
use crate::render;

/// The lock of an upgrade whose changes leave the page cache before the commit.
///
/// A file in WAL mode never needs it, since such changes go to the log.
const EXCLUSIVE: TableLock = TableLock::of_database("EXCLUSIVE", Waiting::ReadersAndWriters);

/// Returns a summary of a change and its statements.
///
/// Readers continue until the commit, unless the page cache is too small for what is written.
pub(crate) fn describe(change: &TableChange, is_wal: bool) -> Result<ChangePlan, Error> {
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
    let (mut scans, mut index_builds) = (false, 0);
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
            index_builds += 1;
        }
        statements.push(render::create_index(index, &after.name));
    }
    statements.extend(new_triggers(change, rebuilds));
    if rebuilds {
        index_builds = indexes_of(after);
    }
    Ok(ChangePlan {
        summary: parts.join("; "),
        definitions: statements.len(),
        statements,
        rebuilds,
        scans: scans || rebuilds,
        index_builds,
        logs_rows: false,
        locks: vec![if index_builds > 0 && !is_wal { EXCLUSIVE } else { RESERVED }],
    })
}

/// Returns statements that rebuild a table without a foreign key: SQLite drops no constraint.
pub(crate) fn without_foreign_key(table: &Table, key: &ForeignKey) -> Vec<String> {
    let mut after = table.clone();
    after.foreign_keys.retain(|one| one != key);
    remake(&TableChange { before: Some(table.clone()), after, revisions: Vec::new() })
}

/// Returns the statements of a rebuild, for display; none if the model cannot express the table.
fn remake(change: &TableChange) -> Vec<String> {
    if change.before.iter().any(|before| !before.inexpressible.is_empty()) {
        return Vec::new();
    }
    // Dropping the old table must not delete the rows that reference it, nor alter views over it.
    let begin = ["PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = ON", "BEGIN"];
    let mut statements: Vec<String> = begin.map(ToOwned::to_owned).to_vec();
    statements.extend(Rebuild::of(change, None).statements());
    let (_, created) = index_changes(change.before.as_ref(), &change.after, true);
    statements.extend(created.iter().map(|index| render::create_index(index, &change.after.name)));
    statements.extend(new_triggers(change, true));
    statements.push("COMMIT".to_owned());
    statements
}

/// Renders the edit of `sqlite_schema`, for display.
fn replace_text(table: &Table) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    format!(
        "UPDATE sqlite_schema SET sql = {} WHERE type = 'table' AND name = {}",
        quoted(&render::create_table(table)),
        quoted(&table.name)
    )
}
