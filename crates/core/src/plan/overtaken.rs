//! Detects edits that an interrupted upgrade of MLflow's own has made already.

use crate::schema::op::{Op, TableEdit};
use crate::schema::platform::Platform;
use crate::schema::{Column, Schema, Table};

/// Returns whether what an operation adds exists already.
///
/// Either the column is as `later` operations of the same revision make it, or the server has named
/// an unnamed CHECK.
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
