//! Issues: problems that were found in an experiment's traces.
//!
//! `issues` goes with its experiment and outlives the run that found it. Its `categories` are a
//! JSON list in a text column; 8b6ad64cb8f5 gives them a table.
//!
//! Only a new table. Dropping it again would lose the issues.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, big_integer, integer, text, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("76601a5f987d")
        .after("e1f2a3b4c5d6")
        .on("2026-02-26")
        .titled("table of issues")
        .create_table(
            Table::new("issues")
                .column(varchar("issue_id", 36).not_null())
                .column(integer("experiment_id").not_null())
                .column(varchar("name", 250).not_null())
                .column(text("description").not_null())
                .column(varchar("status", 50).not_null())
                .column(varchar("severity", 50))
                .column(text("root_causes"))
                .column(varchar("source_run_id", 32))
                .column(text("categories"))
                .column(big_integer("created_timestamp").not_null())
                .column(big_integer("last_updated_timestamp").not_null())
                .column(varchar("created_by", 255))
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_issues_experiment_id")
                        .on_delete_cascade(),
                )
                .foreign_key(
                    ForeignKey::new(&["source_run_id"], "runs", &["run_uuid"])
                        .named("fk_issues_source_run_id")
                        .on_delete_set_null(),
                )
                .primary_key("issues_pk", &["issue_id"])
                .index(Index::new("index_issues_experiment_id", &["experiment_id"]))
                .index(Index::new("index_issues_source_run_id", &["source_run_id"]))
                .index(Index::new("index_issues_status", &["status"])),
        )
}
