//! 75868b020152: what trace analytics needs moves into columns.

use mlflow_migrate_tests::capability::{EVERY_REVISION, LONE_SURROGATES, MYSQL};
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::traces::{
    AFTER, BEFORE, assessment, metadata, metric, span, span_metric, tag, with_traces,
};
use super::{texts, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    names_and_sessions_are_cut_by_code_points => EVERY_REVISION,
    token_counts_are_what_pythons_decimal_makes_of_them => EVERY_REVISION,
    costs_are_finite_floats => EVERY_REVISION,
    spans_get_their_costs_and_their_model => EVERY_REVISION,
    costs_of_spans_are_what_python_reads => EVERY_REVISION,
    the_names_of_spans_are_told_apart_by_every_byte => EVERY_REVISION,
    a_surrogate_that_is_cut_off_is_fine => EVERY_REVISION => LONE_SURROGATES,
    traces_of_the_gateway_cost_what_their_spans_cost => EVERY_REVISION,
    keys_that_differ_by_case_are_left_alone => EVERY_REVISION,
    assessments_get_a_number => EVERY_REVISION,
    json_nests_as_deep_as_it_likes => EVERY_REVISION,
    many_traces_and_spans_are_all_filled => EVERY_REVISION,
    older_databases_come_along => EVERY_REVISION,
    a_trigger_is_told_of_each_row_that_goes => EVERY_REVISION => MYSQL,
];

pub(super) const NAME: &str = "mlflow.traceName";
const SESSION: &str = "mlflow.trace.session";
const USAGE: &str = "mlflow.trace.tokenUsage";
const COST: &str = "mlflow.trace.cost";
const GATEWAY: &str = "mlflow.gateway.endpointId";

pub(super) fn of_traces(database: &dyn TestDatabase, columns: &str) -> Vec<Vec<Cell>> {
    database.query(&format!("SELECT {columns} FROM trace_info ORDER BY request_id"))
}

pub(super) fn of_spans(database: &dyn TestDatabase, columns: &str) -> Vec<Vec<Cell>> {
    database.query(&format!("SELECT {columns} FROM spans ORDER BY trace_id, span_id"))
}

pub(super) fn real(value: f64) -> Cell {
    Cell::from(value)
}

