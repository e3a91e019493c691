//! Floats at the edges, and zeros with a sign, as MLflow writes them through its drivers.

use mlflow_migrate_tests::capability::{EVERY_REVISION, POSTGRES};
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::trace_analytics::{of_spans, of_traces, real};
use super::traces::{AFTER, assessment, metadata, span, span_metric, with_traces};
use super::{refused, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    gateway_costs_of_any_size => EVERY_REVISION,
    zeros_have_no_sign => EVERY_REVISION => POSTGRES,
    newest_zeros_have_no_sign => POSTGRES,
];

const GATEWAY: &str = "mlflow.gateway.endpointId";
const LEAST: f64 = 5e-324;

fn add_costs(database: &dyn TestDatabase, trace: &str, costs: &[f64]) {
    metadata(database, trace, GATEWAY, "endpoint");
    for (number, cost) in costs.iter().enumerate() {
        let id = number.to_string();
        span(database, trace, &id, None);
        span_metric(database, trace, &id, "total_cost", &format!("{cost:e}"));
    }
}

fn add_traces(database: &dyn TestDatabase, ids: &[String]) {
    let rows: Vec<String> = ids.iter().map(|id| format!("('{id}', 1, 0, 'OK')")).collect();
    database.run(&format!(
        "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES {}",
        rows.join(", ")
    ));
}

/// Looking for sums that overflow must not itself overflow, or underflow; and the order decides, which
/// is that of the spans' ids.
async fn gateway_costs_of_any_size(server: &TestServer) {
    let fine: [(&[f64], f64); 11] = [
        (&[1e-305], 1e-305),
        (&[-1e-305, LEAST], -1e-305),
        (&[LEAST], LEAST),
        (&[LEAST, LEAST, -LEAST], LEAST),
        (&[f64::MIN_POSITIVE, -f64::MIN_POSITIVE], 0.0),
        (&[f64::MAX], f64::MAX),
        (&[f64::MIN, f64::MAX], 0.0),
        (&[f64::MAX, LEAST], f64::MAX),
        (&[1e289, 1e-289], 1e289),
        (&[8e307, 8e307], 1.6e308),
        (&[1.7e308, -1.7e308, 1.7e308], 1.7e308),
    ];
    let overflowing: [&[f64]; 2] = [&[1.7e308, 1.7e308, -1.7e308], &[-1e308, -1e308, 1e-305]];
    let database = with_traces(server).await;
    database.run("DELETE FROM trace_info");
    let ids = (0..fine.len()).map(|number| format!("f{number:02}")).collect::<Vec<_>>();
    add_traces(&*database, &ids);
    for (id, (costs, _)) in ids.iter().zip(fine) {
        add_costs(&*database, id, costs);
    }
    add_traces(&*database, &["o0", "o1"].map(ToOwned::to_owned));
    for (id, costs) in ["o0", "o1"].into_iter().zip(overflowing) {
        add_costs(&*database, id, costs);
    }
    // Before them, and more than are asked for at a time: their own costs count.
    let own = (0..130).map(|number| format!("c{number:03}")).collect::<Vec<_>>();
    add_traces(&*database, &own);
    for id in &own {
        add_costs(&*database, id, &[f64::MAX, f64::MAX]);
        metadata(&*database, id, "mlflow.trace.cost", r#"{"total_cost": 1}"#);
    }
    let findings = refused(server, &*database, AFTER).await;
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert!(finding.problem.contains("overflow"), "{finding}");
    assert_eq!((finding.count, finding.rows.as_slice()), (2, &[r#"trace "o0""#.to_owned()][..]));
    database.run("DELETE FROM span_metrics WHERE trace_id IN ('o0', 'o1')");
    upgraded(server, &*database, AFTER).await;
    let select = "SELECT ABS(total_cost) FROM trace_info WHERE request_id LIKE 'f%' \
                  ORDER BY request_id";
    for ((costs, sum), found) in fine.iter().zip(database.query(select)) {
        // MySQL's driver reads ten digits after the point.
        let sum = if !server.is_mysql() || sum.abs() > 1.0 { sum.abs() } else { 0.0 };
        assert_eq!(found, [real(sum)], "{costs:?}");
    }
}

/// MLflow writes them with psycopg2, as which `-0.0` is a NUMERIC.
async fn zeros_have_no_sign(server: &TestServer) {
    // Row by row, and many at once.
    for names in [1, 40] {
        let database = with_traces(server).await;
        for number in 0..names {
            let dimensions = format!(r#"{{"mlflow.llm.model": "{number}"}}"#);
            span(&*database, "a", &format!("{number:02}"), Some(&dimensions));
        }
        for key in ["input_cost", "output_cost", "total_cost"] {
            span_metric(&*database, "a", "00", key, "'-0'");
        }
        let cost = r#"{"input_cost": -0.0, "output_cost": "-0", "total_cost": -1e-400}"#;
        metadata(&*database, "b", "mlflow.trace.cost", cost);
        metadata(&*database, "a", GATEWAY, "endpoint");
        assessment(&*database, "1", "a", "-0.0");
        assessment(&*database, "2", "a", "-1e-400");
        upgraded(server, &*database, AFTER).await;
        let columns = "input_cost, output_cost, total_cost";
        assert_eq!(of_spans(&*database, columns)[0], [real(0.0), real(0.0), real(0.0)]);
        let traces = of_traces(&*database, columns);
        assert_eq!(traces[0], [Cell::Null, Cell::Null, real(0.0)]);
        assert_eq!(traces[1], [real(0.0), real(0.0), real(0.0)]);
        let found = database.query("SELECT aggregate_value FROM assessments");
        assert_eq!(found, vec![[real(0.0)]; 2]);
    }
}

async fn newest_zeros_have_no_sign(server: &TestServer) {
    let database = server.at("7ac759974ad8").await;
    database.run(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO runs (run_uuid, experiment_id) VALUES ('a', 1);
         INSERT INTO metrics (key, value, timestamp, step, run_uuid, is_nan)
         VALUES ('m', '-0', 1, 1, 'a', FALSE), ('n', '-5e-324', 1, 1, 'a', FALSE)",
    );
    upgraded(server, &*database, "89d4b8295536").await;
    let found = database.query("SELECT value FROM latest_metrics ORDER BY key");
    assert_eq!(found, [[real(0.0)], [real(-LEAST)]]);
    let kept = database.query("SELECT value FROM metrics WHERE key = 'm'");
    assert_eq!(kept, [[real(-0.0)]], "what a user has logged stays");
}
