//! Decides which indexes of an upgrade can be built beforehand.

use super::report::{LeftOut, PreparedIndex};
use crate::backend::Backend;
use crate::error::Error;
use crate::plan::{Plan, TableChange};
use crate::schema::{Index, Schema, Table};

/// The indexes of an upgrade on tables that exist.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preparable {
    /// The indexes that can be built beforehand.
    pub indexes: Vec<PreparableIndex>,
    /// The indexes that the upgrade itself has to build.
    pub left_out: Vec<LeftOut>,
}

impl Preparable {
    /// Returns the names of the indexes that can be built beforehand.
    pub(crate) fn names(&self) -> Vec<PreparedIndex> {
        self.indexes.iter().map(PreparableIndex::named).collect()
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

/// Returns which indexes of a plan can be built while MLflow runs.
///
/// # Errors
/// If a change of the plan cannot be made to its table.
pub fn preparable(backend: &dyn Backend, plan: &Plan, live: &Schema) -> Result<Preparable, Error> {
    let mut found = Preparable::default();
    for (name, planned) in &plan.result.tables {
        let Some(table) = live.table(name).filter(|_| is_kept(plan, name)) else { continue };
        // An index that the server does not use is the user's own, if it stays so.
        let is_due = |index: &&Index| index.inactive.is_none() && !is_in_use(table, index);
        for index in planned.indexes.iter().filter(is_due) {
            match obstacle(backend, plan, table, planned, index)? {
                None => found.indexes.push(PreparableIndex {
                    table: name.clone(),
                    index: index.clone(),
                    replaces_unused: table.indexes.iter().any(|old| old.name == index.name),
                }),
                Some(reason) => found.left_out.push(LeftOut {
                    table: name.clone(),
                    index: index.name.clone(),
                    reason: reason.to_owned(),
                }),
            }
        }
    }
    Ok(found)
}

/// Returns whether a plan changes a table, or leaves it as it is, instead of creating it anew.
fn is_kept(plan: &Plan, table: &str) -> bool {
    plan.changes().all(|change| change.after.name != table || change.before.is_some())
}

fn is_in_use(table: &Table, index: &Index) -> bool {
    table.indexes.iter().any(|known| known.name == index.name && known.inactive.is_none())
}

/// Returns why an index cannot be built before the upgrade; `None` if it can.
fn obstacle(
    backend: &dyn Backend,
    plan: &Plan,
    table: &Table,
    planned: &Table,
    index: &Index,
) -> Result<Option<&'static str>, Error> {
    let is_same_column = |name: &str| {
        let (before, after) = (table.find_column(name), planned.find_column(name));
        matches!((before, after), (Some(before), Some(after))
            if after.renamed_from.is_none() && before.column_type == after.column_type
                && before.collation == after.collation)
    };
    if index.unique {
        return Ok(Some("it is unique, and the older MLflow may write equal rows"));
    }
    if index.definition.is_some() || index.automatic {
        return Ok(Some("the database makes it automatically"));
    }
    if !index.column_names().chain(index.include.iter().map(String::as_str)).all(is_same_column) {
        return Ok(Some("the upgrade makes or changes one of its columns"));
    }
    // InnoDB drops an index of its own making once another one covers it.
    let covers = |own: &&Index| {
        own.automatic && own.column_names().zip(index.column_names()).all(|(own, new)| own == new)
    };
    if backend.platform().is_mysql() && table.indexes.iter().any(|own| covers(&own)) {
        return Ok(Some("the server would drop an index of its own for it"));
    }
    let of_table = |change: &&TableChange| change.after.name == table.name;
    for change in plan.changes().filter(of_table) {
        if backend.describe_change(change)?.rebuilds {
            return Ok(Some(
                "the upgrade writes every row of the table, and its indexes with them",
            ));
        }
    }
    Ok(None)
}

/// Returns the indexes in a live schema that a state has, and an earlier state lacks.
///
/// The names and the columns are those of MLflow's later revisions.
pub(super) fn prepared(live: &Schema, earlier: &Schema, later: &Schema) -> Vec<PreparableIndex> {
    let mut found = Vec::new();
    for (name, table) in &live.tables {
        let (Some(earlier), Some(later)) = (earlier.table(name), later.table(name)) else {
            continue;
        };
        let is_same = |one: &Index, other: &Index| {
            one.name == other.name && one.unique == other.unique && one.content() == other.content()
        };
        let is_prepared = |index: &&Index| {
            !index.unique
                && !index.automatic
                && later.indexes.iter().any(|it| is_same(it, index))
                && !earlier.indexes.iter().any(|it| it.name == index.name)
        };
        found.extend(table.indexes.iter().filter(is_prepared).map(|index| PreparableIndex {
            table: name.clone(),
            index: index.clone(),
            replaces_unused: index.inactive.is_some(),
        }));
    }
    found
}