async fn names_and_sessions_are_cut_by_code_points(server: &TestServer) {
    let database = with_traces(server).await;
    let wide = server.widest_character();
    let two = format!("é{wide}");
    tag(&*database, "a", NAME, &two.repeat(2048));
    tag(&*database, "b", NAME, &wide.repeat(4097));
    tag(&*database, "b", "other", "stays");
    metadata(&*database, "a", SESSION, &"é".repeat(251));
    metadata(&*database, "b", SESSION, "");
    metadata(&*database, "b", "other", "stays");
    let (_, notices) = upgraded(server, &*database, AFTER).await;
    let expected = [
        vec![Cell::Text(two.repeat(2048)), Cell::Text("é".repeat(250))],
        vec![Cell::Text(wide.repeat(4096)), Cell::from("")],
        vec![Cell::Null, Cell::Null],
    ];
    assert_eq!(of_traces(&*database, "trace_name, session_id"), expected);
    assert!(notices.iter().any(|notice| notice.starts_with("2 names or sessions")), "{notices:?}");
    for table in ["trace_tags", "trace_request_metadata"] {
        let left = database.query(&format!(r#"SELECT request_id, "key", value FROM {table}"#));
        assert_eq!(left, [texts(&["b", "other", "stays"])], "{table}");
    }
}

/// A present metric wins over metadata, even one that is no valid count.
async fn token_counts_are_what_pythons_decimal_makes_of_them(server: &TestServer) {
    let database = with_traces(server).await;
    let usage = r#"{"input_tokens": 5, "output_tokens": "1_000", "total_tokens": " 7 ",
        "cache_read_input_tokens": "1e3", "cache_creation_input_tokens": true,
        "cache_creation_input_tokens_above_1hr": 9223372036854775807}"#;
    metadata(&*database, "a", USAGE, usage);
    metric(&*database, "a", "input_tokens", "1.5");
    metric(&*database, "a", "total_tokens", "8.0");
    metric(&*database, "a", "latency", "8.0");
    let usage = r#"{"input_tokens": 9223372036854775808, "output_tokens": 1.5,
        "total_tokens": NaN, "cache_read_input_tokens": "\u0663", "cache_creation_input_tokens": null,
        "cache_creation_input_tokens_above_1hr": -0.0, "input_tokens": -3.0}"#;
    metadata(&*database, "b", USAGE, usage);
    metric(&*database, "b", "cache_read_input_tokens", "NULL");
    metadata(&*database, "c", USAGE, "{broken");
    metric(&*database, "c", "output_tokens", "12.0");
    upgraded(server, &*database, AFTER).await;
    let columns = "input_tokens, output_tokens, total_tokens, cache_read_input_tokens, \
                   cache_creation_input_tokens, cache_creation_input_tokens_above_1hr";
    let number = Cell::Integer;
    let expected = [
        [Cell::Null, number(1000), number(8), number(1000), Cell::Null, number(i64::MAX)],
        [number(-3), Cell::Null, Cell::Null, Cell::Null, Cell::Null, number(0)],
        [Cell::Null, number(12), Cell::Null, Cell::Null, Cell::Null, Cell::Null],
    ];
    assert_eq!(of_traces(&*database, columns), expected);
    let left = database.query(r#"SELECT "key" FROM trace_metrics"#);
    assert_eq!(left, [texts(&["latency"])]);
}

async fn costs_are_finite_floats(server: &TestServer) {
    let database = with_traces(server).await;
    let cost = r#"{"input_cost": 0.1, "output_cost": " 2.5e-3 ", "total_cost": 3}"#;
    metadata(&*database, "a", COST, cost);
    let cost = r#"{"input_cost": Infinity, "output_cost": false, "total_cost": "nan"}"#;
    metadata(&*database, "b", COST, cost);
    metadata(&*database, "c", COST, "[0.1]");
    upgraded(server, &*database, AFTER).await;
    let null = || Cell::Null;
    let expected =
        [[real(0.1), real(0.0025), real(3.0)], [null(), null(), null()], [null(), null(), null()]];
    assert_eq!(of_traces(&*database, "input_cost, output_cost, total_cost"), expected);
}

async fn spans_get_their_costs_and_their_model(server: &TestServer) {
    let database = with_traces(server).await;
    let dimensions = r#"{"mlflow.llm.model": "gpt", "mlflow.llm.provider": "openai"}"#;
    span(&*database, "a", "1", Some(dimensions));
    span_metric(&*database, "a", "1", "input_cost", "0.25");
    span_metric(&*database, "a", "1", "total_cost", "NULL");
    span_metric(&*database, "a", "1", "latency", "1.0");
    span(&*database, "a", "2", Some(r#""{\"mlflow.llm.model\": \"in a string\"}""#));
    span_metric(&*database, "a", "2", "output_cost", "-1.5");
    span(&*database, "b", "1", Some("null"));
    span(&*database, "b", "2", None);
    let long = format!(r#"{{"mlflow.llm.model": "{}"}}"#, "é".repeat(501));
    span(&*database, "c", "1", Some(&long));
    let (_, notices) = upgraded(server, &*database, AFTER).await;
    let null = || Cell::Null;
    let expected = [
        [real(0.25), null(), null(), "gpt".into(), "openai".into()],
        [null(), real(-1.5), null(), "in a string".into(), null()],
        [null(), null(), null(), null(), null()],
        [null(), null(), null(), null(), null()],
        [null(), null(), null(), Cell::Text("é".repeat(500)), null()],
    ];
    let columns = "input_cost, output_cost, total_cost, model_name, model_provider";
    assert_eq!(of_spans(&*database, columns), expected);
    assert_eq!(of_spans(&*database, "duration_ns")[0], [Cell::from(15)], "computed anew");
    let left = database.query(r#"SELECT "key" FROM span_metrics"#);
    assert_eq!(left, [texts(&["latency"])]);
    assert!(
        notices.iter().any(|notice| notice.starts_with("1 models or providers")),
        "{notices:?}"
    );
}

/// On MySQL, that is a decimal number with ten digits after the point. Near a half of the last one
/// the exact value decides.
async fn costs_of_spans_are_what_python_reads(server: &TestServer) {
    let costs: &[f64] = &[
        0.1 + 0.2,
        0.5e-10,
        1.5e-10,
        2.5e-10,
        0.300_000_000_05,
        0.123_456_789_012_345,
        1e-300,
        -0.1,
        -0.5e-10,
        799.999_999_999_99,
        800.1,
        123_456.789_012_345_67,
        1e18,
        -1e300,
        f64::MAX,
    ];
    let database = with_traces(server).await;
    for (number, cost) in costs.iter().enumerate() {
        let id = format!("{number:02}");
        span(&*database, "a", &id, None);
        span_metric(&*database, "a", &id, "total_cost", &format!("{cost:e}"));
        span_metric(&*database, "a", &id, "input_cost", "0.25");
    }
    if server.is_sqlite() {
        span(&*database, "b", "1", None);
        span_metric(&*database, "b", "1", "total_cost", "'1_000.5'");
        span_metric(&*database, "b", "1", "input_cost", "'no number'");
    }
    upgraded(server, &*database, AFTER).await;
    let read = |cost: &f64| {
        let reads_all = server.is_sqlite() || server.is_postgres();
        if reads_all { *cost } else { format!("{cost:.10}").parse().unwrap() }
    };
    let mut expected: Vec<_> =
        costs.iter().map(|cost| vec![real(0.25), real(read(cost))]).collect();
    if server.is_sqlite() {
        expected.push(vec![Cell::Null, real(1000.5)]);
    }
    assert_eq!(of_spans(&*database, "input_cost, total_cost"), expected);
}

/// Also behind the 1024 bytes by which MySQL sorts texts.
async fn the_names_of_spans_are_told_apart_by_every_byte(server: &TestServer) {
    let names = ["gpt", "GPT", "gpt ", "é", "e"];
    let long = "x".repeat(1200);
    for model in ["x", &long] {
        let database = with_traces(server).await;
        for (number, name) in names.into_iter().enumerate() {
            let dimensions =
                format!(r#"{{"mlflow.llm.model": "{model}", "mlflow.llm.provider": "{name}"}}"#);
            span(&*database, "a", &number.to_string(), Some(&dimensions));
        }
        upgraded(server, &*database, AFTER).await;
        assert_eq!(of_spans(&*database, "model_provider"), names.map(|name| texts(&[name])));
    }
}

/// Half of a surrogate pair behind the part that is kept does no harm.
async fn a_surrogate_that_is_cut_off_is_fine(server: &TestServer) {
    let database = with_traces(server).await;
    let long = format!(r#"{{"mlflow.llm.model": "{}\ud800"}}"#, "x".repeat(500));
    span(&*database, "a", "1", Some(&long));
    upgraded(server, &*database, AFTER).await;
    assert_eq!(of_spans(&*database, "model_name"), [[Cell::Text("x".repeat(500))]]);
}

async fn traces_of_the_gateway_cost_what_their_spans_cost(server: &TestServer) {
    let database = with_traces(server).await;
    for (trace, costs) in [("a", ["0.5", "0.25"]), ("b", ["1.0", "2.0"]), ("c", ["4.0", "8.0"])] {
        for (number, cost) in ["1", "2"].into_iter().zip(costs) {
            span(&*database, trace, number, None);
            span_metric(&*database, trace, number, "total_cost", cost);
        }
    }
    metadata(&*database, "a", GATEWAY, "endpoint");
    // It has a cost of its own.
    metadata(&*database, "b", GATEWAY, "endpoint");
    metadata(&*database, "b", COST, r#"{"total_cost": 100}"#);
    // It is not the gateway's.
    metadata(&*database, "c", "mlflow.gateway.endpoint", "endpoint");
    upgraded(server, &*database, AFTER).await;
    assert_eq!(of_traces(&*database, "total_cost"), [[real(0.75)], [real(100.0)], [Cell::Null]]);
}

async fn keys_that_differ_by_case_are_left_alone(server: &TestServer) {
    let database = with_traces(server).await;
    metadata(&*database, "a", "MLFLOW.TRACE.SESSION", "session");
    metric(&*database, "a", "INPUT_TOKENS", "5.0");
    span(&*database, "a", "1", None);
    span_metric(&*database, "a", "1", "TOTAL_COST", "5.0");
    upgraded(server, &*database, AFTER).await;
    let nulls = [Cell::Null, Cell::Null];
    assert_eq!(of_traces(&*database, "session_id, input_tokens")[0], nulls);
    assert_eq!(of_spans(&*database, "total_cost"), [[Cell::Null]]);
    for table in ["trace_request_metadata", "trace_metrics", "span_metrics"] {
        let left = database.query(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(left, [[Cell::from(1)]], "{table}");
    }
}

async fn assessments_get_a_number(server: &TestServer) {
    let values = [
        ("00", "true", Some(1.0), false),
        ("01", "false", Some(0.0), false),
        ("02", r#"" Yes\u001c""#, Some(1.0), false),
        ("03", "NO ", Some(0.0), false),
        ("04", "3", Some(3.0), true),
        ("05", "-2.5e3", Some(-2500.0), true),
        ("06", "1e999", None, false),
        ("07", "NaN", None, false),
        ("08", "null", None, false),
        ("09", "[1]", None, false),
        ("10", r#""3""#, None, false),
        ("11", "{broken", None, false),
        ("12", "", None, false),
        ("13", r#""\ud800""#, None, false),
        ("14", "\u{feff}3", None, false),
    ];
    let values = values.into_iter().filter(|(_, value, ..)| server.holds(value));
    let database = with_traces(server).await;
    for (id, value, ..) in values.clone() {
        assessment(&*database, id, "b", value);
    }
    upgraded(server, &*database, AFTER).await;
    let found = database.query(
        "SELECT assessment_id, experiment_id, trace_timestamp_ms, aggregate_value,
         is_numeric_value FROM assessments ORDER BY assessment_id",
    );
    let expected = values.map(|(id, _, aggregate, is_numeric)| {
        let aggregate = aggregate.map_or(Cell::Null, real);
        vec![id.into(), 1.into(), 200.into(), aggregate, i64::from(is_numeric).into()]
    });
    assert_eq!(found, expected.collect::<Vec<_>>());
}

/// Python gives up at a thousand levels. SQLite's columns are as long as one likes.
async fn json_nests_as_deep_as_it_likes(server: &TestServer) {
    let levels = if server.is_sqlite() { 100_000 } else { 1_200 };
    let lists = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let database = with_traces(server).await;
    metadata(&*database, "a", USAGE, &format!(r#"{{"x": {lists}, "input_tokens": 5}}"#));
    metadata(&*database, "a", COST, &format!(r#"{{"x": {objects}, "total_cost": 0.5}}"#));
    metadata(&*database, "b", USAGE, &"[".repeat(levels));
    assessment(&*database, "1", "a", &lists);
    assessment(&*database, "2", "a", &objects);
    assessment(&*database, "3", "a", &r#"{"a":"#.repeat(levels));
    upgraded(server, &*database, AFTER).await;
    let traces = of_traces(&*database, "input_tokens, total_cost");
    assert_eq!(traces[0], [Cell::from(5), real(0.5)]);
    assert_eq!(traces[1], [Cell::Null, Cell::Null]);
    let aggregates = database.query("SELECT DISTINCT aggregate_value FROM assessments");
    assert_eq!(aggregates, [[Cell::Null]]);
}

/// More than are read at a time, with the last of one batch and the first of the next told apart.
async fn many_traces_and_spans_are_all_filled(server: &TestServer) {
    const COUNT: i64 = 4500;
    let database = with_traces(server).await;
    let list = |row: &dyn Fn(i64) -> String| (0..COUNT).map(row).collect::<Vec<_>>().join(", ");
    database.run(&format!(
        r#"INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES {};
           INSERT INTO trace_tags (request_id, "key", value) VALUES {};
           INSERT INTO trace_metrics (request_id, "key", value) VALUES {}"#,
        list(&|number| format!("('t{number:05}', 1, {number}, 'OK')")),
        list(&|number| format!("('t{number:05}', '{NAME}', 'name {number}')")),
        list(&|number| format!("('t{number:05}', 'total_tokens', {number}.0)")),
    ));
    // A few traces with very many spans, so that batches end within a trace.
    database.run(&format!(
        r#"INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano,
            content, dimension_attributes) VALUES {};
           INSERT INTO span_metrics (trace_id, span_id, "key", value) VALUES {};
           INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value,
            created_timestamp, last_updated_timestamp, source_type, valid) VALUES {}"#,
        list(&|number| {
            let trace = number / 3000;
            let model = format!(r#"{{"mlflow.llm.model": "m{number}"}}"#);
            format!("('t0000{trace}', 1, 's{number:05}', 'OK', {number}, '', '{model}')")
        }),
        list(&|number| {
            let trace = number / 3000;
            format!("('t0000{trace}', 's{number:05}', 'total_cost', {number}.5)")
        }),
        list(&|number| {
            format!("('a{number:05}', 't{number:05}', 'n', 't', '{number}', 0, 0, 's', TRUE)")
        }),
    ));
    upgraded(server, &*database, AFTER).await;
    for (what, wrong) in [
        (
            "traces",
            "trace_info WHERE request_id LIKE 't%' AND (total_tokens <> timestamp_ms
            OR trace_name <> 'name ' || total_tokens OR trace_name IS NULL)",
        ),
        (
            "spans",
            "spans WHERE model_name <> 'm' || start_time_unix_nano
            OR model_name IS NULL OR total_cost IS NULL
            OR total_cost <> start_time_unix_nano + 0.5",
        ),
        (
            "assessments",
            "assessments WHERE aggregate_value <> trace_timestamp_ms
            OR aggregate_value IS NULL OR NOT is_numeric_value",
        ),
    ] {
        let count = database.query(&format!("SELECT count(*) FROM {wrong}"));
        assert_eq!(count, [[Cell::from(0)]], "{what}");
    }
}

/// A database of before traces, or with traces and nothing else, has nothing to move.
async fn older_databases_come_along(server: &TestServer) {
    for revision in ["7ac759974ad8", "867495a8f9d4", "a1b2c3d4e5f6", BEFORE] {
        let database = server.at(revision).await;
        let (report, _) = upgraded(server, &*database, "head").await;
        assert_eq!(report.from.as_deref(), Some(revision));
    }
    let database = server.at("867495a8f9d4").await;
    database.run(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
         VALUES ('a', 1, 100, 'OK')",
    );
    tag(&*database, "a", NAME, "old");
    upgraded(server, &*database, "head").await;
    assert_eq!(of_traces(&*database, "trace_name"), [texts(&["old"])]);
}

/// A table that has one is not emptied at once.
async fn a_trigger_is_told_of_each_row_that_goes(server: &TestServer) {
    let database = with_traces(server).await;
    span(&*database, "a", "1", None);
    span_metric(&*database, "a", "1", "total_cost", "5.0");
    database.run("CREATE TABLE gone (span VARCHAR(50))");
    database.run(
        "CREATE TRIGGER tell AFTER DELETE ON span_metrics FOR EACH ROW \
         INSERT INTO gone VALUES (old.span_id)",
    );
    upgraded(server, &*database, AFTER).await;
    assert_eq!(database.query("SELECT span FROM gone"), [texts(&["1"])]);
}
