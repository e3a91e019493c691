//! Upgrades whose connection is cut on the way.
//!
//! Where the whole upgrade is one transaction, nothing of it is left. On MySQL the same command run
//! again finishes it, and what comes out is what an upgrade without a cut gives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{Event, NoopObserver, Observer};
use mlflow_migrate_core::upgrade::abort::abort;
use mlflow_migrate_core::{Error, FENCE};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::upgrade_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::other_session::OtherSession;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, query, wait_until_alone};
use mlflow_migrate_tests::{fill, tests};

use crate::common::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    an_upgrade_of_an_old_database_is_cut => SERVER,
    making_a_new_database_is_cut => SERVER,
    latest_metrics_go_on_with_the_runs_that_are_left => MYSQL,
    nobody_works_on_without_the_lock => MYSQL,
    nothing_is_committed_without_the_lock => MYSQL => EVERY_REVISION,
    the_backfill_of_traces_is_done_again => MYSQL => EVERY_REVISION,
    a_range_that_a_deadlock_ends_is_filled_again => MYSQL => EVERY_REVISION,
    what_can_be_taken_back_is => MYSQL,
    what_cannot_be_taken_back_is_refused => MYSQL,
    taking_back_goes_on_where_it_was_stopped => MYSQL,
    a_first_step_that_has_replaced_rows_is_no_untouched_database => MYSQL,
];

const OLD: &str = "7ac759974ad8";

/// At how many hundredths of what goes to the server the connection is cut.
const PLACES: [u64; 4] = [15, 55, 90, 97];

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

/// Ends the connection that keeps other upgraders out.
fn end_keeper(address: &Address) -> bool {
    const KEEPER: &str = "SELECT IS_USED_LOCK(CONCAT('mlflow_migrate.', DATABASE()))";
    let [row] = &query(address, KEEPER)[..] else { panic!("a lock has one keeper") };
    let Cell::Integer(keeper) = row[0] else { panic!("nobody has the lock") };
    query(address, &format!("KILL {keeper}"));
    true
}

/// The connection that keeps other upgraders out is gone while others of the same upgrade are at work, which
/// wait for rows that somebody has.
async fn nobody_works_on_without_the_lock(server: &TestServer) {
    let database = server.at(OLD).await;
    log_many_runs(&*database);
    let address = address_of(&*database);
    let other = Arc::new(OtherSession::of(&address));
    let (session, administrator) = (Arc::clone(&other), address.clone());
    let begin = move || {
        session.run("BEGIN");
        session.run("SELECT * FROM runs FOR UPDATE");
        end_keeper(&administrator)
    };
    let proxy = Proxy::before(&address, "INSERT INTO latest_metrics", 1, begin);
    let error = to_newest(server, &address.through_port(proxy.port())).await;
    // Not that the rows were locked for too long.
    assert_told(&error.unwrap_err(), ErrorKind::ConnectionLost);
    drop(other);
    wait_until_alone(server, &address);
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}

/// The third of three ranges is filled when the lock goes; by then another upgrade could have removed what
/// the range is computed from. Which range comes third depends on the workers.
async fn nothing_is_committed_without_the_lock(server: &TestServer) {
    let database = with_many_traces(server).await;
    let address = address_of(&*database);
    let administrator = address.clone();
    let end = move || end_keeper(&administrator);
    let proxy = Proxy::before(&address, "UPDATE `spans` JOIN", 3, end);
    let error = to_newest(server, &address.through_port(proxy.port())).await;
    assert_told(&error.unwrap_err(), ErrorKind::ConnectionLost);
    wait_until_alone(server, &address);
    let filled = "SELECT COUNT(*) FROM spans WHERE model_name IS NOT NULL";
    assert_ne!(database.query(filled), [[Cell::from(4500)]]);
    to_newest(server, &address).await.unwrap();
    assert_eq!(database.query(filled), [[Cell::from(4500)]]);
    assert_at(server, &*database, server.head()).await;
}

