//! Decides which tables of an upgrade can be created beforehand.

use super::objects::PreparableTable;
use super::report::LeftOut;
use crate::backend::Backend;
use crate::error::Error;
use crate::plan::{Plan, Step, TableChange, is_blocked_by};
use crate::schema::{ForeignKey, Schema};

/// Returns which new tables of a plan can be created while MLflow runs, and which cannot.
///
/// An older MLflow does not know a new table, and the table stays empty.
///
/// # Errors
/// If a change of the plan cannot be made to its table.
pub(super) fn preparable(
    backend: &dyn Backend,
    plan: &Plan,
    live: &Schema,
) -> Result<(Vec<PreparableTable>, Vec<LeftOut>), Error> {
    let (mut tables, mut left_out): (Vec<PreparableTable>, Vec<LeftOut>) = Default::default();
    let mut before: Vec<&TableChange> = Vec::new();
    for step in &plan.steps {
        let Step::Change(change) = step else { continue };
        if change.before.is_some() {
            before.push(change);
            continue;
        }
        let is_there = |table: &str| {
            let is_known = plan.prepared.iter().chain(tables.iter().map(|new| &new.change.after));
            live.table(table).is_some() || is_known.into_iter().any(|new| new.name == table)
        };
        match obstacle(backend, change, &before, is_there)? {
            None => tables.push(PreparableTable { change: (**change).clone() }),
            Some(reason) => left_out.push(LeftOut {
                table: change.after.name.clone(),
                index: None,
                reason: reason.to_owned(),
            }),
        }
    }
    Ok((tables, left_out))
}

/// Returns why a table cannot be created before the upgrade; `None` if it can.
///
/// `before` are the changes that the upgrade makes to other tables before it creates this one.
fn obstacle(
    backend: &dyn Backend,
    creation: &TableChange,
    before: &[&TableChange],
    is_there: impl Fn(&str) -> bool,
) -> Result<Option<&'static str>, Error> {
    let table = &creation.after;
    if !table.triggers.is_empty() {
        return Ok(Some("it has triggers"));
    }
    let is_of_other = |key: &&ForeignKey| key.referred_table != table.name;
    for key in table.foreign_keys.iter().filter(is_of_other) {
        if !is_there(&key.referred_table) {
            return Ok(Some("it references a table that the upgrade creates"));
        }
        for change in before.iter().filter(|change| change.after.name == key.referred_table) {
            let is_in_the_way = is_blocked_by(change, key, backend.platform())
                || backend.describe_change(change)?.rebuilds;
            if is_in_the_way {
                return Ok(Some("the upgrade first changes a table that it references"));
            }
        }
    }
    Ok(None)
}
