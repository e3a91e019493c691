//! Webhooks: URLs that the model registry calls, and the events that each of them is for.
//!
//! `webhooks` keeps one row a subscription, with its signing secret as encrypted text; a deleted
//! one is marked by `deleted_timestamp` and stays. `webhook_events` keeps the pairs of entity and
//! action that a subscription listens to, and goes with it.
//!
//! Only new tables, so no row that exists is touched. Dropping them again would lose the
//! subscriptions and their secrets.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, big_integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("1a0cddfcaa16")
        .after("de4033877273")
        .on("2025-07-07")
        .titled("tables of webhooks")
        .create_table(
            Table::new("webhooks")
                .column(varchar("webhook_id", 256).not_null())
                .column(varchar("name", 256).not_null())
                .column(varchar("description", 1000))
                .column(varchar("url", 500).not_null())
                .column(varchar("status", 20).not_null().server_default("ACTIVE"))
                .column(varchar("secret", 1000))
                .column(big_integer("creation_timestamp"))
                .column(big_integer("last_updated_timestamp"))
                .column(big_integer("deleted_timestamp"))
                .primary_key("webhook_pk", &["webhook_id"])
                .index(Index::new("idx_webhooks_status", &["status"]))
                .index(Index::new("idx_webhooks_name", &["name"])),
        )
        .create_table(
            Table::new("webhook_events")
                .column(varchar("webhook_id", 256).not_null())
                .column(varchar("entity", 50).not_null())
                .column(varchar("action", 50).not_null())
                .foreign_key(
                    ForeignKey::new(&["webhook_id"], "webhooks", &["webhook_id"])
                        .on_delete_cascade(),
                )
                .primary_key("webhook_event_pk", &["webhook_id", "entity", "action"])
                .index(Index::new("idx_webhook_events_entity", &["entity"]))
                .index(Index::new("idx_webhook_events_action", &["action"]))
                .index(Index::new("idx_webhook_events_entity_action", &["entity", "action"])),
        )
}
