//! Models the schema of MLflow 0.9.1, the last release without migrations.

use mlflow_migrate_core::schema::{ForeignKey, Table, big_integer, float, integer, varchar};

/// Returns the tables from which every later state derives, parents first.
pub(crate) fn tables() -> Vec<Table> {
    vec![experiments(), runs(), tags(), metrics(), params()]
}

fn experiments() -> Table {
    Table::new("experiments")
        .column(integer("experiment_id").not_null().autoincrement())
        .column(varchar("name", 256).not_null())
        .column(varchar("artifact_location", 256))
        .column(varchar("lifecycle_stage", 32))
        .primary_key("experiment_pk", &["experiment_id"])
        .unique(&["name"])
        .check("experiments_lifecycle_stage", "lifecycle_stage IN ('active', 'deleted')")
}

fn runs() -> Table {
    Table::new("runs")
        .column(varchar("run_uuid", 32).not_null())
        .column(varchar("name", 250))
        .column(varchar("source_type", 20))
        .column(varchar("source_name", 500))
        .column(varchar("entry_point_name", 50))
        .column(varchar("user_id", 256))
        .column(varchar("status", 20))
        .column(big_integer("start_time"))
        .column(big_integer("end_time"))
        .column(varchar("source_version", 50))
        .column(varchar("lifecycle_stage", 20))
        .column(varchar("artifact_uri", 200))
        .column(integer("experiment_id"))
        .primary_key("run_pk", &["run_uuid"])
        .foreign_key(ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"]))
        .check("source_type", "source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')")
        .check("status", "status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING')")
        .check("runs_lifecycle_stage", "lifecycle_stage IN ('active', 'deleted')")
}

fn tags() -> Table {
    Table::new("tags")
        .column(varchar("key", 250).not_null())
        .column(varchar("value", 250))
        .column(varchar("run_uuid", 32).not_null())
        .primary_key("tag_pk", &["key", "run_uuid"])
        .foreign_key(ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]))
}

fn metrics() -> Table {
    Table::new("metrics")
        .column(varchar("key", 250).not_null())
        .column(float("value").not_null())
        .column(big_integer("timestamp").not_null())
        .column(varchar("run_uuid", 32).not_null())
        .primary_key("metric_pk", &["key", "timestamp", "run_uuid"])
        .foreign_key(ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]))
}

fn params() -> Table {
    Table::new("params")
        .column(varchar("key", 250).not_null())
        .column(varchar("value", 250).not_null())
        .column(varchar("run_uuid", 32).not_null())
        .primary_key("param_pk", &["key", "run_uuid"])
        .foreign_key(ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]))
}
