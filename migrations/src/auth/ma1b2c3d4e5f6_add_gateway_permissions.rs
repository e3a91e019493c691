//! What each user may do with the gateway's secrets, endpoints and model definitions.
//!
//! Only new tables.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Table, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("a1b2c3d4e5f6")
        .after("0965eb92f5f0")
        .on("2025-12-30")
        .titled("permissions on the gateway")
        .create_table(
            permissions(
                "gateway_secret_permissions",
                "secret_id",
                "fk_gateway_secret_perm_user_id",
            )
            .unique_named("unique_secret_user", &["secret_id", "user_id"]),
        )
        .create_table(
            permissions(
                "gateway_endpoint_permissions",
                "endpoint_id",
                "fk_gateway_endpoint_perm_user_id",
            )
            .unique_named("unique_endpoint_user", &["endpoint_id", "user_id"]),
        )
        .create_table(
            permissions(
                "gateway_model_definition_permissions",
                "model_definition_id",
                "fk_gateway_model_def_perm_user_id",
            )
            .unique_named("unique_model_def_user", &["model_definition_id", "user_id"]),
        )
}

/// Returns a table with one row for each object and user.
fn permissions(table: &str, object: &str, foreign_key: &str) -> Table {
    Table::new(table)
        .column(integer("id").not_null().autoincrement())
        .column(varchar(object, 255).not_null())
        .column(integer("user_id").not_null())
        .column(varchar("permission", 255))
        .unnamed_primary_key(&["id"])
        .foreign_key(ForeignKey::new(&["user_id"], "users", &["id"]).named(foreign_key))
}
