//! Collects what can be prepared.

use super::objects::{PreparableIndex, PreparableRows, PreparableTable};
use super::report::{FilledRows, LeftOut, PreparedIndex, PreparedTable};
use super::{indexes, rows, tables};
use crate::backend::Backend;
use crate::error::Error;
use crate::plan::{Plan, Step};
use crate::schema::Schema;

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
    /// Nothing in an empty database: no MLflow uses it, and tables without a version would look like
    /// an interrupted creation.
    ///
    /// # Errors
    /// If a change of the plan cannot be made to its table.
    pub fn of(backend: &dyn Backend, plan: &Plan, live: &Schema) -> Result<Self, Error> {
        if plan.from.empty {
            return Ok(Self::default());
        }
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
