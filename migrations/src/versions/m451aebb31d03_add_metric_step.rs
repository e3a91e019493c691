//! Metrics gain a `step`, and the primary key widens to include it and the value.
//!
//! Before this, a run could hold one value of a metric for each timestamp; two points logged in
//! the same millisecond collided. Entries from before count as step 0.
//!
//! A downgrade refuses points that differ only in their step or value, as the narrower key would.

use mlflow_migrate_core::history::revision::{BASE, Revision};
use mlflow_migrate_core::schema::big_integer;

pub(crate) fn revision() -> Revision {
    Revision::new("451aebb31d03").after(BASE).on("2019-04-22").titled("metrics have a step").alter(
        "metrics",
        |t| {
            t.add_column(big_integer("step").not_null().server_default("0"));
            t.primary_key("metric_pk", &["key", "timestamp", "step", "run_uuid", "value"]);
        },
    )
}
