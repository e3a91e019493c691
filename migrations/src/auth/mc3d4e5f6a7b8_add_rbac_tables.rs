//! Roles: permissions that several users share.
//!
//! Only new tables. Users and roles meet in `user_role_assignments`.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, integer, varchar};

pub(crate) fn revision() -> Revision {
    let role = || ForeignKey::new(&["role_id"], "roles", &["id"]);
    Revision::new("c3d4e5f6a7b8")
        .after("2ed73881770d")
        .on("2026-04-20")
        .titled("roles")
        .create_table(
            Table::new("roles")
                .column(integer("id").not_null().autoincrement())
                .column(varchar("name", 255).not_null())
                .column(varchar("workspace", 63).not_null())
                .column(varchar("description", 1024))
                .unnamed_primary_key(&["id"])
                .unique_named("unique_workspace_role_name", &["workspace", "name"])
                .index(Index::new("idx_roles_workspace", &["workspace"])),
        )
        .create_table(
            Table::new("role_permissions")
                .column(integer("id").not_null().autoincrement())
                .column(integer("role_id").not_null())
                .column(varchar("resource_type", 64).not_null())
                .column(varchar("resource_pattern", 255).not_null())
                .column(varchar("permission", 255).not_null())
                .unnamed_primary_key(&["id"])
                .foreign_key(role())
                .unique_named(
                    "unique_role_resource_perm",
                    &["role_id", "resource_type", "resource_pattern"],
                )
                .index(Index::new("idx_role_permissions_role_id", &["role_id"])),
        )
        .create_table(
            Table::new("user_role_assignments")
                .column(integer("id").not_null().autoincrement())
                .column(integer("user_id").not_null())
                .column(integer("role_id").not_null())
                .unnamed_primary_key(&["id"])
                .foreign_key(ForeignKey::new(&["user_id"], "users", &["id"]))
                .foreign_key(role())
                .unique_named("unique_user_role", &["user_id", "role_id"])
                .index(Index::new("idx_user_role_assignments_user_id", &["user_id"]))
                .index(Index::new("idx_user_role_assignments_role_id", &["role_id"])),
        )
}
