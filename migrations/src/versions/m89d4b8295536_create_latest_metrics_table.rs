//! The latest entry of each metric of a run gets a table of its own, `latest_metrics`.
//!
//! Showing or searching runs needs only the latest entries; finding them in `metrics` meant
//! reading all of it. The table is filled here: for each run and key the entry with the greatest
//! step, then timestamp, then value. Its `timestamp` can be NULL, unlike the one in `metrics`.
//!
//! Could be undone by dropping the table: what it holds can be computed again.

use mlflow_migrate_core::data::LatestMetrics;
use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Table, big_integer, boolean, double, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("89d4b8295536")
        .after("7ac759974ad8")
        .on("2019-08-20")
        .titled("table of latest metrics")
        .create_table(
            Table::new("latest_metrics")
                .column(varchar("key", 250).not_null())
                .column(double("value").not_null())
                .column(big_integer("timestamp"))
                .column(big_integer("step").not_null())
                .column(boolean("is_nan").not_null())
                .column(varchar("run_uuid", 32).not_null())
                .primary_key("latest_metric_pk", &["key", "run_uuid"])
                .foreign_key(ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"])),
        )
        .migrate(LatestMetrics)
}
