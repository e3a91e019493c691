//! Experiments can have tags, in the new table `experiment_tags`.
//!
//! Could be undone by dropping the table, with the tags in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Table, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("df50e92ffc5e")
        .after("181f10493468")
        .on("2019-07-15")
        .titled("experiments have tags")
        .create_table(
            Table::new("experiment_tags")
                .column(varchar("key", 250).not_null())
                .column(varchar("value", 5000))
                .column(integer("experiment_id").not_null())
                .primary_key("experiment_tag_pk", &["key", "experiment_id"])
                .foreign_key(ForeignKey::new(
                    &["experiment_id"],
                    "experiments",
                    &["experiment_id"],
                )),
        )
}
