//! Metric values become 64-bit floats, and metrics can be NaN.
//!
//! A NaN is stored as value 0 with `is_nan` true, since SQLite and MySQL cannot store one as a
//! float. The flag joins the primary key, so a NaN and a 0 at one step and timestamp are two
//! entries.
//!
//! No downgrade on MySQL, where 64-bit values would lose digits. Elsewhere every NaN would turn into
//! a 0, which counts as a loss.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::op::ColumnChange;
use mlflow_migrate_core::schema::{ColumnType, boolean};

pub(crate) fn revision() -> Revision {
    Revision::new("181f10493468")
        .after("90e64c465722")
        .on("2019-07-10")
        .titled("metrics can be NaN")
        .alter("metrics", |t| {
            t.alter_column("value", ColumnChange::to_type(ColumnType::Double));
            t.add_column(boolean("is_nan").not_null().server_default("0"));
            t.primary_key(
                "metric_pk",
                &["key", "timestamp", "step", "run_uuid", "value", "is_nan"],
            );
        })
}
