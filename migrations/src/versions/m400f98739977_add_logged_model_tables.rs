//! Models exist beside runs: `logged_models` with their metrics, parameters and tags.
//!
//! A model that was logged has an identity of its own, whether or not it is registered, and can be
//! evaluated by many runs. What belongs to a model is deleted with it, a model with its experiment.
//!
//! Could be undone by dropping the four tables, with everything in them.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{
    ForeignKey, Index, Table, big_integer, double, integer, text, varchar,
};

pub(crate) fn revision() -> Revision {
    Revision::new("400f98739977")
        .after("0584bdc529eb")
        .on("2025-02-06")
        .titled("tables of logged models")
        .create_table(
            Table::new("logged_models")
                .column(varchar("model_id", 36).not_null())
                .column(integer("experiment_id").not_null())
                .column(varchar("name", 500).not_null())
                .column(varchar("artifact_location", 1000).not_null())
                .column(big_integer("creation_timestamp_ms").not_null())
                .column(big_integer("last_updated_timestamp_ms").not_null())
                .column(integer("status").not_null())
                .column(varchar("lifecycle_stage", 32))
                .column(varchar("model_type", 500))
                .column(varchar("source_run_id", 32))
                .column(varchar("status_message", 1000))
                .primary_key("logged_models_pk", &["model_id"])
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_logged_models_experiment_id")
                        .on_delete_cascade(),
                )
                .check(
                    "logged_models_lifecycle_stage_check",
                    "lifecycle_stage IN ('active', 'deleted')",
                ),
        )
        .create_table(
            Table::new("logged_model_metrics")
                .column(varchar("model_id", 36).not_null())
                .column(varchar("metric_name", 500).not_null())
                .column(big_integer("metric_timestamp_ms").not_null())
                .column(big_integer("metric_step").not_null())
                .column(double("metric_value"))
                .column(integer("experiment_id").not_null())
                .column(varchar("run_id", 32).not_null())
                .column(varchar("dataset_uuid", 36))
                .column(varchar("dataset_name", 500))
                .column(varchar("dataset_digest", 36))
                .primary_key(
                    "logged_model_metrics_pk",
                    &["model_id", "metric_name", "metric_timestamp_ms", "metric_step", "run_id"],
                )
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_logged_model_metrics_experiment_id"),
                )
                .foreign_key(
                    ForeignKey::new(&["model_id"], "logged_models", &["model_id"])
                        .named("fk_logged_model_metrics_model_id")
                        .on_delete_cascade(),
                )
                .foreign_key(
                    ForeignKey::new(&["run_id"], "runs", &["run_uuid"])
                        .named("fk_logged_model_metrics_run_id")
                        .on_delete_cascade(),
                )
                .index(Index::new("index_logged_model_metrics_model_id", &["model_id"])),
        )
        .create_table(
            Table::new("logged_model_params")
                .column(varchar("model_id", 36).not_null())
                .column(integer("experiment_id").not_null())
                .column(varchar("param_key", 255).not_null())
                .column(text("param_value").not_null())
                .primary_key("logged_model_params_pk", &["model_id", "param_key"])
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_logged_model_params_experiment_id"),
                )
                .foreign_key(
                    ForeignKey::new(&["model_id"], "logged_models", &["model_id"])
                        .named("fk_logged_model_params_model_id")
                        .on_delete_cascade(),
                ),
        )
        .create_table(
            Table::new("logged_model_tags")
                .column(varchar("model_id", 36).not_null())
                .column(integer("experiment_id").not_null())
                .column(varchar("tag_key", 255).not_null())
                .column(text("tag_value").not_null())
                .primary_key("logged_model_tags_pk", &["model_id", "tag_key"])
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_logged_model_tags_experiment_id"),
                )
                .foreign_key(
                    ForeignKey::new(&["model_id"], "logged_models", &["model_id"])
                        .named("fk_logged_model_tags_model_id")
                        .on_delete_cascade(),
                ),
        )
}
