//! What each user may do with a scorer of an experiment.
//!
//! Only a new table.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Table, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("0965eb92f5f0")
        .after("8606fa83a998")
        .on("2025-11-03")
        .titled("permissions on scorers")
        .create_table(
            Table::new("scorer_permissions")
                .column(integer("id").not_null().autoincrement())
                .column(varchar("experiment_id", 255).not_null())
                .column(varchar("scorer_name", 256).not_null())
                .column(integer("user_id").not_null())
                .column(varchar("permission", 255))
                .unnamed_primary_key(&["id"])
                .foreign_key(
                    ForeignKey::new(&["user_id"], "users", &["id"]).named("fk_scorer_perm_user_id"),
                )
                .unique_named("unique_scorer_user", &["experiment_id", "scorer_name", "user_id"]),
        )
}
