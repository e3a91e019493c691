//! What is prepared while MLflow runs is found by the upgrade, or taken back.

mod changes;
mod load;
mod schedules;
mod states;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::prepare::{PrepareReport, prepare, undo};
use mlflow_migrate_core::report::preview::preview;
use mlflow_migrate_core::{UpgradeOptions, upgrade};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, POSTGRES, SERVER, SQLITE};
use mlflow_migrate_tests::conformance::{assert_at, assert_content, live};
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{Cell, Recorder, TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::json_schema::assert_fits;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::{database, fill, tests};
use serde_json::{Value, json};

use crate::common::{address_of, assert_told};
use crate::locks::others::Reader;

pub(crate) const TESTS: &[&[Test]] =
    &[CHANGES, changes::TESTS, load::TESTS, schedules::TESTS, states::TESTS];

const CHANGES: &[Test] = tests![
    what_was_prepared_is_found_by_the_upgrade => SERVER,
    an_empty_database_stays_empty => SERVER,
    undoing_takes_everything_back => SERVER,
    a_wrong_version_loses_no_index => SERVER => EVERY_REVISION,
    writers_go_on => SERVER => EVERY_REVISION,
    a_later_table_with_rows_is_kept => SERVER => EVERY_REVISION,
    a_table_that_is_referenced_is_waited_for => SERVER => EVERY_REVISION,
    a_stop_does_not_wait => POSTGRES,
    a_table_in_use_is_not_waited_for_without_end => MYSQL => EVERY_REVISION,
    an_index_that_was_not_finished_is_built_again => POSTGRES,
    a_file_cannot_be_prepared => SQLITE,
];

/// Before `index_metrics_run_uuid`, and the newest states of MLflow 2.22 and 3.9.
const STATES: [&str; 3] = ["c48cb773bb87", OLD, "d3e4f5a6b7c8"];

/// The state of MLflow 2.22, and an index of `metrics` that a later revision makes.
const OLD: &str = "0584bdc529eb";
const INDEX: &str = "index_metrics_run_uuid_key_step";

/// An index of spans, on PostgreSQL with their costs.
const COVER: &str = "idx_spans_cost_exp_time_cover";

/// Tables whose rows no revision after the first of the states changes.
const TABLES: [&str; 2] = ["metrics", "latest_metrics"];

/// The states from which the server can go further.
fn states(server: &TestServer) -> &'static [&'static str] {
    if server.head() == "head" { &STATES } else { &STATES[..2] }
}

fn request(server: &TestServer) -> UpgradeOptions {
    UpgradeOptions::to(Target::parse(server.head()))
}

/// A database at a state, with rows of metrics.
async fn filled(server: &TestServer, state: &str) -> Box<dyn TestDatabase> {
    let filled = server.at("7ac759974ad8").await;
    fill::metrics(&*filled, 4);
    database::upgrade(server.catalogue(), &*filled, state).await.unwrap();
    filled
}

async fn prepared_by(
    server: &TestServer,
    backend: &mut dyn Backend,
    request: &UpgradeOptions,
    is_undone: bool,
) -> Result<PrepareReport, Error> {
    let recorder = Arc::new(Recorder::default());
    let observer: Arc<dyn Observer> = Arc::clone(&recorder) as Arc<dyn Observer>;
    let catalogue = server.catalogue();
    let report = match is_undone {
        true => undo(backend, catalogue, request, &observer).await,
        false => prepare(backend, catalogue, request, &observer).await,
    };
    recorder.events().iter().for_each(|event| assert_fits(event, &Value::Null));
    let report = report?;
    assert_fits(&report, &json!({ "event": "prepare", "database": "" }));
    Ok(report)
}

async fn prepared(server: &TestServer, database: &dyn TestDatabase) -> PrepareReport {
    let mut backend = database.connect().await.unwrap();
    prepared_by(server, &mut *backend, &request(server), false).await.unwrap()
}

/// The names of the indexes that a report lists as built, and of those that were there.
fn names(report: &PrepareReport) -> (Vec<String>, Vec<String>) {
    let names = |list: &[mlflow_migrate_core::prepare::PreparedIndex]| {
        let mut names: Vec<String> =
            list.iter().map(|it| format!("{}.{}", it.table, it.index)).collect();
        names.sort();
        names
    };
    (names(&report.indexes), names(&report.earlier_indexes))
}

