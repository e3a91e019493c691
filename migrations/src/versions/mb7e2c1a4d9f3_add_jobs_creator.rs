//! A job belongs to the user who started it.
//!
//! `jobs` gets the nullable column `creator`. Jobs that exist have none.
//!
//! Dropping it again would lose whose jobs they are.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::varchar;

pub(crate) fn revision() -> Revision {
    Revision::new("b7e2c1a4d9f3")
        .after("17e22815139b")
        .on("2026-08-13")
        .titled("jobs have creators")
        .add_column("jobs", varchar("creator", 255))
}
