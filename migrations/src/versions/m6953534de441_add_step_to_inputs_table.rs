//! An input or output of a run knows at which step it was logged, in `inputs.step`.
//!
//! A run can log several models, each at a step of its training. Rows from before have step 0.
//!
//! Could be undone by dropping the column, with the steps in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::big_integer;

pub(crate) fn revision() -> Revision {
    Revision::new("6953534de441")
        .after("400f98739977")
        .on("2025-02-13")
        .titled("inputs have a step")
        .add_column("inputs", big_integer("step").not_null().server_default("0"))
}
