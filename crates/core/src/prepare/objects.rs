//! The tables, rows and indexes that can be prepared.

use std::sync::Arc;

use super::report::{FilledRows, PreparedIndex, PreparedTable};
use crate::data::{DataMigration, FilledTable};
use crate::plan::TableChange;
use crate::schema::Index;

/// A table that can be created beforehand.
#[derive(Clone, Debug)]
pub struct PreparableTable {
    /// The step that creates it.
    pub change: TableChange,
}

impl PreparableTable {
    /// Returns the table as a report names it.
    pub(super) fn named(&self) -> PreparedTable {
        PreparedTable { table: self.change.after.name.clone(), seconds: 0.0 }
    }
}

/// A table whose new columns can be added and filled beforehand.
#[derive(Clone, Debug)]
pub struct PreparableRows {
    /// What computes the values.
    pub migration: Arc<dyn DataMigration>,
    /// The table.
    pub filled: FilledTable,
    /// The change that adds the columns.
    pub change: TableChange,
}

impl PreparableRows {
    /// Returns the table as a report names it.
    pub(super) fn named(&self) -> FilledRows {
        let known = self.change.before.as_ref().map_or(0, |before| before.columns.len());
        let new = self.change.after.columns.iter().skip(known);
        FilledRows {
            table: self.filled.table.to_owned(),
            columns: new.map(|column| column.name.clone()).collect(),
            rows: 0,
            seconds: 0.0,
        }
    }
}

/// An index that can be built beforehand.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparableIndex {
    /// The table.
    pub table: String,
    /// The index.
    pub index: Index,
    /// Whether an index of this name has to go first, since the server does not use it.
    pub replaces_unused: bool,
}

impl PreparableIndex {
    /// Returns the index as a report names it.
    pub(super) fn named(&self) -> PreparedIndex {
        PreparedIndex { table: self.table.clone(), index: self.index.name.clone(), seconds: 0.0 }
    }
}
