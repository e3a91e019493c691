//! The tags and metadata of a trace are deleted with it.
//!
//! Before this, deleting a trace meant deleting its rows in both other tables first.
//!
//! Could be undone by making both foreign keys again without the rule.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ForeignKey;

pub(crate) fn revision() -> Revision {
    Revision::new("5b0e9adcef9c")
        .after("867495a8f9d4")
        .on("2024-05-22")
        .titled("deleting a trace cascades")
        .alter("trace_tags", |t| {
            t.drop_foreign_key(&["request_id"]);
            t.add_foreign_key(
                ForeignKey::new(&["request_id"], "trace_info", &["request_id"])
                    .named("fk_trace_tags_request_id")
                    .on_delete_cascade(),
            );
        })
        .alter("trace_request_metadata", |t| {
            t.drop_foreign_key(&["request_id"]);
            t.add_foreign_key(
                ForeignKey::new(&["request_id"], "trace_info", &["request_id"])
                    .named("fk_trace_request_metadata_request_id")
                    .on_delete_cascade(),
            );
        })
}
