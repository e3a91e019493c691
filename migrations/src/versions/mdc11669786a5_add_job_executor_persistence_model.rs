//! Jobs survive the server that runs them: several servers can share the work.
//!
//! `jobs` gets a lease, progress, a token and the time of its next attempt; `job_locks` keeps two
//! servers off one job, and `scheduler_leases` keeps two of them from scheduling at once.
//!
//! A job that was pending or running belonged to a process of the old kind, which no new server
//! can take over, so each of them is canceled.
//!
//! No downgrade once there are canceled jobs: which of them were canceled here is not recorded.

use mlflow_migrate_core::data::CanceledJobs;
use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{
    ForeignKey, Index, Table, big_integer, integer, json, text, varchar,
};

pub(crate) fn revision() -> Revision {
    Revision::new("dc11669786a5")
        .after("75868b020152")
        .on("2026-05-20")
        .titled("jobs have leases and locks")
        .create_table(
            Table::new("scheduler_leases")
                .column(varchar("lease_key", 255).not_null())
                .column(big_integer("acquired_at").not_null())
                .column(integer("ttl_seconds").not_null())
                .primary_key("scheduler_leases_pk", &["lease_key"]),
        )
        .create_table(
            Table::new("job_locks")
                .column(varchar("lock_key", 255).not_null())
                .column(varchar("job_id", 36).not_null())
                .column(big_integer("acquired_at").not_null())
                .foreign_key(
                    ForeignKey::new(&["job_id"], "jobs", &["id"])
                        .named("fk_job_locks_job_id")
                        .on_delete_cascade(),
                )
                .primary_key("job_locks_pk", &["lock_key"])
                .index(Index::new("index_job_locks_job_id", &["job_id"])),
        )
        .alter("jobs", |t| {
            t.add_column(varchar("executor_backend", 255));
            t.add_column(big_integer("lease_expires_at"));
            t.add_column(text("status_message"));
            t.add_column(json("progress"));
            t.add_column(big_integer("progress_updated_at"));
            t.add_column(varchar("token_hash", 64));
            t.add_column(json("scoped_permissions"));
            t.add_column(big_integer("next_attempt_at"));
            t.create_index(Index::new(
                "index_jobs_status_lease_expires_at",
                &["status", "lease_expires_at"],
            ));
        })
        .migrate(CanceledJobs)
}
