//! Makes tables in two stages: bare before the rows, and complete after them.
//!
//! An index that is built once, over all rows, costs less than one that grows row by row. A foreign
//! key is checked once, too.

use crate::schema::Table;
use crate::schema::platform::{Dialect, Platform};

/// The number of rows below which MySQL's own time for each change of a table counts more.
const FEW_ROWS: u64 = 10_000;

/// Returns a table without what costs less to add after its rows.
///
/// InnoDB stores the rows in the primary key. SQLite can add an index to a table later, and nothing
/// else.
pub(crate) fn first_stage(table: &Table, rows: u64, platform: &Platform) -> Table {
    let mut bare = table.clone();
    if platform.is_mysql() && rows < FEW_ROWS {
        return bare;
    }
    bare.indexes.clear();
    bare.triggers.clear();
    if platform.dialect == Dialect::Sqlite {
        return bare;
    }
    bare.foreign_keys.clear();
    bare.uniques.clear();
    if platform.dialect == Dialect::Postgres {
        bare.primary_key = None;
    }
    bare
}

/// Returns a bare table, as it was read, with its keys, indexes and triggers.
pub(crate) fn with_keys(bare: &Table, full: &Table) -> Table {
    let mut table = bare.clone();
    if table.primary_key.is_none() {
        table.primary_key.clone_from(&full.primary_key);
    }
    if table.uniques.is_empty() {
        table.uniques.clone_from(&full.uniques);
    }
    table.indexes = full.indexes.iter().filter(|index| !index.automatic).cloned().collect();
    table.triggers.clone_from(&full.triggers);
    table
}

/// Returns a table with keys, as it was read, with its foreign keys.
///
/// InnoDB makes an index for a foreign key that has none.
pub(crate) fn with_foreign_keys(with_keys: &Table, full: &Table) -> Table {
    let mut table = with_keys.clone();
    if table.foreign_keys.is_empty() {
        table.foreign_keys.clone_from(&full.foreign_keys);
    }
    let automatic = full.indexes.iter().filter(|index| index.automatic);
    let missing =
        automatic.filter(|index| with_keys.indexes.iter().all(|it| it.name != index.name));
    table.indexes.extend(missing.cloned());
    table
}
