//! An experiment that still has traces can be deleted for good.
//!
//! The foreign key from `trace_info` to `experiments` gets ON DELETE CASCADE. Without it, the
//! removal of a deleted experiment (`mlflow gc`) failed on its traces (MLflow's issue 18781).
//!
//! Could be undone: no data changes.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ForeignKey;

pub(crate) fn revision() -> Revision {
    Revision::new("6f8d9c3b2a1e")
        .after("c3d9e7f1a2b4")
        .on("2026-07-09")
        .titled("deleting an experiment's traces cascades")
        .alter("trace_info", |t| {
            t.drop_foreign_key(&["experiment_id"]);
            t.add_foreign_key(
                ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                    .named("fk_trace_info_experiment_id")
                    .on_delete_cascade(),
            );
        })
}
