//! Permissions on prompts are no longer those on registered models.
//!
//! Where the model registry is in the same database, its tags show which models are prompts. Elsewhere
//! nothing changes.

use mlflow_migrate_core::data::PromptPermissions;
use mlflow_migrate_core::history::revision::Revision;

pub(crate) fn revision() -> Revision {
    Revision::new("f1a2b3c4d5e6")
        .after("e5f6a7b8c9d0")
        .on("2026-05-11")
        .titled("permissions on prompts")
        .migrate(PromptPermissions)
}
