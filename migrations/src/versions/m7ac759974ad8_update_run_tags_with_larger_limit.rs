//! The value of a run's tag can have 5000 characters instead of 250.
//!
//! Notes and descriptions are kept in tags, and did not fit.
//!
//! A downgrade refuses longer values.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ColumnType;
use mlflow_migrate_core::schema::op::ColumnChange;

pub(crate) fn revision() -> Revision {
    Revision::new("7ac759974ad8")
        .after("df50e92ffc5e")
        .on("2019-07-30")
        .titled("longer tags of runs")
        .alter("tags", |t| {
            t.alter_column("value", ColumnChange::to_type(ColumnType::Varchar(5000)));
        })
}
