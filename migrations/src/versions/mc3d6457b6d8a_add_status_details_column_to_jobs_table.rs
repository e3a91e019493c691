//! A job can say more about its status than a number.
//!
//! `jobs` gets the nullable column `status_details`.
//!
//! Dropping it again would lose the details that were recorded since.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::json;

pub(crate) fn revision() -> Revision {
    Revision::new("c3d6457b6d8a")
        .after("76601a5f987d")
        .on("2026-03-20")
        .titled("jobs have details of their status")
        .add_column("jobs", json("status_details"))
}
