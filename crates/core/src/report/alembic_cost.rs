//! Estimates the cost of MLflow's own Alembic chain.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::backend::Backend;
use crate::error::Error;
use crate::plan::{Plan, TableChange};
use crate::schema::Table;

/// The cost of a chain of revisions that merges nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlembicCost {
    /// The number of table changes.
    pub changes: usize,
    /// For each copied table, the minimum number of full copies.
    ///
    /// It is a minimum, since one MLflow revision may change a table several times.
    pub copies: BTreeMap<String, usize>,
}

impl AlembicCost {
    /// Adds up the costs of consecutive plans.
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

/// Returns whether Alembic's batch mode for SQLite copies the table.
///
/// Batch mode copies for everything but new columns and indexes (`alembic.ddl.sqlite`,
/// `requires_recreate_in_batch`).
fn is_batch(before: &Table, after: &Table) -> bool {
    let mut extended = before.clone();
    let added = after.columns.iter().skip(before.columns.len()).cloned();
    extended.columns.extend(added);
    extended.indexes.clone_from(&after.indexes);
    extended.triggers.clone_from(&after.triggers);
    extended != *after
}
