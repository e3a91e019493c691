//! The history of one metric of one run is read from an index, in the order of its steps.
//!
//! `metrics` gets an index over run, key and step (MLflow's issue 12813). It is the largest table
//! of most databases, and on it this is the most expensive index of the chain.
//!
//! Could be undone: no data changes.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::Index;

pub(crate) fn revision() -> Revision {
    Revision::new("a5b4c3d2e1f0")
        .after("c3d6457b6d8a")
        .on("2026-03-10")
        .titled("index of metrics by run, key and step")
        .create_index(
            "metrics",
            Index::new("index_metrics_run_uuid_key_step", &["run_uuid", "key", "step"]),
        )
}
