//! What only an SQLite file has, or can be asked.

#[cfg(target_os = "linux")]
mod bytes;
mod sessions;
mod survival;

use mlflow_migrate_tests::harness::Check;

pub(crate) const CHECKS: &[&[Check]] = &[sessions::CHECKS, survival::CHECKS];

/// Checks of what the whole process does.
pub(crate) const ALONE: &[&[Check]] = &[
    #[cfg(target_os = "linux")]
    bytes::CHECKS,
];
