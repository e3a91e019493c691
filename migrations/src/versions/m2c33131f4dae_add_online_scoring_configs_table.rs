//! Scorers can run by themselves on a sample of the traces that come in.
//!
//! `online_scoring_configs` says which share of an experiment's traces a scorer judges, and which
//! filter they must pass. It goes with the scorer.
//!
//! Only a new table. Dropping it again would lose the configurations.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Table, double, integer, text, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("2c33131f4dae")
        .after("c9d4e5f6a7b8")
        .on("2025-01-27")
        .titled("table of online scoring")
        .create_table(
            Table::new("online_scoring_configs")
                .column(varchar("online_scoring_config_id", 36).not_null())
                .column(varchar("scorer_id", 36).not_null())
                .column(double("sample_rate").not_null())
                .column(integer("experiment_id").not_null())
                .column(text("filter_string"))
                .foreign_key(
                    ForeignKey::new(&["scorer_id"], "scorers", &["scorer_id"])
                        .named("fk_online_scoring_configs_scorer_id")
                        .on_delete_cascade(),
                )
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_online_scoring_configs_experiment_id"),
                )
                .primary_key("online_scoring_config_pk", &["online_scoring_config_id"]),
        )
}
