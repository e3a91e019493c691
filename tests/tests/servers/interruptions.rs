//! Upgrades whose connection is cut on the way.
//!
//! Where the whole upgrade is one transaction, nothing of it is left. On MySQL the same command run
//! again finishes it, and what comes out is what an upgrade without a cut gives.

use std::time::Duration;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{MYSQL, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::{fill, tests};

use super::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    an_upgrade_of_an_old_database_is_cut => SERVER,
    making_a_new_database_is_cut => SERVER,
    latest_metrics_go_on_with_the_runs_that_are_left => MYSQL,
];

const OLD: &str = "7ac759974ad8";

/// At how many hundredths of what goes to the server the connection is cut.
const PLACES: [u64; 6] = [15, 35, 55, 75, 90, 97];

/// A database with rows that the data migrations move.
async fn old(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at(OLD).await;
    fill::metrics(&*database, 2);
    database
}

/// All rows that MLflow's tables hold, but for those that tell when the upgrade was.
fn rows(database: &dyn TestDatabase) -> Vec<Vec<Vec<Cell>>> {
    ["runs", "tags", "metrics", "latest_metrics", "experiments"]
        .iter()
        .map(|table| {
            let mut rows = database.query(&format!("SELECT * FROM {table}"));
            rows.sort();
            rows
        })
        .collect()
}

/// Waits until the server has noticed that a connection is gone.
fn wait_until_alone(server: &TestServer, database: &Address) {
    let name = &database.database;
    let others = if server.is_postgres() {
        format!("SELECT pid FROM pg_stat_activity WHERE datname = '{name}'")
    } else {
        format!("SELECT id FROM information_schema.processlist WHERE db = '{name}'")
    };
    for _ in 0..300 {
        if query(server.address(), &others).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("somebody is still connected to {name}");
}

/// Upgrades through a way that ends somewhere, and again through one that does not.
async fn cut(server: &TestServer, database: &dyn TestDatabase, limit: u64) {
    let address = address_of(database);
    let before = database.contents();
    let proxy = Proxy::cut_after(&address, limit);
    let error = to_newest(server, &address.through_port(proxy.port())).await;
    assert!(proxy.has_cut());
    assert_told(&error.unwrap_err(), ErrorKind::ConnectionLost);
    wait_until_alone(server, &address);
    if server.reference().platform().transactional_ddl {
        assert!(database.contents() == before, "cut after {limit} bytes");
    }
    to_newest(server, &address)
        .await
        .unwrap_or_else(|error| panic!("after {limit} bytes: {error}"));
    assert_at(server, database, server.head()).await;
}

/// How many bytes an upgrade sends to its server.
async fn bytes_of(server: &TestServer, database: &dyn TestDatabase) -> u64 {
    let address = address_of(database);
    let proxy = Proxy::to(&address);
    to_newest(server, &address.through_port(proxy.port())).await.unwrap();
    proxy.bytes_to_server()
}

async fn an_upgrade_of_an_old_database_is_cut(server: &TestServer) {
    let uncut = old(server).await;
    let bytes = bytes_of(server, &*uncut).await;
    let expected = rows(&*uncut);
    for place in PLACES {
        let database = old(server).await;
        cut(server, &*database, bytes * place / 100).await;
        assert!(rows(&*database) == expected, "cut at {place} %");
    }
}

async fn making_a_new_database_is_cut(server: &TestServer) {
    let bytes = bytes_of(server, &*server.new_database()).await;
    for place in [30, 60, 95] {
        cut(server, &*server.new_database(), bytes * place / 100).await;
    }
}

/// 450 runs with an entry each, which are more than four ranges.
fn log_many_runs(database: &dyn TestDatabase) {
    let runs = || (0..450).map(|number| format!("run {number:028}"));
    let values: Vec<String> = runs().map(|run| format!("('{run}')")).collect();
    database.run(&format!("INSERT INTO runs (run_uuid) VALUES {}", values.join(", ")));
    let values: Vec<String> =
        runs().map(|run| format!("('{run}', 'm', 1, 1, 0.5, FALSE)")).collect();
    database.run(&format!(
        r#"INSERT INTO metrics (run_uuid, "key", step, timestamp, value, is_nan) VALUES {}"#,
        values.join(", ")
    ));
}

/// What is there already when the upgrade is interrupted is marked, and has its mark afterwards.
async fn latest_metrics_go_on_with_the_runs_that_are_left(server: &TestServer) {
    let database = server.at(OLD).await;
    log_many_runs(&*database);
    let address = address_of(&*database);
    let proxy = Proxy::cut_at(&address, "INSERT INTO latest_metrics", 3);
    let error = to_newest(server, &address.through_port(proxy.port())).await;
    assert_told(&error.unwrap_err(), ErrorKind::ConnectionLost);
    wait_until_alone(server, &address);
    let count = |condition: &str| {
        let sql = format!("SELECT COUNT(*) FROM latest_metrics WHERE {condition}");
        match database.query(&sql)[..] {
            [ref row] => row[0].clone(),
            _ => unreachable!("a count is one row"),
        }
    };
    let done = count("TRUE");
    assert!(done >= Cell::from(100) && done < Cell::from(450), "{done:?}");
    database.run("UPDATE latest_metrics SET value = -1");
    to_newest(server, &address).await.unwrap();
    assert_eq!(count("value = -1"), done);
    assert_eq!(count("TRUE"), Cell::from(450));
    assert_at(server, &*database, server.head()).await;
}
