//! Scorers: registered judges of an experiment's traces, with their versions.
//!
//! `scorers` gives a name within an experiment its id; `scorer_versions` keeps every serialized
//! version under that id. Both go with the experiment.
//!
//! Only new tables. Dropping them again would lose the registered scorers.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, big_integer, integer, text, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("534353b11cbc")
        .after("1a0cddfcaa16")
        .on("2025-01-27")
        .titled("tables of scorers")
        .create_table(
            Table::new("scorers")
                .column(integer("experiment_id").not_null())
                .column(varchar("scorer_name", 256).not_null())
                .column(varchar("scorer_id", 36).not_null())
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_scorers_experiment_id")
                        .on_delete_cascade(),
                )
                .primary_key("scorer_pk", &["scorer_id"])
                .index(
                    Index::new(
                        "index_scorers_experiment_id_scorer_name",
                        &["experiment_id", "scorer_name"],
                    )
                    .unique(),
                ),
        )
        .create_table(
            Table::new("scorer_versions")
                .column(varchar("scorer_id", 36).not_null())
                .column(integer("scorer_version").not_null())
                .column(text("serialized_scorer").not_null())
                .column(big_integer("creation_time"))
                .foreign_key(
                    ForeignKey::new(&["scorer_id"], "scorers", &["scorer_id"])
                        .named("fk_scorer_versions_scorer_id")
                        .on_delete_cascade(),
                )
                .primary_key("scorer_version_pk", &["scorer_id", "scorer_version"])
                .index(Index::new("index_scorer_versions_scorer_id", &["scorer_id"])),
        )
}
