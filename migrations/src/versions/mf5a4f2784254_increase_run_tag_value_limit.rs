//! The value of a run's tag can have 8000 characters instead of 5000.
//!
//! A downgrade refuses longer values.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ColumnType;
use mlflow_migrate_core::schema::op::ColumnChange;

pub(crate) fn revision() -> Revision {
    Revision::new("f5a4f2784254")
        .after("4465047574b1")
        .on("2024-09-18")
        .titled("even longer tags of runs")
        .alter("tags", |t| {
            t.alter_column("value", ColumnChange::to_type(ColumnType::Varchar(8000)));
        })
}
