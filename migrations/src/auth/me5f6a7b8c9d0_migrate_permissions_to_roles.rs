//! Permissions of single users become roles, `__user_N__` in each workspace.
//!
//! The old tables stay as they are, and MLflow reads them no more.

use mlflow_migrate_core::data::PermissionsToRoles;
use mlflow_migrate_core::history::revision::Revision;

pub(crate) fn revision() -> Revision {
    Revision::new("e5f6a7b8c9d0")
        .after("c3d4e5f6a7b8")
        .on("2026-04-24")
        .titled("permissions become roles")
        .migrate(PermissionsToRoles)
}
