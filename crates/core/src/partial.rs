//! Recognises an upgrade of MLflow's own that stopped within a revision.
//!
//! Where DDL commits by itself, MLflow's chain that fails half-way leaves the first operations of the
//! next revision behind, below the stamp of the last one. What was added or taken away by then an edit
//! finds in place (`schema::edit`). But a column that was already dropped or renamed is missing from
//! the stamped state, which otherwise means that nobody knows what the database is. It is explained
//! here, if the very next revision drops or renames it.

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::locate::Location;
use crate::op::{Op, TableEdit};
use crate::platform::Platform;
use crate::revision::{Action, Revision};
use crate::schema::{Column, Difference, DifferenceKind, Schema, Table};

/// The revision within which MLflow's own upgrade can have stopped: the one after the stamped one,
/// where DDL commits by itself.
fn next<'a>(
    catalogue: &'a Catalogue,
    platform: &Platform,
    location: &Location,
) -> Result<Option<&'a Revision>, Error> {
    if platform.transactional_ddl || location.empty {
        return Ok(None);
    }
    let head = catalogue.graph.head()?;
    let path = catalogue.graph.path(location.revision.as_deref(), Some(head)).unwrap_or_default();
    Ok(path.first().copied())
}

/// Takes out what the next revision has taken away already, and tells which revision that is.
///
/// # Errors
/// If the catalogue contradicts itself.
pub(crate) fn explain(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    location: &Location,
    differences: &mut Vec<Difference>,
) -> Result<Option<String>, Error> {
    let Some(revision) = next(catalogue, platform, location)? else { return Ok(None) };
    let before = differences.len();
    let actions = revision.actions(platform).filter_map(|action| match action {
        Action::Schema(op) => Some(&**op),
        Action::Data(_) => None,
    });
    // A run that has come to an operation has added what those before it add.
    let done: Vec<&Op> = actions.take_while(|op| is_added(op, live)).collect();
    differences.retain(|difference| {
        let is_taken = |op: &&Op| match op {
            Op::Alter { table, edit } => {
                *table == difference.table && has_taken(edit, table, &difference.object, live)
            }
            Op::CreateTable(_) => false,
        };
        difference.kind != DifferenceKind::Missing || !done.iter().any(is_taken)
    });
    Ok((differences.len() < before).then(|| revision.id.clone()))
}

/// Whether what an operation adds is there; of one that adds nothing it cannot be said that it is not.
fn is_added(op: &Op, live: &Schema) -> bool {
    let table = live.table(op.table());
    match op {
        Op::Alter { edit: TableEdit::AddColumn(column), .. } => {
            table.is_some_and(|table| table.find_column(&column.name).is_some())
        }
        Op::CreateTable(_) | Op::Alter { .. } => table.is_some(),
    }
}

/// Whether an edit is why an object is not there.
fn has_taken(edit: &TableEdit, table: &str, object: &str, live: &Schema) -> bool {
    let is_column = |name: &str| object.strip_prefix("column ") == Some(name);
    match edit {
        TableEdit::DropColumn(column) => is_column(column),
        TableEdit::RenameColumn { from, to } => {
            let is_there = live.table(table).is_some_and(|it| it.find_column(to).is_some());
            is_column(from) && is_there
        }
        _ => false,
    }
}

/// Whether what an operation adds is there already: a column as `later` operations of the same revision
/// make it, or a CHECK that got its name from the server.
pub(crate) fn is_overtaken<'a>(
    op: &Op,
    later: impl Iterator<Item = &'a Op>,
    stamped: &Schema,
    live: &Schema,
    platform: &Platform,
) -> bool {
    let Op::Alter { table, edit } = op else { return false };
    let Some(found) = live.table(table) else { return false };
    match edit {
        TableEdit::AddColumn(added) => has_column(table, found, added, later, platform),
        TableEdit::AddCheck(check) if check.name.is_none() => {
            let count = |table: &Table| {
                table.checks.iter().filter(|it| it.normalized() == check.normalized()).count()
            };
            count(found) > stamped.table(table).map_or(0, count)
        }
        _ => false,
    }
}

fn has_column<'a>(
    table: &str,
    found: &Table,
    added: &Column,
    later: impl Iterator<Item = &'a Op>,
    platform: &Platform,
) -> bool {
    let found = found.find_column(&added.name);
    let Some(found) = found.filter(|found| added.difference(found, platform).is_some()) else {
        return false;
    };
    let mut column = added.clone();
    for op in later.filter(|op| op.table() == table) {
        if let Op::Alter { edit: TableEdit::AlterColumn { column: name, change }, .. } = op
            && *name == added.name
        {
            column.change(change);
        }
    }
    column.difference(found, platform).is_none()
}
