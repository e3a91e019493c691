//! 75868b020152 on databases that `mlflow db prepopulate-trace-analytics` has touched.

use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::conformance::assert_content;
use mlflow_migrate_tests::database::{Cell, Upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::trace_analytics::{NAME, of_spans, of_traces, real};
use super::traces::{assessment, span, tag, with_traces};
use super::upgraded;

pub(crate) const TESTS: &[Test] = tests![
    prepopulated_columns_are_completed => EVERY_REVISION,
    a_part_of_the_prepopulated_columns_is_completed => EVERY_REVISION,
    the_order_of_prepopulated_columns_does_not_matter => EVERY_REVISION,
];

/// The columns as `mlflow db prepopulate-trace-analytics` adds them.
const PREPOPULATED: &str = "ALTER TABLE trace_info ADD COLUMN trace_name VARCHAR(4096);
    ALTER TABLE trace_info ADD COLUMN session_id VARCHAR(250);
    ALTER TABLE trace_info ADD COLUMN input_tokens BIGINT;
    ALTER TABLE trace_info ADD COLUMN output_tokens BIGINT;
    ALTER TABLE trace_info ADD COLUMN total_tokens BIGINT;
    ALTER TABLE trace_info ADD COLUMN cache_read_input_tokens BIGINT;
    ALTER TABLE trace_info ADD COLUMN cache_creation_input_tokens BIGINT;
    ALTER TABLE trace_info ADD COLUMN cache_creation_input_tokens_above_1hr BIGINT;
    ALTER TABLE trace_info ADD COLUMN input_cost FLOAT;
    ALTER TABLE trace_info ADD COLUMN output_cost FLOAT;
    ALTER TABLE trace_info ADD COLUMN total_cost FLOAT;
    ALTER TABLE assessments ADD COLUMN experiment_id INTEGER;
    ALTER TABLE assessments ADD COLUMN trace_timestamp_ms BIGINT;
    ALTER TABLE assessments ADD COLUMN aggregate_value FLOAT;
    ALTER TABLE assessments ADD COLUMN is_numeric_value BOOLEAN DEFAULT 0;
    ALTER TABLE spans ADD COLUMN input_cost FLOAT;
    ALTER TABLE spans ADD COLUMN output_cost FLOAT;
    ALTER TABLE spans ADD COLUMN total_cost FLOAT;
    ALTER TABLE spans ADD COLUMN model_name VARCHAR(500);
    ALTER TABLE spans ADD COLUMN model_provider VARCHAR(500)";

fn prepopulated(server: &TestServer) -> String {
    PREPOPULATED
        .replace("FLOAT", server.float_type())
        .replace("DEFAULT 0", &format!("DEFAULT {}", server.false_literal()))
}

async fn prepopulated_columns_are_completed(server: &TestServer) {
    let database = with_traces(server).await;
    database.run(&prepopulated(server));
    tag(&*database, "a", NAME, "right");
    tag(&*database, "b", NAME, "new");
    span(&*database, "a", "1", None);
    assessment(&*database, "1", "a", "1");
    database.run(
        "UPDATE trace_info SET trace_name = 'right' WHERE request_id = 'a';
         UPDATE trace_info SET trace_name = 'outdated', total_tokens = 5 WHERE request_id = 'c';
         UPDATE spans SET model_name = 'outdated';
         UPDATE assessments SET aggregate_value = 7.0",
    );
    let (report, _) = upgraded(server, &*database, "head").await;
    let names = of_traces(&*database, "trace_name, total_tokens");
    let expected = [
        [Cell::from("right"), Cell::Null],
        [Cell::from("new"), Cell::Null],
        [Cell::Null, Cell::Null],
    ];
    assert_eq!(names, expected);
    assert_eq!(of_spans(&*database, "model_name"), [[Cell::Null]]);
    assert_eq!(database.query("SELECT aggregate_value FROM assessments"), [[real(1.0)]]);
    // b and c, the span, the assessment, and the two tags that are removed: a was right already.
    assert_eq!(report.rows_migrated, 6);
}

async fn a_part_of_the_prepopulated_columns_is_completed(server: &TestServer) {
    let database = with_traces(server).await;
    let all = prepopulated(server);
    let some: Vec<&str> = all.split(';').take(3).collect();
    database.run(&some.join(";"));
    tag(&*database, "a", NAME, "name");
    upgraded(server, &*database, "head").await;
    assert_eq!(
        of_traces(&*database, "trace_name, total_cost")[0],
        [Cell::from("name"), Cell::Null]
    );
}

/// Merged or one by one, and also if the analytics revision is not the last one to come.
async fn the_order_of_prepopulated_columns_does_not_matter(server: &TestServer) {
    let all = prepopulated(server);
    let mut reversed: Vec<&str> = all.split(';').collect();
    reversed.reverse();
    for (step_by_step, first) in [(false, "head"), (true, "head"), (false, "75868b020152")] {
        let database = with_traces(server).await;
        if server.is_postgres() {
            // The experiment has brought its number.
            database.run("SELECT setval('experiments_experiment_id_seq', 1)");
        }
        database.run(&reversed.join(";"));
        tag(&*database, "a", NAME, "name");
        let upgrade = Upgrade { step_by_step, ..Upgrade::default() };
        for target in [first, "head"] {
            let (upgraded, _) = upgrade.run(server.catalogue(), &*database, target).await;
            upgraded.unwrap_or_else(|error| panic!("{step_by_step} {target}: {error}"));
            assert_content(server, &*database, target).await;
        }
        assert_eq!(of_traces(&*database, "trace_name")[0], [Cell::from("name")]);
    }
}