/// 4500 traces with a span each, which are three ranges.
async fn with_many_traces(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at("b7e2c1a4d9f3").await;
    let list = |row: &dyn Fn(i64) -> String| (0..4500).map(row).collect::<Vec<_>>().join(", ");
    database.run(&format!(
        r#"INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
           INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES {};
           INSERT INTO trace_tags (request_id, "key", value) VALUES {};
           INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano,
            content, dimension_attributes) VALUES {};
           INSERT INTO span_metrics (trace_id, span_id, "key", value) VALUES {}"#,
        list(&|number| format!("('t{number:05}', 1, {number}, 'OK')")),
        list(&|number| format!("('t{number:05}', 'mlflow.traceName', 'name {number}')")),
        list(&|number| {
            let model = format!(r#"{{"mlflow.llm.model": "m{}"}}"#, number % 3);
            format!("('t{number:05}', 1, 's', 'OK', {number}, '', '{model}')")
        }),
        list(&|number| format!("('t{number:05}', 's', 'total_cost', {number}.5)")),
    ));
    database
}

/// Some ranges are filled when the upgrade is interrupted; what they are filled from is still there.
async fn the_backfill_of_traces_is_done_again(server: &TestServer) {
    let filled = |database: &dyn TestDatabase| {
        database.query(
            "SELECT t.request_id, t.trace_name, s.model_name, s.total_cost \
             FROM trace_info t JOIN spans s ON s.trace_id = t.request_id ORDER BY t.request_id",
        )
    };
    let uncut = with_many_traces(server).await;
    to_newest(server, &address_of(&*uncut)).await.unwrap();
    let expected = filled(&*uncut);
    assert_eq!(expected.last().map(|row| row[3].clone()), Some(Cell::from(4499.5)));
    for (text, time) in [("UPDATE `spans` JOIN", 3), ("TRUNCATE TABLE", 2)] {
        let database = with_many_traces(server).await;
        let address = address_of(&*database);
        let proxy = Proxy::cut_at(&address, text, time);
        let error = to_newest(server, &address.through_port(proxy.port())).await.unwrap_err();
        assert_told(&error, ErrorKind::ConnectionLost);
        wait_until_alone(server, &address);
        to_newest(server, &address).await.unwrap();
        assert!(filled(&*database) == expected, "cut at {text} {time}");
        assert_at(server, &*database, server.head()).await;
    }
}

/// The server takes back the range, which has written less than the other session.
async fn a_range_that_a_deadlock_ends_is_filled_again(server: &TestServer) {
    let database = with_many_traces(server).await;
    let address = address_of(&*database);
    let other = Arc::new(OtherSession::of(&address));
    other.run("CREATE TEMPORARY TABLE weight (n INTEGER)");
    let session = Arc::clone(&other);
    let get_in_the_way = move || {
        session.run("BEGIN");
        let rows = vec!["(1)"; 20_000].join(", ");
        session.run(&format!("INSERT INTO weight VALUES {rows}"));
        session.run("SELECT * FROM spans FOR UPDATE");
        session.begin("SELECT * FROM trace_info FOR UPDATE");
        session.begin("COMMIT");
        true
    };
    let proxy = Proxy::before(&address, "UPDATE `spans` JOIN", 1, get_in_the_way);
    to_newest(server, &address.through_port(proxy.port())).await.unwrap();
    let filled = "SELECT COUNT(*) FROM spans WHERE model_name IS NOT NULL";
    assert_eq!(database.query(filled), [[Cell::from(4500)]]);
    assert_at(server, &*database, server.head()).await;
}

/// Cut before the indexes of `metrics` are there, or before the first of the later tables is.
async fn what_can_be_taken_back_is(server: &TestServer) {
    for (text, time) in [("INSERT INTO latest_metrics", 1), ("CREATE TABLE `registered_models`", 1)]
    {
        let database = old(server).await;
        let address = address_of(&*database);
        let before = (tables(&*database), database.query("SELECT * FROM metrics"));
        let proxy = Proxy::cut_at(&address, text, time);
        let error = to_newest(server, &address.through_port(proxy.port())).await.unwrap_err();
        assert_told(&error, ErrorKind::ConnectionLost);
        assert!(proxy.has_cut(), "{text}");
        wait_until_alone(server, &address);
        let mut backend = database.connect().await.unwrap();
        let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
        let aborted =
            abort(&mut *backend, server.catalogue(), &observer, &CancellationToken::default())
                .await;
        let aborted = aborted.unwrap_or_else(|error| panic!("before {text}: {error}"));
        assert_eq!(aborted.from.label(), OLD);
        assert_at(server, &*database, OLD).await;
        let after = (tables(&*database), database.query("SELECT * FROM metrics"));
        assert!(after == before, "before {text}");
    }
}

