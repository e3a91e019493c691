//! Decides which objects are MLflow's.

use super::Plan;
use crate::schema::{Difference, Object, Schema, Table};

impl Plan {
    /// Returns whether a difference is of an object of MLflow's.
    ///
    /// MLflow's objects are those of the revision where the plan begins, or where it ends. All
    /// others are the user's.
    pub(crate) fn is_of_mlflow(&self, difference: &Difference) -> bool {
        self.states.iter().any(|state| has(state, difference))
    }
}

fn has(state: &Schema, difference: &Difference) -> bool {
    let Some(table) = state.table(&difference.table) else { return false };
    match &difference.object {
        Object::Table | Object::ColumnOrder | Object::PrimaryKey => true,
        Object::Column(name) => table.find_column(name).is_some(),
        object => objects(table).any(|own| own.stands_for(object) || own.has_same_content(object)),
    }
}

fn objects(table: &Table) -> impl Iterator<Item = Object> {
    let keys = table.foreign_keys.iter().cloned().map(Object::ForeignKey);
    let uniques = table.uniques.iter().cloned().map(Object::Unique);
    let checks = table.checks.iter().cloned().map(Object::Check);
    let indexes = table.indexes.iter().cloned().map(Object::Index);
    let triggers = table.triggers.iter().cloned().map(Object::Trigger);
    keys.chain(uniques).chain(checks).chain(indexes).chain(triggers)
}
