//! Review queues: which traces wait for whose review, and which questions are asked of them.
//!
//! A queue has users, items and label schemas, in three tables that go with it. `name_key` is the
//! name in lower case, so that names are unique within an experiment whatever their case.
//!
//! `review_queue_label_schemas.schema_id` is no foreign key: SQL Server, which MLflow also serves,
//! allows only one path of cascades from experiments to a table.
//!
//! Only new tables. Dropping them again would lose the queues and who reviewed what.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, big_integer, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("b7e4c1a90f23")
        .after("89d3d66ed43f")
        .on("2026-06-05")
        .titled("tables of review queues")
        .create_table(
            Table::new("review_queues")
                .column(varchar("queue_id", 36).not_null())
                .column(integer("experiment_id").not_null())
                .column(varchar("name", 250).not_null())
                .column(varchar("queue_type", 16).not_null())
                .column(varchar("created_by", 255))
                .column(big_integer("creation_time_ms").not_null())
                .column(big_integer("last_update_time_ms").not_null())
                .column(varchar("name_key", 250).not_null())
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_review_queues_experiment_id")
                        .on_delete_cascade(),
                )
                .primary_key("review_queues_pk", &["queue_id"])
                .unique_named(
                    "uq_review_queues_experiment_name_key",
                    &["experiment_id", "name_key"],
                )
                .index(Index::new("index_review_queues_experiment_id", &["experiment_id"])),
        )
        .create_table(
            Table::new("review_queue_users")
                .column(varchar("queue_id", 36).not_null())
                .column(varchar("user_id", 250).not_null())
                .foreign_key(
                    ForeignKey::new(&["queue_id"], "review_queues", &["queue_id"])
                        .named("fk_review_queue_users_queue_id")
                        .on_delete_cascade(),
                )
                .primary_key("review_queue_users_pk", &["queue_id", "user_id"])
                .index(Index::new("index_review_queue_users_user_id", &["user_id"])),
        )
        .create_table(
            Table::new("review_queue_items")
                .column(varchar("queue_id", 36).not_null())
                .column(varchar("item_type", 16).not_null())
                .column(varchar("item_id", 50).not_null())
                .column(varchar("status", 16).not_null())
                .column(varchar("completed_by", 250))
                .column(big_integer("completed_time_ms"))
                .column(big_integer("creation_time_ms").not_null())
                .column(big_integer("last_update_time_ms").not_null())
                .foreign_key(
                    ForeignKey::new(&["queue_id"], "review_queues", &["queue_id"])
                        .named("fk_review_queue_items_queue_id")
                        .on_delete_cascade(),
                )
                .primary_key("review_queue_items_pk", &["queue_id", "item_id"])
                .index(Index::new(
                    "index_review_queue_items_queue_id_status",
                    &["queue_id", "status"],
                ))
                .index(Index::new("index_review_queue_items_item_id", &["item_id"])),
        )
        .create_table(
            Table::new("review_queue_label_schemas")
                .column(varchar("queue_id", 36).not_null())
                .column(varchar("schema_id", 36).not_null())
                .foreign_key(
                    ForeignKey::new(&["queue_id"], "review_queues", &["queue_id"])
                        .named("fk_review_queue_label_schemas_queue_id")
                        .on_delete_cascade(),
                )
                .primary_key("review_queue_label_schemas_pk", &["queue_id", "schema_id"])
                .index(Index::new("index_review_queue_label_schemas_schema_id", &["schema_id"])),
        )
}
