//! Rows for each state, and all rows of a database.

use std::collections::BTreeMap;

use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_tests::database::{Cell, TestDatabase};

/// Adds rows that take part in every data migration, as far as the state has their tables.
pub(super) fn add(database: &dyn TestDatabase, state: &Schema, number: usize) {
    let has = |table: &str, column: &str| {
        state.table(table).is_some_and(|table| table.find_column(column).is_some())
    };
    let experiment = number + 1;
    database.run(&format!(
        r#"INSERT INTO experiments (experiment_id, name, lifecycle_stage)
           VALUES ({experiment}, 'it''s {number} \ of', 'active');
           INSERT INTO runs (run_uuid, name, user_id, status, experiment_id) VALUES
            ('a{number}', 'first', 'ann', 'RUNNING', {experiment}),
            ('b{number}', 'second', NULL, 'FINISHED', {experiment});
           INSERT INTO params ("key", value, run_uuid) VALUES ('lr', '0.1', 'a{number}')"#,
    ));
    let mut columns = r#""key", value, timestamp, run_uuid"#.to_owned();
    let mut more = String::new();
    if has("metrics", "step") {
        columns += ", step";
        more += ", 7";
    }
    if has("metrics", "is_nan") {
        columns += ", is_nan";
        more += ", FALSE";
    }
    let entries: Vec<String> = [("m", "0.5", 1), ("m", "1.5", 2), ("m", "-1.5", 3), ("n", "3", 1)]
        .iter()
        .map(|(key, value, time)| format!("('{key}', {value}, {time}, 'a{number}'{more})"))
        .collect();
    database.run(&format!("INSERT INTO metrics ({columns}) VALUES {}", entries.join(", ")));
    if has("trace_info", "status") {
        database.run(&format!(
            r#"INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
               VALUES ('t{number}', {experiment}, 100, 'OK');
               INSERT INTO trace_tags (request_id, "key", value)
               VALUES ('t{number}', 'mlflow.traceName', 'name {number}')"#
        ));
    }
    let function = if has("jobs", "job_name") { "job_name" } else { "function_fullname" };
    if has("jobs", function) {
        database.run(&format!(
            "INSERT INTO jobs (id, creation_time, {function}, params, status, retry_count,
                last_update_time) VALUES ('j{number}', 1, 'name', '{{}}', {}, 0, 5)",
            number % 3
        ));
    }
}

/// Returns all rows of all tables, sorted.
pub(super) fn all(database: &dyn TestDatabase, state: &Schema) -> BTreeMap<String, Vec<Vec<Cell>>> {
    let tables = state.tables.keys().map(|table| {
        let mut rows = database.query(&format!("SELECT * FROM {table}"));
        rows.sort();
        (table.clone(), rows)
    });
    tables.collect()
}
