//! Jobs: functions that the tracking server runs in the background.
//!
//! `jobs` keeps what is to run, with which parameters, and how far it got. The index serves the
//! workers, who look for one function's jobs by status and age.
//!
//! Only a new table. Dropping it again would lose the history of jobs and the queued ones.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{Index, Table, big_integer, double, integer, text, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("bf29a5ff90ea")
        .after("3da73c924c2f")
        .on("2025-09-11")
        .titled("table of jobs")
        .create_table(
            Table::new("jobs")
                .column(varchar("id", 36).not_null())
                .column(big_integer("creation_time").not_null())
                .column(varchar("function_fullname", 500).not_null())
                .column(text("params").not_null())
                .column(double("timeout"))
                .column(integer("status").not_null())
                .column(text("result"))
                .column(integer("retry_count").not_null())
                .column(big_integer("last_update_time").not_null())
                .primary_key("jobs_pk", &["id"])
                .index(Index::new(
                    "index_jobs_function_status_creation_time",
                    &["function_fullname", "status", "creation_time"],
                )),
        )
}
