//! The contents of old traces can move out of the database into an archive.
//!
//! A workspace says where to and when (`trace_archival_location`, `trace_archival_retention`), and
//! `trace_info.db_payload_generation` counts the contents that a trace has had in the database: 0
//! for all that exist.
//!
//! Dropping the columns again would lose where archived contents are.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{integer, text, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("da6fb0208061")
        .after("7d34483879f0")
        .on("2026-04-03")
        .titled("traces can be archived")
        .add_column("trace_info", integer("db_payload_generation").not_null().server_default("0"))
        .alter("workspaces", |t| {
            t.add_column(text("trace_archival_location"));
            t.add_column(varchar("trace_archival_retention", 32));
        })
}
