//! Others who use the database at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{Cell, Upgrade, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::{fill, mysql, postgres, tests};
use sea_query::{Condition, Expr, ExprTrait, Query, QueryStatement};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use crate::common::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    somebody_reads_a_table => SERVER,
    tables_that_are_changed_last_are_asked_for_first => MYSQL,
    somebody_upgrades => SERVER,
    an_end_is_asked_for_while_a_statement_waits => SERVER,
    two_upgraders_at_once => SERVER,
    an_upgrader_that_is_gone => SERVER,
    somebody_writes_all_the_time => MYSQL,
    ranges_do_not_wait_for_each_other => MYSQL,
    a_row_that_comes_before_a_table_is_emptied => MYSQL => EVERY_REVISION,
];

const OLD: &str = "451aebb31d03";
const SHORT: Waits = Waits { table: Duration::from_secs(1), upgrader: Duration::from_secs(1) };

/// A session that has read a table in a transaction that is still open.
pub(crate) enum Reader {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

impl Reader {
    async fn of(address: &Address) -> (Self, i64) {
        Self::of_table(address, "metrics").await
    }

    /// Begins to read, and tells by which number the server knows the session.
    pub(crate) async fn of_table(address: &Address, table: &str) -> (Self, i64) {
        let read = format!("SELECT count(*) FROM {table}");
        if address.is_postgres() {
            let mut connection = postgres::connect(address).await.unwrap();
            sqlx::raw_sql("BEGIN").execute(&mut connection).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(read)).execute(&mut connection).await.unwrap();
            let id = "SELECT pg_backend_pid()::bigint";
            let id: i64 = sqlx::query_scalar(id).fetch_one(&mut connection).await.unwrap();
            (Self::Postgres(connection), id)
        } else {
            let mut connection = mysql::connect(address).await.unwrap();
            sqlx::raw_sql("START TRANSACTION").execute(&mut connection).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(read)).execute(&mut connection).await.unwrap();
            let id = "SELECT CAST(CONNECTION_ID() AS SIGNED)";
            let id: i64 = sqlx::query_scalar(id).fetch_one(&mut connection).await.unwrap();
            (Self::Mysql(connection), id)
        }
    }

    pub(crate) async fn end(self) {
        match self {
            Self::Postgres(connection) => connection.close().await.unwrap(),
            Self::Mysql(connection) => connection.close().await.unwrap(),
        }
    }
}

/// The error names the session that is in the way.
#[track_caller]
pub(crate) fn assert_locked_by(error: &Error, session: i64) {
    assert_told(error, ErrorKind::Locked);
    let error = match error {
        Error::Interrupted { source, .. } => source,
        other => other,
    };
    let Error::Locked { holders, .. } = error else { panic!("{error:?}") };
    let session = session.to_string();
    assert!(holders.iter().any(|holder| holder.contains(&session)), "{session}: {holders:?}");
}

async fn somebody_reads_a_table(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let before = database.contents();
    let (reader, session) = Reader::of(&address).await;
    let started = Instant::now();
    let result = upgrade_at(server.catalogue(), &address, SHORT, server.head()).await;
    assert_locked_by(&result.unwrap_err(), session);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(database.contents() == before);
    reader.end().await;
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}

/// Whatever keeps a table, and whichever it is: nothing is changed until all of them are free.
async fn tables_that_are_changed_last_are_asked_for_first(server: &TestServer) {
    const KEEPERS: [(&str, &str); 4] = [
        ("runs", "START TRANSACTION; SELECT count(*) FROM runs"),
        ("experiments", "START TRANSACTION; UPDATE experiments SET name = name"),
        ("tags", "LOCK TABLES tags READ"),
        ("params", "LOCK TABLES params WRITE"),
    ];
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    database.run("INSERT INTO experiments (experiment_id, name) VALUES (7, 'seven')");
    let before = database.contents();
    for (table, sql) in KEEPERS {
        let mut keeper = mysql::connect(&address).await.unwrap();
        for statement in sql.split("; ") {
            sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut keeper).await.unwrap();
        }
        let result = upgrade_at(server.catalogue(), &address, SHORT, server.head()).await;
        assert_told(&result.unwrap_err(), ErrorKind::Locked);
        keeper.close().await.unwrap();
        assert!(database.contents() == before, "{table}: not as before");
    }
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}

/// The statement is ended: it would wait for an hour.
async fn an_end_is_asked_for_while_a_statement_waits(server: &TestServer) {
    const HOUR: Duration = Duration::from_secs(3600);
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let before = database.contents();
    let (reader, _) = Reader::of(&address).await;
    let stop = CancellationToken::default();
    let mut backend = open(&address, Waits { table: HOUR, upgrader: HOUR }).await.unwrap();
    let request = Upgrade { stop: stop.clone(), ..Upgrade::default() };
    let upgrade = request.run_on(server.catalogue(), &mut *backend, server.head());
    let ask = async {
        let waiting = if server.is_postgres() {
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
             AND wait_event_type = 'Lock'"
        } else {
            "SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = DATABASE() \
             AND STATE LIKE 'Waiting for table metadata lock'"
        };
        while database.query(waiting).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.request();
    };
    let ((ended, _), ()) = tokio::join!(upgrade, ask);
    assert_told(&ended.unwrap_err(), ErrorKind::Stopped);
    drop(backend);
    reader.end().await;
    assert!(database.contents() == before);
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}

