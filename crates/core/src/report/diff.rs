//! Compares the schemas of two databases, or of a database and a revision.

use serde::Serialize;

use crate::backend::{Backend, SessionMode};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::{ALEMBIC_PREFIX, Assumption, Location};
use crate::history::target::Target;
use crate::report::session::{begin_reading, end_reading};
use crate::schema::platform::Platform;
use crate::schema::{Difference, Schema, by_name, differences};
use crate::upgrade::inspection::{add_hidden_triggers, inspect};

/// The objects in which a database differs from another one, or from a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DiffReport {
    /// What the database was compared with: another database's name, or a revision.
    pub against: String,
    /// The differences. What the second one has, and the first one lacks, is missing.
    pub differences: Vec<Difference>,
}

/// Compares a database with a target or, without one, with the revision that it is at.
///
/// # Errors
/// If the target does not exist, or the database cannot be read. Without a target also if the
/// database's revision cannot be determined.
pub async fn diff_from_target(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    target: Option<&Target>,
    assume: Option<&Assumption>,
) -> Result<DiffReport, Error> {
    begin_reading(backend, catalogue).await?;
    let result = from_target(backend, catalogue, target, assume).await;
    end_reading(backend, result).await
}

async fn from_target(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    target: Option<&Target>,
    assume: Option<&Assumption>,
) -> Result<DiffReport, Error> {
    let (location, mut live) = match target {
        Some(target) => {
            let versions = backend.versions().await?.unwrap_or_default();
            let known = versions.first().and_then(|version| catalogue.graph.get(version));
            let current = known.map(|revision| revision.id.as_str());
            let revision = target.resolve(catalogue, current)?;
            let location = Location { revision, ..Location::default() };
            (location, backend.inspect().await?)
        }
        None => inspect(backend, catalogue, assume).await?,
    };
    add_hidden_triggers(backend, catalogue, &location, &mut live).await?;
    let expected = match location.empty {
        true => Schema::default(),
        false => catalogue.state(location.revision.as_deref(), backend.platform())?,
    };
    let differences = compare(&expected, &live, backend.platform());
    Ok(DiffReport { against: location.label().to_owned(), differences })
}

/// Compares a database with another one of the same dialect.
///
/// # Errors
/// If one of the databases cannot be read.
pub async fn diff_from_database(
    backend: &mut dyn Backend,
    other: &mut dyn Backend,
) -> Result<DiffReport, Error> {
    let expected = read(other).await?;
    let live = read(backend).await?;
    let differences = compare(&expected, &live, backend.platform());
    Ok(DiffReport { against: other.name(), differences })
}

async fn read(backend: &mut dyn Backend) -> Result<Schema, Error> {
    backend.begin(SessionMode::Read).await?;
    let schema = backend.inspect().await;
    end_reading(backend, schema).await
}

fn compare(expected: &Schema, found: &Schema, platform: &Platform) -> Vec<Difference> {
    let mut all = by_name(differences(expected, found, platform));
    // Alembic's tables hold versions, not what a revision describes.
    all.retain(|difference| !difference.table.starts_with(ALEMBIC_PREFIX));
    all.sort_by(|one, other| one.table.cmp(&other.table));
    all
}
