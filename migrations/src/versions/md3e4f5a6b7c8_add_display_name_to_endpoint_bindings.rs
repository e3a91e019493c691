//! A binding of an endpoint can carry a name for people to read.
//!
//! `endpoint_bindings` gets the nullable column `display_name`.
//!
//! Dropping it again would lose the names that were given since.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::varchar;

pub(crate) fn revision() -> Revision {
    Revision::new("d3e4f5a6b7c8")
        .after("2c33131f4dae")
        .on("2026-01-21")
        .titled("bindings of endpoints have names")
        .add_column("endpoint_bindings", varchar("display_name", 255))
}
