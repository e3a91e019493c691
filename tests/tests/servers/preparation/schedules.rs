//! Rows that change while they are filled beforehand are in the end what an upgrade alone makes of
//! them.

use std::process::Command;
use std::time::Duration;

use mlflow_migrate_core::report::preview::preview;
use mlflow_migrate_tests::capability::{INSTANT_COLUMNS, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{self, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::{oracle, tests};

use super::{prepared, prepared_by, request, rows};
use crate::common::address_of;

pub(crate) const TESTS: &[Test] = tests![
    rows_that_change_meanwhile_are_computed_again => SERVER => INSTANT_COLUMNS,
    filled_columns_are_taken_back => SERVER => INSTANT_COLUMNS,
    a_filled_table_needs_no_further_change => SERVER => INSTANT_COLUMNS,
];

/// Before spans have costs, and the last state before trace analytics.
pub(super) const STATES: [&str; 2] = ["d3e4f5a6b7c8", "b7e2c1a4d9f3"];

/// How many schedules are tried. `MLFLOW_MIGRATE_SCHEDULES` sets another number, and compares with what
/// MLflow's own upgrade makes.
const SCHEDULES: u64 = 2;

/// What the upgrade computes, and what it computes from.
const TABLES: [&str; 6] =
    ["trace_info", "assessments", "spans", "trace_tags", "trace_request_metadata", "trace_metrics"];

/// Numbers that look random, and are the same for the same seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let place = usize::try_from(self.below(all.len() as u64)).unwrap();
        all[place]
    }
}

/// Values of tags and metadata: numbers of tokens and costs, and what is none.
const VALUES: [&str; 8] = [
    r#"{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}"#,
    r#"{"input_tokens": 30, "total_tokens": "x"}"#,
    r#"{"input_cost": 0.25, "output_cost": 1e-3, "total_cost": 0.251}"#,
    r#"{"total_cost": null}"#,
    "no JSON",
    "",
    "a name",
    "[1, 2]",
];
const METADATA: [&str; 4] =
    ["mlflow.trace.session", "mlflow.trace.tokenUsage", "mlflow.trace.cost", "other"];
const ASSESSED: [&str; 6] = ["true", "0.75", r#""yes""#, "null", "no JSON", r#"{"a": 1}"#];

/// Statements that add a trace with all that belongs to it.
fn new_trace(id: u64, random: &mut Random) -> Vec<String> {
    let time = 1_000 + random.below(1_000);
    let mut all = vec![format!(
        "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) \
         VALUES ('trace {id:05}', 1, {time}, 'OK')"
    )];
    all.push(tag(id, random.one_of(&VALUES)));
    for key in METADATA {
        if random.below(4) > 0 {
            all.push(metadata(id, key, random.one_of(&VALUES)));
        }
    }
    if random.below(3) == 0 {
        all.push(format!(
            r#"INSERT INTO trace_metrics (request_id, "key", value)
               VALUES ('trace {id:05}', 'total_tokens', {}.5)"#,
            random.below(50)
        ));
    }
    if random.below(2) == 0 {
        all.push(assessment(id, random.one_of(&ASSESSED)));
    }
    all
}

fn tag(id: u64, value: &str) -> String {
    format!(
        r#"INSERT INTO trace_tags (request_id, "key", value)
           VALUES ('trace {id:05}', 'mlflow.traceName', '{value}')"#
    )
}

fn metadata(id: u64, key: &str, value: &str) -> String {
    format!(
        r#"INSERT INTO trace_request_metadata (request_id, "key", value)
           VALUES ('trace {id:05}', '{key}', '{value}')"#
    )
}

fn assessment(id: u64, value: &str) -> String {
    format!(
        "INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value,
         created_timestamp, last_updated_timestamp, source_type, valid)
         VALUES ('assessment {id:05}', 'trace {id:05}', 'name', 'feedback', '{value}', 0, 0,
         'HUMAN', TRUE)"
    )
}

/// Statements that remove a trace, as MLflow does.
fn without_trace(id: u64) -> Vec<String> {
    let of =
        |table: &str, column: &str| format!("DELETE FROM {table} WHERE {column} = 'trace {id:05}'");
    vec![
        of("assessments", "trace_id"),
        of("trace_tags", "request_id"),
        of("trace_request_metadata", "request_id"),
        of("trace_metrics", "request_id"),
        of("trace_info", "request_id"),
    ]
}

/// One change of a trace that exists, or a new one under the next number.
fn change(next: &mut u64, random: &mut Random) -> Vec<String> {
    let id = random.below(*next);
    let value = random.one_of(&VALUES);
    match random.below(9) {
        0 => {
            *next += 1;
            new_trace(*next, random)
        }
        1 => without_trace(id),
        // The same id with other values, or the same ones.
        2 => [without_trace(id), new_trace(id, random)].concat(),
        3 => vec![format!(
            "UPDATE trace_tags SET value = '{value}' WHERE request_id = 'trace {id:05}'"
        )],
        4 => vec![format!("DELETE FROM trace_tags WHERE request_id = 'trace {id:05}'")],
        5 => {
            let key = random.one_of(&METADATA);
            vec![format!(
                r#"UPDATE trace_request_metadata SET value = '{value}'
                   WHERE request_id = 'trace {id:05}' AND "key" = '{key}'"#
            )]
        }
        6 => vec![format!(
            "UPDATE trace_info SET timestamp_ms = timestamp_ms + 1 \
             WHERE request_id = 'trace {id:05}'"
        )],
        7 => vec![format!("DELETE FROM trace_metrics WHERE request_id = 'trace {id:05}'")],
        _ => vec![format!(
            "UPDATE assessments SET value = '{}' WHERE trace_id = 'trace {id:05}'",
            random.one_of(&ASSESSED)
        )],
    }
}

