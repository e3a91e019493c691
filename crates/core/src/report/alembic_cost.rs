//! What Alembic's own chain would cost.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::backend::Backend;
use crate::error::Error;
use crate::plan::{Plan, TableChange};
use crate::schema::Table;

/// What a chain of revisions does that merges nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlembicCost {
    /// How many changes of tables it makes.
    pub changes: usize,
    /// How often it writes every row of a table, for each table of which it does so; at least, since
    /// a revision of MLflow's may change a table several times.
    pub copies: BTreeMap<String, usize>,
}

impl AlembicCost {
    /// Counts what these plans do, one after the other.
    ///
    /// # Errors
    /// If a change cannot be made in this database.
    pub fn of(parts: &[Plan], backend: &dyn Backend) -> Result<Self, Error> {
        let mut found = Self::default();
        for change in parts.iter().flat_map(Plan::changes) {
            found.changes += 1;
            let copies = match &change.before {
                None => false,
                Some(before) if backend.platform().is_sqlite() => is_batch(before, &change.after),
                Some(_) => backend.describe_change(change)?.rebuilds,
            };
            if copies {
                *found.copies.entry(name_of(change)).or_default() += 1;
            }
        }
        Ok(found)
    }
}

fn name_of(change: &TableChange) -> String {
    change.after.name.clone()
}

/// Whether Alembic's batch mode for SQLite copies the table: for everything but new columns and
/// indexes (`alembic.ddl.sqlite`, `requires_recreate_in_batch`).
fn is_batch(before: &Table, after: &Table) -> bool {
    let mut extended = before.clone();
    let added = after.columns.iter().skip(before.columns.len()).cloned();
    extended.columns.extend(added);
    extended.indexes.clone_from(&after.indexes);
    extended.triggers.clone_from(&after.triggers);
    extended != *after
}
