//! Spans get numbers to sum (`span_metrics`) and attributes to group by (`dimension_attributes`).
//!
//! Both are for the costs of language models: how much each span cost, and which model and
//! provider it called. `span_metrics` goes with the span. 75868b020152 turns both into columns of
//! `spans`.
//!
//! A new table and a nullable column. Dropping them again would lose what was recorded since.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, double, json, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("c8d9e0f1a2b3")
        .after("d0e1f2a3b4c5")
        .on("2026-01-27")
        .titled("spans have metrics and dimensions")
        .create_table(
            Table::new("span_metrics")
                .column(varchar("trace_id", 50).not_null())
                .column(varchar("span_id", 50).not_null())
                .column(varchar("key", 250).not_null())
                .column(double("value"))
                .foreign_key(
                    ForeignKey::new(&["trace_id", "span_id"], "spans", &["trace_id", "span_id"])
                        .named("fk_span_metrics_span")
                        .on_delete_cascade(),
                )
                .primary_key("span_metrics_pk", &["trace_id", "span_id", "key"])
                .index(Index::new("index_span_metrics_trace_id_span_id", &["trace_id", "span_id"])),
        )
        .add_column("spans", json("dimension_attributes"))
}
