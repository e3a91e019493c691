//! A run knows when it was deleted, in `runs.deleted_time`.
//!
//! `mlflow gc` can keep runs that were deleted only lately. Runs deleted before have NULL there.
//!
//! Could be undone by dropping the column, with the times in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::big_integer;

pub(crate) fn revision() -> Revision {
    Revision::new("0c779009ac13")
        .after("bd07f7e963c5")
        .on("2022-07-27")
        .titled("runs know their deletion")
        .add_column("runs", big_integer("deleted_time"))
}
