//! A job is known by a name, and no longer by the Python path of its function.
//!
//! `jobs.function_fullname` is renamed to `job_name`, and the index over it gets a name that fits.
//!
//! On MySQL the column also becomes nullable: a column is renamed there by stating it anew, and
//! MLflow's statement leaves NOT NULL out.
//!
//! Nothing is lost, so the rename could be undone.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::Index;
use mlflow_migrate_core::schema::op::ColumnChange;
use mlflow_migrate_core::schema::platform::Dialect;

pub(crate) fn revision() -> Revision {
    Revision::new("5d2d30f0abce")
        .after("b7c8d9e0f1a2")
        .on("2025-12-16")
        .titled("jobs have names")
        .alter("jobs", |t| {
            t.drop_index("index_jobs_function_status_creation_time");
            t.rename_column("function_fullname", "job_name");
        })
        .only(&[Dialect::Mysql], |revision| {
            revision.alter("jobs", |t| {
                t.alter_column("job_name", ColumnChange::default().nullable(true));
            })
        })
        .create_index(
            "jobs",
            Index::new(
                "index_jobs_name_status_creation_time",
                &["job_name", "status", "creation_time"],
            ),
        )
}