/// Asks for an end when so many steps have been rolled back.
struct StopAfter {
    left: AtomicUsize,
    stop: CancellationToken,
}

impl Observer for StopAfter {
    fn notify(&self, event: &Event) {
        let is_step =
            matches!(event, Event::Notice { message } if message.starts_with("roll back"));
        if is_step && self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            self.stop.request();
        }
    }
}

/// What was stopped can be taken back to the end, or finished after all.
async fn taking_back_goes_on_where_it_was_stopped(server: &TestServer) {
    for (steps, is_finished) in [(0, false), (2, false), (1, true)] {
        let database = old(server).await;
        let address = address_of(&*database);
        let before = (tables(&*database), database.query("SELECT * FROM metrics"));
        let proxy = Proxy::cut_at(&address, "CREATE TABLE `registered_models`", 1);
        assert!(to_newest(server, &address.through_port(proxy.port())).await.is_err());
        wait_until_alone(server, &address);
        let mut backend = database.connect().await.unwrap();
        let stop = CancellationToken::default();
        let left = AtomicUsize::new(steps);
        let observer: Arc<dyn Observer> = Arc::new(StopAfter { left, stop: stop.clone() });
        let stopped = abort(&mut *backend, server.catalogue(), &observer, &stop).await;
        let stopped = stopped.unwrap_err();
        assert_told(&stopped, ErrorKind::Stopped);
        assert!(matches!(stopped, Error::Interrupted { .. }), "{stopped:?}");
        if is_finished {
            drop(backend);
            to_newest(server, &address).await.unwrap();
            assert_at(server, &*database, server.head()).await;
            continue;
        }
        let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
        let aborted =
            abort(&mut *backend, server.catalogue(), &observer, &CancellationToken::default())
                .await;
        assert_eq!(aborted.unwrap().from.label(), OLD);
        assert_at(server, &*database, OLD).await;
        assert!((tables(&*database), database.query("SELECT * FROM metrics")) == before);
    }
}

/// A run of MLflow's has left `latest_metrics` with rows, which are replaced range by range.
async fn a_first_step_that_has_replaced_rows_is_no_untouched_database(server: &TestServer) {
    const FILLED: &str = "89d4b8295536";
    let database = server.at(FILLED).await;
    log_many_runs(&*database);
    database.run(&format!("UPDATE alembic_version SET version_num = '{OLD}'"));
    let address = address_of(&*database);
    let proxy = Proxy::cut_at(&address, "INSERT INTO latest_metrics", 3);
    let through = address.through_port(proxy.port());
    let waits = Waits::default();
    let error = upgrade_at(server.catalogue(), &through, waits, FILLED).await.unwrap_err();
    assert_told(&error, ErrorKind::ConnectionLost);
    let Error::Interrupted { step: 1, steps: 1, .. } = error else { panic!("{error:?}") };
    wait_until_alone(server, &address);
    assert_eq!(database.query("SELECT * FROM alembic_version"), [[Cell::from(FENCE)]]);
    upgrade_at(server.catalogue(), &address, waits, FILLED).await.unwrap();
    assert_eq!(database.query("SELECT COUNT(*) FROM latest_metrics"), [[450.into()]]);
    assert_at(server, &*database, FILLED).await;
}

/// The names of all tables, those of this tool too.
fn tables(database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    database.query(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() \
         ORDER BY TABLE_NAME",
    )
}

/// Once users' tags are written, there is only the way forward.
async fn what_cannot_be_taken_back_is_refused(server: &TestServer) {
    let database = server.at("base").await;
    database.run("INSERT INTO runs (run_uuid, user_id) VALUES ('a', 'ann')");
    let address = address_of(&*database);
    let proxy = Proxy::cut_at(&address, "CREATE TABLE `registered_models`", 1);
    let error = to_newest(server, &address.through_port(proxy.port())).await;
    assert!(error.is_err() && proxy.has_cut());
    wait_until_alone(server, &address);
    let mut backend = database.connect().await.unwrap();
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    let refused =
        abort(&mut *backend, server.catalogue(), &observer, &CancellationToken::default())
            .await
            .unwrap_err();
    assert_told(&refused, ErrorKind::Journal);
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}
