//! What a server cannot hold, or may not be asked to.

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, OLD, POSTGRES, SHORT_KEYS};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{TestDatabase, Upgrade, Waits, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::mysql::MysqlDatabase;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::{TestServer, query, wait_until_alone};
use mlflow_migrate_tests::{fill, tests};

use crate::common::{User, address_of, assert_told, to_newest};
use crate::privileges::grants::grant_what_it_takes;

pub(crate) const TESTS: &[Test] = tests![
    revisions_that_need_a_newer_server => OLD,
    keys_that_are_too_long => SHORT_KEYS,
    a_database_that_is_read_only => POSTGRES,
    metrics_over_few_connections => MYSQL,
    traces_over_few_connections => MYSQL => EVERY_REVISION,
];

/// An upgrade that uses several connections.
struct Case {
    from: &'static str,
    to: &'static str,
    fill: fn(&dyn TestDatabase),
    /// Counts the rows that it has written over them.
    done: &'static str,
    rows: i64,
}

/// `metrics` is copied, and `latest_metrics` are computed.
const METRICS: Case = Case {
    from: "7ac759974ad8",
    to: "2b4d017a5e9b",
    fill: |database| fill::metrics(database, 2),
    done: "SELECT COUNT(*) FROM latest_metrics WHERE step = 1",
    rows: fill::ROWS_OF_A_STEP,
};

/// Traces get their names.
const TRACES: Case = Case {
    from: "b7e2c1a4d9f3",
    to: "75868b020152",
    fill: |database| {
        database.run(
            "INSERT INTO experiments (experiment_id, name, lifecycle_stage, workspace) \
             VALUES (7, 'e', 'active', 'default'); \
             INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) \
             VALUES ('a', 7, 1, 'OK'), ('b', 7, 2, 'OK'); \
             INSERT INTO trace_tags (\"key\", value, request_id) \
             VALUES ('mlflow.traceName', 'name', 'a'), ('mlflow.traceName', 'name', 'b')",
        );
    },
    done: "SELECT COUNT(*) FROM trace_info WHERE trace_name = 'name'",
    rows: 2,
};

/// a1b2c3d4e5f6 makes a generated column.
async fn revisions_that_need_a_newer_server(server: &TestServer) {
    for start in ["451aebb31d03", "770bee3ae1dd"] {
        let database = server.at(start).await;
        let before = database.contents();
        let error = upgrade(server.catalogue(), &*database, "head").await.unwrap_err();
        assert_told(&error, ErrorKind::ServerLimit);
        assert!(error.to_string().contains("a1b2c3d4e5f6"), "{error}");
        assert!(hint(&error).unwrap().contains("770bee3ae1dd"), "{error:?}");
        assert!(database.contents() == before);
        upgrade(server.catalogue(), &*database, "770bee3ae1dd").await.unwrap();
        assert_at(server, &*database, "770bee3ae1dd").await;
    }
}

async fn keys_that_are_too_long(server: &TestServer) {
    let database = MysqlDatabase::new(server.address(), server.reference(), "utf8mb4");
    let before = database.contents();
    let error = to_newest(server, &address_of(&database)).await.unwrap_err();
    assert_told(&error, ErrorKind::ServerLimit);
    assert!(error.to_string().contains("767"), "{error}");
    assert!(database.contents() == before);
}

/// As a standby server is.
async fn a_database_that_is_read_only(server: &TestServer) {
    let database = server.at("451aebb31d03").await;
    let address = address_of(&*database);
    database.run(&format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        address.database
    ));
    let before = database.contents();
    assert_told(&to_newest(server, &address).await.unwrap_err(), ErrorKind::ReadOnly);
    assert!(database.contents() == before);
}

/// Lets a user have no more connections than so many at a time.
fn limit_connections(server: &TestServer, user: &User, limit: u32) {
    let name = user.quoted();
    let sql = match server.reference() {
        Server::Mysql => format!("ALTER USER {name} WITH MAX_USER_CONNECTIONS {limit}"),
        _ => format!("GRANT USAGE ON *.* TO {name} WITH MAX_USER_CONNECTIONS {limit}"),
    };
    query(server.address(), &sql);
}

/// An upgrade by a user with so many connections goes on with those that it gets, and if that is none
/// besides its own, with that.
async fn assert_goes_on(server: &TestServer, user: &User, limit: u32, case: &Case) {
    let database = server.at(case.from).await;
    (case.fill)(&*database);
    let address = user.of(&*database);
    grant_what_it_takes(server, user, &address);
    limit_connections(server, user, limit);
    // The server may still count those of an upgrade before.
    wait_until_alone(server, &address);
    let mut backend = open(&address, Waits::default()).await.unwrap();
    let upgrade = Upgrade::default();
    let (result, events) = upgrade.run_on(server.catalogue(), &mut *backend, case.to).await;
    result.unwrap();
    assert_at(server, &*database, case.to).await;
    assert_eq!(database.query(case.done), [[case.rows.into()]], "{limit}");
    let told = |event: Event| match event {
        Event::Notice { message } => message.contains("worker connections").then_some(message),
        _ => None,
    };
    let told: Vec<String> = events.into_iter().filter_map(told).collect();
    // The server may still count a connection that has just been closed.
    let most = if limit == 1 { "continuing with 0 of " } else { "continuing with " };
    let is_told = |one: &String| one.contains("max_user_connections") && one.contains(most);
    assert!(!told.is_empty() && told.iter().all(is_told), "{limit}: {told:?}");
}

async fn metrics_over_few_connections(server: &TestServer) {
    let user = User::new(server);
    for limit in 1..=2 {
        assert_goes_on(server, &user, limit, &METRICS).await;
    }
}

async fn traces_over_few_connections(server: &TestServer) {
    let user = User::new(server);
    assert_goes_on(server, &user, 1, &TRACES).await;
}