async fn somebody_upgrades(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let before = database.contents();
    let mut first = database.connect().await.unwrap();
    first.begin(SessionMode::Upgrade).await.unwrap();
    let result = upgrade_at(server.catalogue(), &address, SHORT, server.head()).await;
    let error = result.unwrap_err();
    assert_told(&error, ErrorKind::Locked);
    let Error::Locked { holders, .. } = &error else { panic!("{error:?}") };
    assert!(!holders.is_empty(), "{error:?}");
    assert!(database.contents() == before);
    let mut reader = open(&address, SHORT).await.unwrap();
    reader.begin(SessionMode::Read).await.unwrap();
    reader.rollback().await.unwrap();
    first.rollback().await.unwrap();
    to_newest(server, &address).await.unwrap();
}

async fn two_upgraders_at_once(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let (one, other) = tokio::join!(to_newest(server, &address), to_newest(server, &address));
    let mut counts = [one.unwrap().revisions.len(), other.unwrap().revisions.len()];
    counts.sort_unstable();
    assert_eq!(counts[0], 0, "the second has found nothing to do");
    assert!(counts[1] > 20);
    assert_at(server, &*database, server.head()).await;
}

/// A process that was killed holds no lock.
async fn an_upgrader_that_is_gone(server: &TestServer) {
    let database = server.at(OLD).await;
    let mut first = database.connect().await.unwrap();
    first.begin(SessionMode::Upgrade).await.unwrap();
    drop(first);
    to_newest(server, &address_of(&*database)).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}

/// Logs entries of a metric until it is told to stop, and tells how many the server has taken.
async fn write_until(address: Address, stop: Arc<AtomicBool>) -> i64 {
    let mut connection = mysql::connect(&address).await.unwrap();
    let (mut tried, mut taken) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let sql = "INSERT INTO metrics (`key`, value, timestamp, run_uuid, step, is_nan) \
                   VALUES ('written meanwhile', 0.5, ?, 'run 0000000000000000000000000000', 0, 0)";
        tried += 1;
        taken += i64::from(sqlx::query(sql).bind(tried).execute(&mut connection).await.is_ok());
    }
    connection.close().await.unwrap();
    taken
}

/// No row that the server has taken is lost, even if the advice to stop MLflow's server is not heeded.
async fn somebody_writes_all_the_time(server: &TestServer) {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, 20);
    let address = address_of(&*database);
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write_until(address.clone(), Arc::clone(&stop)));
    let upgraded = to_newest(server, &address).await;
    stop.store(true, Ordering::Relaxed);
    let taken = writer.await.unwrap();
    if let Err(error) = upgraded {
        assert_told(&error, ErrorKind::Locked);
        to_newest(server, &address).await.unwrap();
    }
    assert_at(server, &*database, server.head()).await;
    let count = "SELECT COUNT(*) FROM metrics WHERE `key` = 'written meanwhile'";
    assert_eq!(database.query(count), [[taken.into()]]);
    assert!(taken > 0);
}

/// Neighbouring ranges, each in a transaction of its own, as data migrations fill them side by side.
pub(crate) async fn ranges_do_not_wait_for_each_other(server: &TestServer) {
    let database = server.at(OLD).await;
    let rows: Vec<String> = (0..1000).map(|number| format!("('run {number:028}')")).collect();
    database.run(&format!("INSERT INTO runs (run_uuid) VALUES {}", rows.join(", ")));
    let mut backend = open(&address_of(&*database), SHORT).await.unwrap();
    let accelerated = backend.accelerate().unwrap();
    let mut workers = accelerated.workers(&Progress::silent()).await.unwrap();
    let Some([first, second]) = workers.get_mut(..2) else { panic!("there are two jobs") };
    let last = format!("run {:028}", 499);
    let run = || Expr::col("run_uuid");
    let fill = |range: Expr| {
        let mut update = Query::update();
        update.table("runs").value("name", "filled").cond_where(Condition::all().add(range));
        QueryStatement::Update(update.take())
    };
    for connection in [&mut *first, &mut *second] {
        connection.transactions().unwrap().begin_rows().await.unwrap();
    }
    let written = second.execute(fill(run().gt(last.as_str()))).await.unwrap();
    assert_eq!((written, first.execute(fill(run().lte(last.as_str()))).await.unwrap()), (500, 500));
    for connection in [first, second] {
        connection.transactions().unwrap().commit_rows().await.unwrap();
    }
}

/// It is another row than those that go, and comes when it has been asked for others.
async fn a_row_that_comes_before_a_table_is_emptied(server: &TestServer) {
    let database = server.at("b7e2c1a4d9f3").await;
    database.run(
        r#"INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
           INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
           VALUES ('a', 1, 100, 'OK');
           INSERT INTO trace_metrics (request_id, "key", value) VALUES ('a', 'total_tokens', 5)"#,
    );
    let address = address_of(&*database);
    let other = address.clone();
    let write = move || {
        query(&other, "INSERT INTO trace_metrics (request_id, `key`, value) VALUES ('a', 'b', 7)");
        true
    };
    let proxy = Proxy::before(&address, "LOCK TABLES `trace_metrics`", 1, write);
    to_newest(server, &address.through_port(proxy.port())).await.unwrap();
    let left = database.query(r#"SELECT "key" FROM trace_metrics"#);
    assert_eq!(left, [[Cell::from("b")]]);
    assert_at(server, &*database, server.head()).await;
}
