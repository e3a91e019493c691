//! An experiment's spans are found by their time.
//!
//! The index of `spans` over the experiment gives way to one over the experiment and the start
//! time, which serves searches for the experiment alone just as well.
//!
//! Could be undone: no data changes.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::Index;

pub(crate) fn revision() -> Revision {
    Revision::new("c1d2e3f4a5b6")
        .after("a8b9c0d1e2f3")
        .on("2026-07-10")
        .titled("index of spans by start time")
        .alter("spans", |t| {
            t.drop_index("index_spans_experiment_id");
            t.create_index(Index::new(
                "index_spans_experiment_id_start_time",
                &["experiment_id", "start_time_unix_nano"],
            ));
        })
}
