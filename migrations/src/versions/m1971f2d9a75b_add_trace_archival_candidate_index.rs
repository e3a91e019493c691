//! The oldest traces, which are due for the archive, are found by index.
//!
//! `trace_info` gets an index over the time and the id.
//!
//! Could be undone: no data changes.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::Index;

pub(crate) fn revision() -> Revision {
    Revision::new("1971f2d9a75b")
        .after("6f8d9c3b2a1e")
        .on("2026-08-09")
        .titled("index of traces by time")
        .create_index(
            "trace_info",
            Index::new("index_trace_info_timestamp_ms_request_id", &["timestamp_ms", "request_id"]),
        )
}