fn tables_of(list: &[mlflow_migrate_core::prepare::PreparedTable]) -> Vec<&str> {
    list.iter().map(|it| it.table.as_str()).collect()
}

/// The indexes that the plan of the upgrade offers to prepare.
async fn offered(server: &TestServer, database: &dyn TestDatabase) -> Vec<String> {
    let mut backend = database.connect().await.unwrap();
    let plan = preview(&mut *backend, server.catalogue(), &request(server)).await.unwrap();
    let mut names: Vec<String> =
        plan.preparable_indexes.iter().map(|it| format!("{}.{}", it.table, it.index)).collect();
    names.sort();
    names
}

fn rows(database: &dyn TestDatabase, table: &str) -> Vec<Vec<Cell>> {
    let mut rows = database.query(&format!("SELECT * FROM {table}"));
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

async fn what_was_prepared_is_found_by_the_upgrade(server: &TestServer) {
    for state in states(server) {
        let one = filled(server, state).await;
        let before = TABLES.map(|table| rows(&*one, table));
        let offered_before = offered(server, &*one).await;
        let report = prepared(server, &*one).await;
        let (due, earlier) = names(&report);
        assert!(earlier.is_empty(), "{state}: {earlier:?}");
        // Indexes of new columns come with these.
        assert!(offered_before.iter().all(|index| due.contains(index)), "{state}: {due:?}");
        let again = prepared(server, &*one).await;
        assert_eq!(names(&again), (Vec::new(), due.clone()), "{state}");
        assert!(offered(server, &*one).await.is_empty(), "{state}");
        assert!(!report.tables.is_empty() && again.tables.is_empty(), "{state}");
        assert_eq!(tables_of(&again.earlier_tables), tables_of(&report.tables), "{state}");
        if *state == OLD && server.head() == "head" {
            assert!(due.contains(&format!("metrics.{INDEX}")), "{due:?}");
        }
        // MLflow 3.9 writes no costs of spans, so their columns stay empty, and get their indexes.
        if *state == STATES[2] {
            assert!(due.contains(&format!("spans.{COVER}")), "{due:?}");
        }
        assert_eq!(one.query("SELECT * FROM alembic_version").len(), 1);
        database::upgrade(server.catalogue(), &*one, server.head()).await.unwrap();
        assert_at(server, &*one, server.head()).await;
        assert_content(server, &*one, server.head()).await;
        assert!(TABLES.map(|table| rows(&*one, table)) == before, "{state}");
    }
}

async fn an_empty_database_stays_empty(server: &TestServer) {
    let database = server.new_database();
    let report = prepared(server, &*database).await;
    assert!(report.tables.is_empty() && report.left_to_upgrade.is_empty(), "{report:?}");
    let mut backend = database.connect().await.unwrap();
    let plan = preview(&mut *backend, server.catalogue(), &request(server)).await.unwrap();
    assert!(plan.preparable_tables.is_empty());
    database::upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}

async fn undoing_takes_everything_back(server: &TestServer) {
    for state in states(server) {
        let database = filled(server, state).await;
        // What the user has made stays, and so does an index that the server has not finished.
        database.run("CREATE INDEX own ON metrics (step)");
        if server.is_postgres() {
            let sql = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'own'::regclass";
            database.run(sql);
        }
        let (built, _) = names(&prepared(server, &*database).await);
        let mut backend = database.connect().await.unwrap();
        let undone = prepared_by(server, &mut *backend, &request(server), true).await.unwrap();
        assert_eq!(names(&undone).0, built, "{state}");
        assert!(built.iter().all(|index| !index.ends_with(".own")), "{built:?}");
        database.run(match server.is_postgres() {
            true => "DROP INDEX own",
            false => "DROP INDEX own ON metrics",
        });
        assert_at(server, &*database, state).await;
        let again = prepared_by(server, &mut *backend, &request(server), true).await.unwrap();
        assert!(again.is_undone && again.indexes.is_empty(), "{again:?}");
    }
}

/// At a newer state than its version says, the later indexes are the database's own, also where another
/// difference hides which state it is.
async fn a_wrong_version_loses_no_index(server: &TestServer) {
    let drop_index = match server.is_postgres() {
        true => format!("DROP INDEX {INDEX}"),
        false => format!("DROP INDEX {INDEX} ON metrics"),
    };
    for difference in ["", drop_index.as_str()] {
        let database = server.at("head").await;
        database.run(&format!("UPDATE alembic_version SET version_num = '{OLD}'"));
        if !difference.is_empty() {
            database.run(difference);
        }
        let before = live(&*database).await.unwrap().0;
        let mut backend = database.connect().await.unwrap();
        let refused = prepared_by(server, &mut *backend, &request(server), true).await;
        assert_told(&refused.unwrap_err(), ErrorKind::Drift);
        assert_eq!(live(&*database).await.unwrap().0, before);
    }
}

/// A row in a table of a later revision says that a newer MLflow uses the database.
async fn a_later_table_with_rows_is_kept(server: &TestServer) {
    let database = filled(server, OLD).await;
    prepared(server, &*database).await;
    database.run("INSERT INTO workspaces (name, description) VALUES ('own', 'x')");
    let mut backend = database.connect().await.unwrap();
    let refused = prepared_by(server, &mut *backend, &request(server), true).await;
    assert_told(&refused.unwrap_err(), ErrorKind::Drift);
    assert_eq!(database.query("SELECT name FROM workspaces").len(), 1);
    database.run("DELETE FROM workspaces");
    prepared_by(server, &mut *backend, &request(server), true).await.unwrap();
    assert_at(server, &*database, OLD).await;
}

/// New statements would wait behind one that waits for the table, so each attempt is short.
async fn a_table_that_is_referenced_is_waited_for(server: &TestServer) {
    let database = filled(server, OLD).await;
    let address = address_of(&*database);
    let user = user_of_runs(&address).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let others = {
        let (address, is_over) = (address.clone(), Arc::clone(&is_over));
        std::thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !is_over.load(Ordering::SeqCst) {
                let began = std::time::Instant::now();
                query(&address, "UPDATE runs SET name = name WHERE run_uuid = 'nobody'");
                longest = longest.max(began.elapsed());
                std::thread::sleep(Duration::from_millis(20));
            }
            longest
        })
    };
    let waits = Waits { table: Duration::from_secs(5), ..Waits::default() };
    let mut backend = open(&address, waits).await.unwrap();
    let refused = prepared_by(server, &mut *backend, &request(server), false).await;
    is_over.store(true, Ordering::SeqCst);
    let longest = others.join().unwrap();
    drop(user);
    // MariaDB adds the foreign key without waiting.
    assert!(refused.is_err() || !server.is_postgres());
    if let Err(error) = refused {
        assert_told(&error, ErrorKind::Locked);
    }
    assert!(longest < Duration::from_secs(4), "{longest:?}");
    let mut backend = database.connect().await.unwrap();
    prepared_by(server, &mut *backend, &request(server), false).await.unwrap();
    database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
    assert_at(server, &*database, "head").await;
}

