//! The value of a parameter can have 500 characters instead of 250.
//!
//! A downgrade refuses longer values.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ColumnType;
use mlflow_migrate_core::schema::op::ColumnChange;

pub(crate) fn revision() -> Revision {
    Revision::new("cc1f77228345")
        .after("0c779009ac13")
        .on("2022-08-04")
        .titled("longer parameters")
        .alter("params", |t| {
            t.alter_column("value", ColumnChange::to_type(ColumnType::Varchar(500)));
        })
}