/// A database at a state, with traces.
pub(super) async fn with_traces(
    server: &TestServer,
    state: &str,
    traces: u64,
) -> Box<dyn TestDatabase> {
    let database = server.at(state).await;
    let mut random = Random(7);
    let mut all =
        vec!["INSERT INTO experiments (experiment_id, name) VALUES (1, 'one')".to_owned()];
    for id in 1..=traces {
        all.extend(new_trace(id, &mut random));
    }
    database.run(&all.join(";\n"));
    database
}

fn schedules() -> Option<u64> {
    let count = std::env::var("MLFLOW_MIGRATE_SCHEDULES").ok()?;
    Some(count.parse().unwrap())
}

/// Upgrades by MLflow itself where that was asked for, which takes its time.
async fn upgrade_alone(server: &TestServer, database: &dyn TestDatabase) {
    if schedules().is_none() {
        database::upgrade(server.catalogue(), database, "head").await.unwrap();
        return;
    }
    let python = oracle::python().unwrap();
    let url = address_of(database).to_string();
    // PyMySQL does not know the parameters of MySQL's own clients.
    let url = url.split('?').next().unwrap_or_default();
    let url = url.replace("postgresql://", "postgresql+psycopg://");
    oracle::run(Command::new(python).arg(oracle::script("upgrade.py")).arg(url));
}

async fn rows_that_change_meanwhile_are_computed_again(server: &TestServer) {
    const TRACES: u64 = 600;
    for seed in 0..schedules().unwrap_or(SCHEDULES) {
        let state = STATES[usize::try_from(seed % 2).unwrap()];
        let (mut random, mut next) = (Random(seed), TRACES);
        let changes: Vec<Vec<String>> = (0..200).map(|_| change(&mut next, &mut random)).collect();
        let prepared_one = with_traces(server, state, TRACES).await;
        let alone = with_traces(server, state, TRACES).await;
        let writer = {
            let (address, changes) = (address_of(&*prepared_one), changes.clone());
            let pauses: Vec<u64> = changes.iter().map(|_| random.below(8)).collect();
            std::thread::spawn(move || {
                for (change, pause) in changes.iter().zip(pauses) {
                    change.iter().for_each(|statement| drop(query(&address, statement)));
                    std::thread::sleep(Duration::from_millis(pause));
                }
            })
        };
        let filled = prepared(server, &*prepared_one).await;
        assert!(filled.rows.iter().any(|table| table.rows > 0), "{filled:?}");
        while !writer.is_finished() {
            prepared(server, &*prepared_one).await;
        }
        writer.join().unwrap();
        for statement in changes.concat() {
            query(&address_of(&*alone), &statement);
        }
        database::upgrade(server.catalogue(), &*prepared_one, "head").await.unwrap();
        assert_at(server, &*prepared_one, "head").await;
        upgrade_alone(server, &*alone).await;
        for table in TABLES {
            let (found, expected) = (rows(&*prepared_one, table), rows(&*alone, table));
            assert!(found == expected, "seed {seed}, {state}: {table} differs");
        }
    }
}

async fn filled_columns_are_taken_back(server: &TestServer) {
    for state in STATES {
        let database = with_traces(server, state, 300).await;
        let before = TABLES.map(|table| rows(&*database, table));
        let report = prepared(server, &*database).await;
        let filled: Vec<(&str, u64)> =
            report.rows.iter().map(|it| (it.table.as_str(), it.rows)).collect();
        let assessed = rows(&*database, "assessments").len() as u64;
        let mut expected = vec![("trace_info", 300), ("assessments", assessed)];
        if state == STATES[0] {
            expected.push(("spans", 0));
        }
        assert_eq!(filled, expected);
        assert!(report.rows.iter().all(|table| !table.columns.is_empty()), "{report:?}");
        let again = prepared(server, &*database).await;
        assert!(again.rows.iter().all(|it| it.rows == 0 && it.columns.is_empty()), "{again:?}");
        let mut backend = database.connect().await.unwrap();
        let undone = prepared_by(server, &mut *backend, &request(server), true).await.unwrap();
        assert_eq!(undone.rows.len(), expected.len(), "{undone:?}");
        assert_at(server, &*database, state).await;
        assert!(TABLES.map(|table| rows(&*database, table)) == before, "{state}");
    }
}

/// The columns are made as the upgrade leaves them, and the indexes are there.
async fn a_filled_table_needs_no_further_change(server: &TestServer) {
    for state in STATES {
        let database = with_traces(server, state, 3).await;
        prepared(server, &*database).await;
        let mut backend = database.connect().await.unwrap();
        let plan = preview(&mut *backend, server.catalogue(), &request(server)).await.unwrap();
        drop(backend);
        let titles: Vec<&str> = plan.steps.iter().map(|step| step.title.as_str()).collect();
        assert!(!titles.contains(&"change table assessments"), "{titles:?}");
        database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
        assert_at(server, &*database, "head").await;
    }
}
