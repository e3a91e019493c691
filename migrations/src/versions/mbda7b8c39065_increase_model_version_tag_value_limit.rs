//! The value of a model version's tag is a text instead of 5000 characters.
//!
//! The text has no limit on SQLite, one of 1 GB on PostgreSQL and of 64 KiB on MySQL.
//!
//! A downgrade refuses longer values.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ColumnType;
use mlflow_migrate_core::schema::op::ColumnChange;

pub(crate) fn revision() -> Revision {
    Revision::new("bda7b8c39065")
        .after("6953534de441")
        .on("2025-06-23")
        .titled("longer tags of versions")
        .alter("model_version_tags", |t| {
            t.alter_column("value", ColumnChange::to_type(ColumnType::Text));
        })
}
