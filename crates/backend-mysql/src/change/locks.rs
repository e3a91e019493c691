//! The metadata locks of a change, and the `LOCK` with which the server makes it.
//!
//! Sources: MySQL manual, "Online DDL Operations"; MariaDB manual, "InnoDB Online DDL Operations".

use mlflow_migrate_core::plan::{TableLock, Waiting, strongest};
use mlflow_migrate_core::schema::Table;

use crate::render::{Alteration, Clause, Cost};

/// A lock and the sessions that wait for it.
type Lock = (&'static str, Waiting);

/// Others read and write while the server works, and wait at its beginning and end.
const NONE: Lock = ("LOCK=NONE, an exclusive metadata lock for a moment", Waiting::Nobody);
/// Others read while the server copies, and wait at its end.
const SHARED: Lock =
    ("LOCK=SHARED, an exclusive metadata lock for a moment at the end", Waiting::Writers);
/// Others read while the new table is filled, and wait during the rename.
const LOCK_TABLES: Lock =
    ("LOCK TABLES READ, an exclusive metadata lock for a moment at the end", Waiting::Writers);
/// Others read and write while the server builds indexes, and wait while rows are exchanged.
const LOCK_TABLES_WRITE: Lock = ("LOCK=NONE, LOCK TABLES WRITE for a moment", Waiting::Nobody);
/// The table that a new foreign key references.
const REFERENCED: Lock = ("an exclusive metadata lock for a moment", Waiting::Nobody);

/// Returns the locks of a new table: on the tables that the new table references.
pub(super) fn of_creation(after: &Table) -> Vec<TableLock> {
    strongest(referenced(None, after))
}

/// Returns the locks of a new table that is filled, and replaces the old one.
pub(super) fn of_swap(before: &Table, after: &Table) -> Vec<TableLock> {
    strongest(referenced(Some(before), after).chain([on(&after.name, LOCK_TABLES)]))
}

/// Returns the locks of a table whose rows are exchanged for a moment.
pub(super) fn of_exchange(before: &Table, after: &Table) -> Vec<TableLock> {
    strongest(referenced(Some(before), after).chain([on(&after.name, LOCK_TABLES_WRITE)]))
}

/// Returns the locks of an `ALTER TABLE`.
pub(super) fn of_alteration(
    alteration: &Alteration<'_>,
    before: &Table,
    after: &Table,
) -> Vec<TableLock> {
    let own = if keeps_writers_waiting(alteration) { SHARED } else { NONE };
    strongest(referenced(Some(before), after).chain([on(&after.name, own)]))
}

/// Returns whether the server allows no writes while it works.
///
/// A copy does not allow them. A new automatic number needs the rows to stay, and so does a primary
/// key that goes without another.
fn keeps_writers_waiting(alteration: &Alteration<'_>) -> bool {
    let mut clauses = alteration.parts.iter().flatten();
    let has_new_key = clauses.clone().any(|clause| matches!(clause, Clause::AddPrimaryKey(_)));
    alteration.cost == Cost::Copy
        || clauses.any(|clause| match clause {
            Clause::DropPrimaryKey => !has_new_key,
            Clause::AddColumn(column) | Clause::InsertColumn { column, .. } => column.autoincrement,
            _ => false,
        })
}

fn on(table: &str, (lock, waiting): Lock) -> TableLock {
    TableLock::new(table, lock, waiting)
}

/// Returns the locks on the tables that new foreign keys reference.
fn referenced<'a>(
    before: Option<&'a Table>,
    after: &'a Table,
) -> impl Iterator<Item = TableLock> + 'a {
    let known = before.map_or(&[][..], |before| &before.foreign_keys);
    let new = after.foreign_keys.iter().filter(|key| !known.contains(key));
    new.filter(|key| key.referred_table != after.name)
        .map(|key| on(&key.referred_table, REFERENCED))
}
