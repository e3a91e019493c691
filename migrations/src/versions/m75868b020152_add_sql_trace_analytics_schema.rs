//! What charts of traces need moves from key-value rows and JSON into columns and indexes.
//!
//! `trace_info` gets the name, the session, the token counts and the costs of a trace; `spans` the
//! costs, model and provider of a call; `assessments` the experiment and the time of its trace and
//! its value as a number. All of this is computed from what the database holds; the tags, metadata
//! and metrics that it was computed from are deleted, and `spans.dimension_attributes` is dropped.
//! New tables hold totals by day, and the days that are to be summed anew; they start empty.
//!
//! The order matters: columns, then data, then what takes the sources away. `is_numeric_value` is
//! nullable until its values are there, which is also how `mlflow db prepopulate-trace-analytics`
//! leaves it.
//!
//! No downgrade once there are traces: values are shortened to their columns' widths, and rows whose
//! values could not be understood are deleted with the others.

use mlflow_migrate_core::data::{TraceAnalytics, TraceAnalyticsSources};
use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::op::ColumnChange;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{
    Column, Index, Table, big_integer, boolean, date, double, integer, varchar,
};

/// The tables of daily totals, which differ from dialect to dialect by their id.
fn rollup_tables(revision: Revision, id: &Column) -> Revision {
    revision
        .create_table(
            Table::new("sql_trace_metric_daily_rollups")
                .column(id.clone())
                .column(integer("experiment_id").not_null())
                .column(date("rollup_day").not_null())
                .column(varchar("metric_name", 250).not_null())
                .column(varchar("grouping_set", 50).not_null())
                .column(varchar("trace_status", 50))
                .column(big_integer("sample_count").not_null())
                .column(double("sum_value"))
                .column(double("min_value"))
                .column(double("max_value"))
                .column(double("p50_value"))
                .column(double("p90_value"))
                .column(double("p99_value"))
                .primary_key("sql_trace_metric_daily_rollups_pk", &["id"]),
        )
        .create_table(
            Table::new("sql_span_cost_daily_rollups")
                .column(id.clone())
                .column(integer("experiment_id").not_null())
                .column(date("rollup_day").not_null())
                .column(varchar("metric_name", 250).not_null())
                .column(varchar("grouping_set", 50).not_null())
                .column(varchar("model_name", 500))
                .column(varchar("model_provider", 500))
                .column(big_integer("sample_count").not_null())
                .column(double("sum_value"))
                .column(double("min_value"))
                .column(double("max_value"))
                .primary_key("sql_span_cost_daily_rollups_pk", &["id"]),
        )
        .create_table(
            Table::new("sql_assessment_daily_rollups")
                .column(id.clone())
                .column(integer("experiment_id").not_null())
                .column(date("rollup_day").not_null())
                .column(varchar("metric_name", 250).not_null())
                .column(varchar("grouping_set", 50).not_null())
                .column(big_integer("sample_count").not_null())
                .column(double("sum_value"))
                .column(double("min_value"))
                .column(double("max_value"))
                .primary_key("sql_assessment_daily_rollups_pk", &["id"]),
        )
}

/// Spans by time, once within a trace and once within an experiment.
fn span_cost_indexes(revision: Revision, option: fn(Index) -> Index) -> Revision {
    revision.alter("spans", |t| {
        t.create_index(option(Index::new(
            "idx_spans_cost_trace_time_cover",
            &["trace_id", "start_time_unix_nano"],
        )));
        t.create_index(option(Index::new(
            "idx_spans_cost_exp_time_cover",
            &["experiment_id", "start_time_unix_nano"],
        )));
    })
}

fn span_cost_rollups_lookup() -> Index {
    Index::new(
        "idx_span_cost_rollups_lookup",
        &[
            "experiment_id",
            "rollup_day",
            "metric_name",
            "grouping_set",
            "model_name",
            "model_provider",
        ],
    )
}

