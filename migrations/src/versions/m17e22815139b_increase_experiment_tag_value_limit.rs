//! An experiment's tag can hold 20000 characters.
//!
//! `experiment_tags.value` becomes text without a limit of its own, on MySQL MEDIUMTEXT, since
//! 20000 characters of four bytes do not fit in TEXT.
//!
//! A downgrade refuses tags longer than 5000 characters.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ColumnType;
use mlflow_migrate_core::schema::op::ColumnChange;

pub(crate) fn revision() -> Revision {
    Revision::new("17e22815139b")
        .after("1971f2d9a75b")
        .on("2026-08-13")
        .titled("much longer tags of experiments")
        .alter("experiment_tags", |t| {
            t.alter_column("value", ColumnChange::to_type(ColumnType::MediumText));
        })
}
