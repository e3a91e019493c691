//! `abort`: after every step of an upgrade, interrupted at every statement, and past steps that could have
//! lost something and have not.
//!
//! `MLFLOW_MIGRATE_ABORTS=all` stops after every step, from more states, and interrupts at every statement.

use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::upgrade::abort::{AbortReport, abort};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::json_schema::assert_fits;
use mlflow_migrate_tests::other_session::OtherSession;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};
use mlflow_migrate_tests::{fill, tests};
use serde_json::json;

use crate::common::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    steps_are_taken_back => MYSQL,
    a_table_that_somebody_holds_open => MYSQL,
    what_was_lost_decides => MYSQL => EVERY_REVISION,
];

/// Tables get and lose columns with their indexes after these; and after which thirds of the steps an
/// upgrade from there is taken back.
const STATES: [(&str, &[usize]); 2] = [("cc1f77228345", &[1, 3]), ("7ac759974ad8", &[2])];

/// With those of the whole history.
const MORE: [&str; 5] =
    ["451aebb31d03", "728d730b5ebd", "acf3f17fdcc7", "b7e2c1a4d9f3", "d3e4f5a6b7c8"];

fn is_all() -> bool {
    std::env::var_os("MLFLOW_MIGRATE_ABORTS").is_some_and(|wanted| wanted == "all")
}

pub(crate) async fn roll_back(
    server: &TestServer,
    address: &Address,
) -> Result<AbortReport, Error> {
    let mut backend = open(address, Waits::default()).await?;
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    abort(&mut *backend, server.catalogue(), &observer, &CancellationToken::default()).await
}

/// The rows of all tables, as they are stored.
fn rows(database: &dyn TestDatabase) -> Vec<(Cell, Vec<Vec<Cell>>)> {
    let tables = "SELECT table_name FROM information_schema.tables \
                  WHERE table_schema = DATABASE() ORDER BY table_name";
    let read = |name: Cell| {
        let Cell::Text(table) = &name else { panic!("{name:?}") };
        let mut rows = database.query(&format!("SELECT * FROM \"{table}\""));
        rows.sort();
        (name, rows)
    };
    database.query(tables).into_iter().flatten().map(read).collect()
}

/// Stops an upgrade when this text goes to the server, and tells how many steps it has, and at which it was.
async fn stop_at(server: &TestServer, address: &Address, text: &str, time: u64) -> (usize, usize) {
    let proxy = Proxy::cut_at(address, text, time);
    let error = to_newest(server, &address.through_port(proxy.port())).await.unwrap_err();
    assert!(proxy.has_cut(), "{text}: {error}");
    wait_until_alone(server, address);
    let Error::Interrupted { step, steps, .. } = error else { panic!("{text}: {error:?}") };
    (step, steps)
}

/// What MySQL is sent when a step is done.
fn note_of(step: usize) -> String {
    format!("SET note = '{step}' WHERE id = 0")
}

/// Takes an upgrade back, which is interrupted at the statement of that number, if it has so many.
async fn interrupt(server: &TestServer, address: &Address, statement: u64) -> bool {
    for text in ["ALTER TABLE", "DROP TABLE", "WHERE id = 0"] {
        let proxy = Proxy::cut_at(address, text, statement);
        let result = roll_back(server, &address.through_port(proxy.port())).await;
        wait_until_alone(server, address);
        if let Ok(aborted) = result {
            assert!(!proxy.has_cut(), "{aborted:?}");
            return false;
        }
    }
    true
}

/// One database goes there and back, from each of several steps.
async fn steps_are_taken_back(server: &TestServer) {
    let more = MORE.iter().filter(|_| is_all()).map(|state| (*state, [].as_slice()));
    for (state, thirds) in STATES.into_iter().chain(more) {
        let known = server.reference().states().unwrap_or_default();
        if !known.iter().any(|(revision, _)| revision.as_deref() == Some(state)) {
            continue;
        }
        let database = server.at(state).await;
        if !thirds.is_empty() {
            fill::metrics(&*database, 2);
        }
        let address = address_of(&*database);
        let before = rows(&*database);
        let (_, steps) = stop_at(server, &address, &note_of(1), 1).await;
        let is_some = |step: usize| thirds.iter().any(|third| step == steps * third / 3);
        for step in (1..=steps).filter(|step| is_all() || is_some(*step)) {
            stop_at(server, &address, &note_of(step), 1).await;
            let limit = if is_all() { 1000 } else { 2 };
            let mut statement = if is_all() { 1 } else { 2 };
            while statement <= limit && interrupt(server, &address, statement).await {
                statement += 1;
            }
            if is_fenced(&*database) {
                let aborted = roll_back(server, &address).await;
                let aborted = aborted.unwrap_or_else(|error| panic!("{state} {step}: {error:?}"));
                assert_fits(&aborted, &json!({ "event": "abort", "database": "" }));
                assert_eq!(aborted.from.label(), state);
            }
            assert_at(server, &*database, state).await;
            assert!(rows(&*database) == before, "{state}: after step {step}");
        }
        to_newest(server, &address).await.unwrap();
        assert_at(server, &*database, server.head()).await;
    }
}

