//! Plans one revision at a time, without merging, as Alembic upgrades.

use super::{Plan, plan};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::schema::platform::Platform;
use crate::schema::{Schema, Table};

/// Returns one plan per revision from a live schema to a target.
///
/// Each revision creates its own form of a table. So tables that are prepared count as missing.
///
/// # Errors
/// As [`plan`].
pub fn step_by_step(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
) -> Result<Vec<Plan>, Error> {
    let whole = plan(catalogue, platform, live, from, to)?;
    if whole.revisions.is_empty() {
        return Ok(vec![whole]);
    }
    let mut unprepared = live.clone();
    let is_prepared = |name: &str| whole.prepared.iter().any(|table| table.name == name);
    unprepared.tables.retain(|name, _| !is_prepared(name));
    let mut parts: Vec<Plan> = Vec::new();
    for revision in &whole.revisions {
        let part = match parts.last() {
            None => plan(catalogue, platform, &unprepared, from, Some(revision))?,
            Some(before) => {
                let from = Location {
                    revision: before.to.clone(),
                    empty: false,
                    stamped: true,
                    ..Location::default()
                };
                plan(catalogue, platform, &before.result, &from, Some(revision))?
            }
        };
        parts.push(part);
    }
    Ok(parts)
}

/// Returns a table that is prepared, but not as its own revision creates it.
///
/// One revision at a time would find such a table in its way.
///
/// # Errors
/// As [`plan`].
pub(crate) fn prepared_otherwise(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    whole: &Plan,
) -> Result<Option<String>, Error> {
    if whole.prepared.is_empty() {
        return Ok(None);
    }
    let parts = step_by_step(catalogue, platform, live, &whole.from, whole.to.as_deref())?;
    let created: Vec<&Table> = parts
        .iter()
        .flat_map(Plan::changes)
        .filter(|change| change.before.is_none())
        .map(|change| &change.after)
        .collect();
    let is_other = |table: &&Table| !created.contains(table);
    Ok(whole.prepared.iter().find(is_other).map(|table| table.name.clone()))
}
