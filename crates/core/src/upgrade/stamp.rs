//! Writes a version to `alembic_version`, where the version is lost or another program's.
//!
//! The version must be the schema's. Otherwise the next upgrade would skip revisions, or repeat
//! them.

use serde::Serialize;

use crate::backend::{Backend, SessionMode, session};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::target::Target;
use crate::locate::recognise::{Comparison, labels};
use crate::schema::Difference;
use crate::upgrade::in_doubt;
use crate::upgrade::inspection::unfinished;
use crate::upgrade::journal::{Journal, refuse_fence};

/// The result of a stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StampReport {
    /// The versions before.
    pub before: Vec<String>,
    /// The requested revision; `None` is the base schema.
    pub revision: Option<String>,
    /// The MLflow releases that expect the revision, oldest first.
    pub releases: Vec<String>,
    /// Whether the version was written.
    pub is_stamped: bool,
    /// Whether the version was written although the schema is not the revision's.
    pub is_forced: bool,
    /// The differences between the live schema and the revision that prevent a stamp.
    pub differences: Vec<Difference>,
    /// The states that the schema matches; empty where the requested revision is one of them.
    pub matches: Vec<String>,
}

/// Writes a version, if the live schema is that of the revision, or if `force` is set.
///
/// A relative target counts from a single known version.
///
/// # Errors
/// If the target does not exist, an upgrade is unfinished, or the database cannot be written.
pub async fn stamp(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    target: &Target,
    force: bool,
) -> Result<StampReport, Error> {
    session::begin(backend, catalogue, SessionMode::Upgrade).await?;
    let result = match compare_and_stamp(backend, catalogue, target, force).await {
        Ok(report) => backend.commit().await.map(|()| report).map_err(in_doubt),
        Err(error) => Err(error),
    };
    if result.is_err() {
        let _ = backend.rollback().await;
    }
    result
}

async fn compare_and_stamp(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    target: &Target,
    force: bool,
) -> Result<StampReport, Error> {
    if let Some(journal) = Journal::read(backend).await? {
        let unfinished = Box::new(unfinished(backend, catalogue, &journal)?);
        return Err(Error::Unfinished { name: backend.name(), unfinished });
    }
    refuse_fence(backend).await?;
    let before = backend.versions().await?.unwrap_or_default();
    let current = match before.as_slice() {
        [version] => catalogue.graph.get(version).map(|revision| revision.id.as_str()),
        _ => None,
    };
    let revision = target.resolve(catalogue, current)?;
    let live = backend.inspect().await?;
    let platform = backend.platform().clone();
    let compared = Comparison::of(catalogue, &platform, &live)?;
    let differences = compared.objections(revision.as_deref());
    let is_right = differences.is_empty();
    let is_stamped = is_right || force;
    if is_stamped {
        backend.stamp(revision.as_deref()).await?;
    }
    let matches =
        if is_right || !compared.is_mlflows() { Vec::new() } else { labels(&compared.exact()) };
    let releases = catalogue.releases.expecting(revision.as_deref());
    Ok(StampReport {
        before,
        releases,
        revision,
        is_stamped,
        is_forced: is_stamped && !is_right,
        differences,
        matches,
    })
}