fn is_fenced(database: &dyn TestDatabase) -> bool {
    database.query("SELECT version_num FROM alembic_version")
        == [[Cell::from(mlflow_migrate_core::FENCE)]]
}

/// The upgrade stops there; whoever holds the table open need not go for it to be taken back.
async fn a_table_that_somebody_holds_open(server: &TestServer) {
    const STATE: &str = "cc1f77228345";
    let waits = Waits { table: Duration::from_secs(1), upgrader: Duration::from_secs(1) };
    for table in ["params", "registered_models", "experiments"] {
        let database = server.at(STATE).await;
        fill::metrics(&*database, 1);
        let address = address_of(&*database);
        let before = rows(&*database);
        let other = OtherSession::of(&address);
        other.run("BEGIN");
        other.run(&format!("SELECT * FROM {table}"));
        let stopped = upgrade_at(server.catalogue(), &address, waits, server.head()).await;
        // Not every server has a revision that changes it.
        if let Err(error) = stopped {
            assert_told(&error, ErrorKind::Locked);
        } else {
            other.end();
            continue;
        }
        if table == "params" && is_fenced(&*database) {
            roll_back(server, &address).await.unwrap_or_else(|error| panic!("{table}: {error:?}"));
        }
        other.end();
        if is_fenced(&*database) {
            roll_back(server, &address).await.unwrap_or_else(|error| panic!("{table}: {error:?}"));
        }
        assert_at(server, &*database, STATE).await;
        assert!(rows(&*database) == before, "{table}");
        to_newest(server, &address).await.unwrap();
        assert_at(server, &*database, server.head()).await;
    }
}

/// Where an upgrade stops, what is in the database, and whether it can be taken back.
struct Case {
    rows: &'static str,
    text: &'static str,
    time: u64,
    is_taken_back: bool,
}

const TRACES: &str = r#"INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
    INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('t', 1, 1, 'OK');
    INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content)
        VALUES ('t', 1, 's', 'OK', 1, '');"#;
const TAGS: &str = r#"INSERT INTO trace_tags (request_id, "key", value)
    VALUES ('t', 'mlflow.traceName', 'n');
    INSERT INTO trace_metrics (request_id, "key", value) VALUES ('t', 'input_tokens', 5)"#;
const DIMENSIONS: &str = r#"UPDATE spans SET dimension_attributes = '{"mlflow.llm.model": "m"}'"#;

const CASES: [Case; 6] = [
    // Nothing of the sources is gone yet, and what was computed from them goes with its columns.
    Case { rows: TAGS, text: "LOCK TABLES `trace_tags`", time: 1, is_taken_back: true },
    Case { rows: TAGS, text: "TRUNCATE TABLE", time: 2, is_taken_back: false },
    Case { rows: TAGS, text: "DELETE FROM alembic_version", time: 2, is_taken_back: false },
    // There were none to remove, and no values in the column that goes.
    Case { rows: "", text: "DELETE FROM alembic_version", time: 2, is_taken_back: true },
    Case { rows: DIMENSIONS, text: "DELETE FROM alembic_version", time: 2, is_taken_back: false },
    // The values are still there.
    Case {
        rows: DIMENSIONS,
        text: "DROP COLUMN `dimension_attributes`",
        time: 1,
        is_taken_back: true,
    },
];

async fn what_was_lost_decides(server: &TestServer) {
    const STATE: &str = "b7e2c1a4d9f3";
    for (number, case) in (1..).zip(&CASES) {
        let database = server.at(STATE).await;
        database.run(&format!("{TRACES}{}", case.rows));
        let address = address_of(&*database);
        let before = rows(&*database);
        stop_at(server, &address, case.text, case.time).await;
        let result = roll_back(server, &address).await;
        if case.is_taken_back {
            result.unwrap_or_else(|error| panic!("case {number}: {error:?}"));
            assert_at(server, &*database, STATE).await;
            assert!(rows(&*database) == before, "case {number}");
        } else {
            let error = result.err().unwrap_or_else(|| panic!("case {number} was taken back"));
            assert_told(&error, ErrorKind::Journal);
        }
        to_newest(server, &address).await.unwrap();
        assert_at(server, &*database, server.head()).await;
    }
}