/// A session that uses `runs` in a transaction that is still open, as a new foreign key notices it.
async fn user_of_runs(address: &Address) -> Box<dyn std::any::Any> {
    if address.is_postgres() {
        let mut writer = mlflow_migrate_tests::postgres::connect(address).await.unwrap();
        for sql in ["BEGIN", "UPDATE runs SET name = 'used'"] {
            sqlx::raw_sql(sql).execute(&mut writer).await.unwrap();
        }
        return Box::new(writer);
    }
    Box::new(Reader::of_table(address, "runs").await)
}

/// Rows that are inserted, changed and deleted all the time are not lost, and nobody is refused.
async fn writers_go_on(server: &TestServer) {
    let database = filled(server, OLD).await;
    let address = address_of(&*database);
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (address, is_over) = (address.clone(), Arc::clone(&is_over));
        std::thread::spawn(move || {
            let mut written = 0;
            while !is_over.load(Ordering::SeqCst) {
                let entry = format!("('run {:028}', 'live {written}', 0, 1, 2.5, FALSE)", 3);
                let columns = r#"run_uuid, "key", step, timestamp, value, is_nan"#;
                query(&address, &format!("INSERT INTO metrics ({columns}) VALUES {entry}"));
                query(&address, "UPDATE metrics SET value = value + 1 WHERE \"key\" = 'live 0'");
                if written % 3 == 1 {
                    query(
                        &address,
                        &format!("DELETE FROM metrics WHERE \"key\" = 'live {written}'"),
                    );
                }
                written += 1;
            }
            written
        })
    };
    for _ in 0..3 {
        let report = prepared(server, &*database).await;
        assert!(names(&report).0.contains(&format!("metrics.{INDEX}")), "{report:?}");
        let mut backend = database.connect().await.unwrap();
        prepared_by(server, &mut *backend, &request(server), true).await.unwrap();
    }
    prepared(server, &*database).await;
    is_over.store(true, Ordering::SeqCst);
    let written: usize = writer.join().unwrap();
    assert!(written > 0);
    let deleted = (0..written).filter(|number| number % 3 == 1).count();
    let live = database.query("SELECT * FROM metrics WHERE \"key\" LIKE 'live %'");
    assert_eq!(live.len(), written - deleted);
    database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
    assert_at(server, &*database, "head").await;
}

