//! Permissions belong to workspaces: on a workspace as a whole, and on a model in one.
//!
//! Existing permissions on models are in the workspace `default`. The same name may then have one
//! permission for each workspace.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("2ed73881770d")
        .after("a1b2c3d4e5f6")
        .on("2026-01-16")
        .titled("permissions on workspaces")
        .create_table(
            Table::new("workspace_permissions")
                .column(varchar("workspace", 63).not_null())
                .column(integer("user_id").not_null())
                .column(varchar("permission", 32).not_null())
                .foreign_key(ForeignKey::new(&["user_id"], "users", &["id"]))
                .primary_key("workspace_permissions_pk", &["workspace", "user_id"])
                .index(Index::new("idx_workspace_permissions_user_id", &["user_id"]))
                .index(Index::new("idx_workspace_permissions_workspace", &["workspace"])),
        )
        .alter("registered_model_permissions", |t| {
            t.add_column(varchar("workspace", 63).not_null().server_default("default"));
            t.drop_unique(&["name", "user_id"]);
            t.add_unique("unique_workspace_name_user", &["workspace", "name", "user_id"]);
        })
}
