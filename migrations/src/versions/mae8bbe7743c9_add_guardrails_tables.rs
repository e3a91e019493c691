//! Guardrails: scorers that check what goes into an endpoint and what comes out of it.
//!
//! `guardrails` names a version of a scorer, when it runs and what happens if it objects;
//! `guardrail_configs` says which endpoints it guards, and in which order.
//!
//! Only new tables. Dropping them again would lose the guardrails.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, big_integer, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("ae8bbe7743c9")
        .after("a5b4c3d2e1f0")
        .on("2026-03-24")
        .titled("tables of guardrails")
        .create_table(
            Table::new("guardrails")
                .column(varchar("guardrail_id", 36).not_null())
                .column(varchar("name", 255).not_null())
                .column(varchar("scorer_id", 36).not_null())
                .column(integer("scorer_version").not_null())
                .column(varchar("stage", 32).not_null())
                .column(varchar("action", 32).not_null())
                .column(varchar("action_endpoint_id", 36))
                .column(varchar("created_by", 255))
                .column(big_integer("created_at").not_null())
                .column(varchar("last_updated_by", 255))
                .column(big_integer("last_updated_at").not_null())
                .column(varchar("workspace", 63).not_null().server_default("default"))
                .primary_key("guardrails_pk", &["guardrail_id"])
                .foreign_key(
                    ForeignKey::new(
                        &["scorer_id", "scorer_version"],
                        "scorer_versions",
                        &["scorer_id", "scorer_version"],
                    )
                    .named("fk_guardrails_scorer_version"),
                )
                .foreign_key(
                    ForeignKey::new(&["action_endpoint_id"], "endpoints", &["endpoint_id"])
                        .named("fk_guardrails_action_endpoint_id")
                        .on_delete_set_null(),
                )
                .index(Index::new("idx_guardrails_workspace", &["workspace"]))
                .index(Index::new("idx_guardrails_scorer", &["scorer_id", "scorer_version"])),
        )
        .create_table(
            Table::new("guardrail_configs")
                .column(varchar("endpoint_id", 36).not_null())
                .column(varchar("guardrail_id", 36).not_null())
                .column(integer("execution_order"))
                .column(varchar("created_by", 255))
                .column(big_integer("created_at").not_null())
                .column(varchar("workspace", 63).not_null().server_default("default"))
                .primary_key("guardrail_configs_pk", &["endpoint_id", "guardrail_id"])
                .foreign_key(
                    ForeignKey::new(&["endpoint_id"], "endpoints", &["endpoint_id"])
                        .named("fk_guardrail_configs_endpoint_id")
                        .on_delete_cascade(),
                )
                .foreign_key(
                    ForeignKey::new(&["guardrail_id"], "guardrails", &["guardrail_id"])
                        .named("fk_guardrail_configs_guardrail_id")
                        .on_delete_cascade(),
                )
                .index(Index::new("idx_guardrail_configs_endpoint_id", &["endpoint_id"]))
                .index(Index::new("idx_guardrail_configs_guardrail_id", &["guardrail_id"])),
        )
}
