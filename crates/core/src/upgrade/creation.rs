//! Plans the schema of a new database that a copy fills.

use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::plan::{Plan, Step, plan};
use crate::schema::Schema;
use crate::schema::platform::Platform;

/// Returns the plan that creates the tables of a revision in an empty database, without any rows.
///
/// # Errors
/// If the catalogue contradicts itself, or the platform lacks what the revision requires.
pub(crate) fn creation_plan(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    to: Option<&str>,
) -> Result<Plan, Error> {
    let from = Location { empty: true, ..Location::default() };
    let mut planned = plan(catalogue, platform, live, &from, to)?;
    planned.steps.retain(|step| matches!(step, Step::Change(_)));
    Ok(planned)
}
