//! The locks that statements take, which the transaction holds until its end.
//!
//! Sources: PostgreSQL's manual, "Explicit Locking" and "ALTER TABLE".

use mlflow_migrate_core::plan::{TableLock, Waiting};
use mlflow_migrate_core::schema::{ForeignKey, Table};

/// A lock mode and the sessions that wait for it.
pub(super) type Mode = (&'static str, Waiting);

/// Of nearly every `ALTER TABLE`, and of `DROP INDEX`.
pub(super) const ACCESS_EXCLUSIVE: Mode = ("ACCESS EXCLUSIVE", Waiting::ReadersAndWriters);
/// Of a new foreign key, on both tables, and of a new trigger.
pub(super) const SHARE_ROW_EXCLUSIVE: Mode = ("SHARE ROW EXCLUSIVE", Waiting::Writers);
/// Of `CREATE INDEX`.
pub(super) const SHARE: Mode = ("SHARE", Waiting::Writers);

/// Returns a lock on a table.
pub(super) fn on(table: &str, (lock, waiting): Mode) -> TableLock {
    TableLock::new(table, lock, waiting)
}

/// Returns the foreign keys that a change adds.
pub(super) fn added_foreign_keys<'a>(
    before: &'a Table,
    after: &'a Table,
) -> impl Iterator<Item = &'a ForeignKey> {
    after.foreign_keys.iter().filter(|key| !before.foreign_keys.contains(key))
}

/// Returns the locks of one `ALTER TABLE` with every clause of a change.
///
/// The statement takes the strongest lock that one of its clauses needs. A foreign key that goes
/// takes the strongest lock on the referenced table too.
pub(super) fn of_alteration(
    before: &Table,
    after: &Table,
    only_adds_foreign_keys: bool,
) -> Vec<TableLock> {
    let own = if only_adds_foreign_keys { SHARE_ROW_EXCLUSIVE } else { ACCESS_EXCLUSIVE };
    let dropped = before.foreign_keys.iter().filter(|key| !after.foreign_keys.contains(key));
    let added = added_foreign_keys(before, after);
    std::iter::once(on(&after.name, own))
        .chain(dropped.map(|key| on(&key.referred_table, ACCESS_EXCLUSIVE)))
        .chain(added.map(|key| on(&key.referred_table, SHARE_ROW_EXCLUSIVE)))
        .collect()
}
