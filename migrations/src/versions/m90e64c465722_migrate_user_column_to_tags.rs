//! The user of a run is also kept as its tag `mlflow.user`.
//!
//! Later releases read the user from the tag. Every run with a user that has no such tag yet gets
//! one; `runs.user_id` keeps its values.
//!
//! No downgrade: afterwards a copied tag looks like one that a user has set.

use mlflow_migrate_core::data::UserTags;
use mlflow_migrate_core::history::revision::Revision;

pub(crate) fn revision() -> Revision {
    Revision::new("90e64c465722")
        .after("451aebb31d03")
        .on("2019-05-29")
        .titled("users of runs become tags")
        .migrate(UserTags)
}
