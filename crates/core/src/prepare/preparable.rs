//! Names what can be prepared.

use std::sync::Arc;

use super::report::{FilledRows, LeftOut, PreparedIndex, PreparedTable};
use super::{indexes, rows, tables};
use crate::backend::Backend;
use crate::data::{DataMigration, FilledTable};
use crate::error::Error;
use crate::plan::{Plan, Step, TableChange};
use crate::schema::{Index, Schema};

/// What of an upgrade can be done while MLflow runs.
#[derive(Clone, Debug, Default)]
pub struct Preparable {
    /// The tables that can be created beforehand, in the order of creation.
    pub tables: Vec<PreparableTable>,
    /// The tables whose new columns can be added and filled beforehand.
    pub rows: Vec<PreparableRows>,
    /// The indexes of existing tables that can be built beforehand.
    pub indexes: Vec<PreparableIndex>,
    /// What the upgrade itself has to do.
    pub left_out: Vec<LeftOut>,
}

impl Preparable {
    /// Returns what can be done while MLflow runs, of a plan.
    ///
    /// # Errors
    /// If a change of the plan cannot be made to its table.
    pub fn of(backend: &dyn Backend, plan: &Plan, live: &Schema) -> Result<Self, Error> {
        let (tables, mut left_out) = tables::preparable(backend, plan, live)?;
        let (rows, left_rows) = rows::preparable(backend, plan, live)?;
        let (indexes, left_indexes) = indexes::preparable(backend, plan, live)?;
        left_out.extend(left_rows.into_iter().chain(left_indexes));
        Ok(Self { tables, rows, indexes, left_out })
    }

    /// Returns the names of the tables that can be created.
    pub(crate) fn table_names(&self) -> Vec<PreparedTable> {
        self.tables.iter().map(PreparableTable::named).collect()
    }

    /// Returns the names of the tables that can be filled.
    pub(crate) fn row_names(&self) -> Vec<FilledRows> {
        self.rows.iter().map(PreparableRows::named).collect()
    }

    /// Returns the names of the indexes that can be built.
    pub(crate) fn index_names(&self) -> Vec<PreparedIndex> {
        self.indexes.iter().map(PreparableIndex::named).collect()
    }

    /// Returns the part of a plan that creates the tables.
    pub(super) fn creations(&self, plan: &Plan) -> Plan {
        let creations =
            self.tables.iter().map(|table| Step::Change(Box::new(table.change.clone())));
        Plan { steps: creations.collect(), ..plan.clone() }
    }
}

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
