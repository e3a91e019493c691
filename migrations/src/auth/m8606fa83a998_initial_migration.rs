//! Users of the auth app, and what each may do with an experiment or a registered model.
//!
//! Only new tables. MLflow gives both foreign keys the name `fk_user_id`, which MySQL refuses.

use mlflow_migrate_core::history::revision::{BASE, Revision};
use mlflow_migrate_core::schema::{ForeignKey, Table, boolean, integer, varchar};

pub(crate) fn revision() -> Revision {
    let user = || ForeignKey::new(&["user_id"], "users", &["id"]).named("fk_user_id");
    Revision::new("8606fa83a998")
        .after(BASE)
        .on("2023-07-07")
        .titled("users, and permissions on experiments and models")
        .create_table(
            Table::new("users")
                .column(integer("id").not_null().autoincrement())
                .column(varchar("username", 255))
                .column(varchar("password_hash", 255))
                .column(boolean("is_admin"))
                .unnamed_primary_key(&["id"])
                .unique(&["username"]),
        )
        .create_table(
            Table::new("experiment_permissions")
                .column(integer("id").not_null().autoincrement())
                .column(varchar("experiment_id", 255).not_null())
                .column(integer("user_id").not_null())
                .column(varchar("permission", 255))
                .unnamed_primary_key(&["id"])
                .foreign_key(user())
                .unique_named("unique_experiment_user", &["experiment_id", "user_id"]),
        )
        .create_table(
            Table::new("registered_model_permissions")
                .column(integer("id").not_null().autoincrement())
                .column(varchar("name", 255).not_null())
                .column(integer("user_id").not_null())
                .column(varchar("permission", 255))
                .unnamed_primary_key(&["id"])
                .foreign_key(user())
                .unique_named("unique_name_user", &["name", "user_id"]),
        )
}