/// The server waits for an older transaction, and the user stops. What is left goes at the next run.
async fn a_stop_does_not_wait(server: &TestServer) {
    let database = filled(server, OLD).await;
    let address = address_of(&*database);
    let writer = postgres_writer(&address).await;
    let stop = CancellationToken::default();
    let mut options = request(server);
    options.stop = stop.clone();
    let mut backend = database.connect().await.unwrap();
    let asking = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.request();
    };
    let (stopped, ()) = tokio::join!(prepared_by(server, &mut *backend, &options, false), asking);
    assert_told(&stopped.unwrap_err(), ErrorKind::Stopped);
    sqlx::Connection::close(writer).await.unwrap();
    let mut backend = database.connect().await.unwrap();
    prepared_by(server, &mut *backend, &request(server), true).await.unwrap();
    assert_at(server, &*database, OLD).await;
}

/// A transaction that has written to `metrics`, and is open.
async fn postgres_writer(address: &Address) -> sqlx::PgConnection {
    let mut writer = mlflow_migrate_tests::postgres::connect(address).await.unwrap();
    for sql in ["BEGIN", "DELETE FROM metrics WHERE step = 3"] {
        sqlx::raw_sql(sql).execute(&mut writer).await.unwrap();
    }
    writer
}

/// New statements would wait behind one that waits for the table, so it waits for a short time.
async fn a_table_in_use_is_not_waited_for_without_end(server: &TestServer) {
    let database = filled(server, OLD).await;
    let address = address_of(&*database);
    let reader = Reader::of_table(&address, "metrics").await;
    let waits = Waits { table: Duration::from_secs(1), ..Waits::default() };
    let mut backend = open(&address, waits).await.unwrap();
    let locked = prepared_by(server, &mut *backend, &request(server), false).await;
    assert_told(&locked.unwrap_err(), ErrorKind::Locked);
    drop(reader);
    prepared(server, &*database).await;
}

/// A server that dies leaves an index that it does not use, to `prepare` or to the upgrade.
async fn an_index_that_was_not_finished_is_built_again(server: &TestServer) {
    for prepares_again in [true, false] {
        let database = filled(server, OLD).await;
        prepared(server, &*database).await;
        let unfinish = format!(
            "UPDATE pg_index SET indisvalid = false, indisready = false \
             WHERE indexrelid = '{INDEX}'::regclass"
        );
        database.run(&unfinish);
        if prepares_again {
            assert_eq!(offered(server, &*database).await, [format!("metrics.{INDEX}")]);
            let (built, _) = names(&prepared(server, &*database).await);
            assert_eq!(built, [format!("metrics.{INDEX}")]);
        }
        database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
        assert_at(server, &*database, "head").await;
    }
}

async fn a_file_cannot_be_prepared(server: &TestServer) {
    let database = server.at(OLD).await;
    let mut backend = database.connect().await.unwrap();
    let refused = prepared_by(server, &mut *backend, &request(server), false).await;
    assert_told(&refused.unwrap_err(), ErrorKind::Unsupported);
    let observer: Arc<dyn Observer> = Arc::new(Recorder::default());
    upgrade(&mut *backend, server.catalogue(), &request(server), &observer).await.unwrap();
}
