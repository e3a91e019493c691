//! On MySQL the schema of a dataset can have 16 MiB instead of 64 KiB.
//!
//! MySQL's TEXT ends there; the text types of SQLite and PostgreSQL do not.
//!
//! A downgrade refuses larger schemas.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ColumnType;
use mlflow_migrate_core::schema::op::ColumnChange;
use mlflow_migrate_core::schema::platform::Dialect;

pub(crate) fn revision() -> Revision {
    Revision::new("4465047574b1")
        .after("5b0e9adcef9c")
        .on("2024-07-09")
        .titled("larger schemas of datasets")
        .only(&[Dialect::Mysql], |revision| {
            revision.alter("datasets", |t| {
                t.alter_column("dataset_schema", ColumnChange::to_type(ColumnType::MediumText));
            })
        })
}
