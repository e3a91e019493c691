//! Decides which indexes of an upgrade can be built beforehand.

use super::objects::PreparableIndex;
use super::report::LeftOut;
use crate::backend::Backend;
use crate::error::Error;
use crate::plan::{Plan, TableChange};
use crate::schema::{Index, Schema, Table};

/// Returns which indexes of a plan can be built while MLflow runs, and which cannot.
///
/// # Errors
/// If a change of the plan cannot be made to its table.
pub(super) fn preparable(
    backend: &dyn Backend,
    plan: &Plan,
    live: &Schema,
) -> Result<(Vec<PreparableIndex>, Vec<LeftOut>), Error> {
    let (mut indexes, mut left_out): (Vec<PreparableIndex>, Vec<LeftOut>) = Default::default();
    for (name, planned) in &plan.result.tables {
        let Some(table) = live.table(name).filter(|_| is_kept(plan, name)) else { continue };
        // An index that the server does not use is the user's own, if it stays so.
        let is_due = |index: &&Index| index.inactive.is_none() && !is_in_use(table, index);
        for index in planned.indexes.iter().filter(is_due) {
            match obstacle(backend, plan, table, planned, index)? {
                None => indexes.push(PreparableIndex {
                    table: name.clone(),
                    index: index.clone(),
                    replaces_unused: table.indexes.iter().any(|old| old.name == index.name),
                }),
                Some(reason) => left_out.push(LeftOut {
                    table: name.clone(),
                    index: Some(index.name.clone()),
                    reason: reason.to_owned(),
                }),
            }
        }
    }
    Ok((indexes, left_out))
}

/// Returns whether a table exists before the upgrade, and not only because it is prepared.
fn is_kept(plan: &Plan, table: &str) -> bool {
    plan.prepared.iter().all(|prepared| prepared.name != table)
        && plan.changes().all(|change| change.after.name != table || change.before.is_some())
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
