//! A model version needs no run any more: `model_versions.run_id` can be NULL.
//!
//! Models that were trained outside MLflow can be registered too.
//!
//! A downgrade refuses versions without a run.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::op::ColumnChange;

pub(crate) fn revision() -> Revision {
    Revision::new("a8c4a736bde6")
        .after("84291f40a231")
        .on("2020-12-02")
        .titled("model versions need no run")
        .alter("model_versions", |t| {
            t.alter_column("run_id", ColumnChange::default().nullable(true));
        })
}
