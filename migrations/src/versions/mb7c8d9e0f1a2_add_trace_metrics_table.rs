//! Numbers that belong to a trace, such as its token counts, become rows that can be summed.
//!
//! `trace_metrics` holds one number a trace and key, and goes with the trace. 75868b020152 moves
//! the token counts on into columns of `trace_info`.
//!
//! Only a new table. Dropping it again would lose the numbers that were recorded since.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, double, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("b7c8d9e0f1a2")
        .after("1bd49d398cd23")
        .on("2025-12-04")
        .titled("table of trace metrics")
        .create_table(
            Table::new("trace_metrics")
                .column(varchar("request_id", 50).not_null())
                .column(varchar("key", 250).not_null())
                .column(double("value"))
                .foreign_key(
                    ForeignKey::new(&["request_id"], "trace_info", &["request_id"])
                        .named("fk_trace_metrics_request_id")
                        .on_delete_cascade(),
                )
                .primary_key("trace_metrics_pk", &["request_id", "key"])
                .index(Index::new("index_trace_metrics_request_id", &["request_id"])),
        )
}
