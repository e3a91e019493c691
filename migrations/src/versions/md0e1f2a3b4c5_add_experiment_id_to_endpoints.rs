//! The use of an endpoint can be traced, into an experiment of its own.
//!
//! `endpoints` gets `usage_tracking`, which is off for those that exist, and `experiment_id`. An
//! endpoint outlives its experiment: the reference becomes NULL.
//!
//! Dropping the columns again would lose which endpoints were traced and where to.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, boolean, integer};

pub(crate) fn revision() -> Revision {
    Revision::new("d0e1f2a3b4c5")
        .after("d3e4f5a6b7c8")
        .on("2025-01-13")
        .titled("use of endpoints can be traced")
        .alter("endpoints", |t| {
            t.add_column(integer("experiment_id"));
            t.add_column(boolean("usage_tracking").not_null().server_default("0"));
            t.add_foreign_key(
                ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                    .named("fk_endpoints_experiment_id")
                    .on_delete_set_null(),
            );
        })
}
