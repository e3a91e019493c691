//! An experiment knows when it was created and last updated.
//!
//! Experiments can be sorted by these times. Those from before have NULL in both.
//!
//! Could be undone by dropping both columns, with the times in them.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::big_integer;

pub(crate) fn revision() -> Revision {
    Revision::new("97727af70f4d")
        .after("cc1f77228345")
        .on("2022-08-26")
        .titled("times of experiments")
        .add_column("experiments", big_integer("creation_time"))
        .add_column("experiments", big_integer("last_update_time"))
}
