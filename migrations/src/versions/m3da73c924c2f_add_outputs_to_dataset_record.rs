//! A record of an evaluation dataset can keep the application's outputs beside its inputs.
//!
//! `evaluation_dataset_records` gets the nullable column `outputs`. Records that exist have none.
//!
//! Dropping the column again would lose the outputs that were recorded since.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::json;

pub(crate) fn revision() -> Revision {
    Revision::new("3da73c924c2f")
        .after("71994744cf8e")
        .on("2025-01-16")
        .titled("dataset records have outputs")
        .add_column("evaluation_dataset_records", json("outputs"))
}