pub(crate) fn revision() -> Revision {
    Revision::new("75868b020152")
        .after("b7e2c1a4d9f3")
        .on("2026-07-22")
        .titled("trace analytics in columns")
        .alter("trace_info", |t| {
            t.add_column(varchar("trace_name", 4096));
            t.add_column(varchar("session_id", 250));
            t.add_column(big_integer("input_tokens"));
            t.add_column(big_integer("output_tokens"));
            t.add_column(big_integer("total_tokens"));
            t.add_column(big_integer("cache_read_input_tokens"));
            t.add_column(big_integer("cache_creation_input_tokens"));
            t.add_column(big_integer("cache_creation_input_tokens_above_1hr"));
            t.add_column(double("input_cost"));
            t.add_column(double("output_cost"));
            t.add_column(double("total_cost"));
        })
        .alter("assessments", |t| {
            t.add_column(integer("experiment_id"));
            t.add_column(big_integer("trace_timestamp_ms"));
            t.add_column(double("aggregate_value"));
            t.add_column(boolean("is_numeric_value").default_false());
        })
        .alter("spans", |t| {
            t.add_column(double("input_cost"));
            t.add_column(double("output_cost"));
            t.add_column(double("total_cost"));
            t.add_column(varchar("model_name", 500));
            t.add_column(varchar("model_provider", 500));
        })
        .migrate(TraceAnalytics)
        .migrate(TraceAnalyticsSources)
        .alter("assessments", |t| {
            t.alter_column("is_numeric_value", ColumnChange::default().nullable(false));
        })
        // SQLite numbers rows only in an INTEGER key.
        .only(&[Dialect::Sqlite], |revision| rollup_tables(revision, &integer("id").not_null()))
        .except(&[Dialect::Sqlite], |revision| {
            rollup_tables(revision, &big_integer("id").identity().not_null())
        })
        .create_table(
            Table::new("sql_trace_rollup_rebuild_queue")
                .column(integer("experiment_id").not_null())
                .column(date("rollup_day").not_null())
                .column(varchar("rollup_family", 50).not_null())
                .primary_key(
                    "sql_trace_rollup_rebuild_queue_pk",
                    &["experiment_id", "rollup_day", "rollup_family"],
                ),
        )
        .alter("spans", |t| {
            t.drop_column("dimension_attributes");
        })
        .create_index(
            "trace_info",
            Index::new(
                "index_trace_info_experiment_id_session_id",
                &["experiment_id", "session_id"],
            ),
        )
        .create_index(
            "sql_trace_metric_daily_rollups",
            Index::new(
                "idx_trace_rollups_lookup",
                &["experiment_id", "rollup_day", "metric_name", "grouping_set", "trace_status"],
            ),
        )
        // With both names in full the index would be wider than InnoDB allows.
        .only(&[Dialect::Mysql], |revision| {
            let index =
                span_cost_rollups_lookup().prefix("model_name", 64).prefix("model_provider", 64);
            revision.create_index("sql_span_cost_daily_rollups", index)
        })
        .except(&[Dialect::Mysql], |revision| {
            revision.create_index("sql_span_cost_daily_rollups", span_cost_rollups_lookup())
        })
        .create_index(
            "sql_assessment_daily_rollups",
            Index::new(
                "idx_assessment_rollups_lookup",
                &["experiment_id", "rollup_day", "metric_name", "grouping_set"],
            ),
        )
        .only(&[Dialect::Postgres], |revision| {
            span_cost_indexes(revision, |index| {
                index
                    .include(&[
                        "input_cost",
                        "output_cost",
                        "total_cost",
                        "model_name",
                        "model_provider",
                    ])
                    .filter(
                        "input_cost IS NOT NULL OR output_cost IS NOT NULL \
                             OR total_cost IS NOT NULL",
                    )
            })
        })
        .except(&[Dialect::Postgres], |revision| span_cost_indexes(revision, |index| index))
        .alter("assessments", |t| {
            t.create_index(Index::new(
                "idx_assessments_exp_trace_ts",
                &["experiment_id", "trace_timestamp_ms"],
            ));
            t.create_index(Index::new(
                "idx_assessments_exp_trace_ts_name",
                &["experiment_id", "trace_timestamp_ms", "name"],
            ));
            t.create_index(Index::new(
                "idx_assessments_exp_name_valid",
                &["experiment_id", "name", "valid"],
            ));
        })
}
