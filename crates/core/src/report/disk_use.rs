//! Compares the disk space that an upgrade needs with the space that is free.

use serde::Serialize;

use crate::backend::Backend;
use crate::error::Error;
use crate::plan::Plan;
use crate::report::estimate::needed_disk;
use crate::schema::Schema;

/// The disk space that an upgrade needs, and what is free, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DiskUse {
    /// What the upgrade needs at most, besides the database's own space.
    #[serde(rename = "needed_bytes")]
    pub needed: u64,
    /// The size of a backup; `None` unless the database is a file.
    #[serde(rename = "backup_bytes")]
    pub backup: Option<u64>,
    /// What the file system of the database has free; `None` where the database does not report it.
    #[serde(rename = "free_bytes")]
    pub free: Option<u64>,
}

impl DiskUse {
    /// Returns whether the upgrade and its backup need more than is free.
    #[must_use]
    pub fn is_too_much(&self) -> bool {
        let needed = self.needed.saturating_add(self.backup.unwrap_or_default());
        self.free.is_some_and(|free| free < needed)
    }
}

/// Predicts the disk space of an upgrade; `None` if it cannot begin or has nothing to do.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn disk_use(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
    problems: &[Error],
) -> Result<Option<DiskUse>, Error> {
    if plan.is_empty() || !problems.is_empty() {
        return Ok(None);
    }
    let needed = needed_disk(backend, plan, live).await?.total();
    let (backup, free) = match backend.file() {
        Some(file) => {
            let space = file.space().await?;
            (Some(space.size), space.free)
        }
        None => (None, None),
    };
    Ok(Some(DiskUse { needed, backup, free }))
}
