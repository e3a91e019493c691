//! Plans one revision at a time, without merging, as Alembic upgrades.

use super::{Plan, plan};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::schema::Schema;
use crate::schema::platform::Platform;

/// Returns one plan per revision from a live schema to a target.
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
    let mut parts: Vec<Plan> = Vec::new();
    for revision in &whole.revisions {
        let part = match parts.last() {
            None => plan(catalogue, platform, live, from, Some(revision))?,
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
