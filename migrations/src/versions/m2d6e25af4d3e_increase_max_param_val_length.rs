//! The value of a parameter can have 8000 characters instead of 500.
//!
//! 8000 is the most that a VARCHAR holds on every database that MLflow supports.
//!
//! A downgrade refuses longer values.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ColumnType;
use mlflow_migrate_core::schema::op::ColumnChange;

pub(crate) fn revision() -> Revision {
    Revision::new("2d6e25af4d3e")
        .after("7f2a7d5fae7d")
        .on("2023-09-25")
        .titled("much longer parameters")
        .alter("params", |t| {
            t.alter_column("value", ColumnChange::to_type(ColumnType::Varchar(8000)));
        })
}
