//! Swaps of large tables on MySQL that are interrupted around their rename.
//!
//! Somebody who reads the table in an open transaction lets the copy be made, and keeps the rename
//! waiting until the upgrade gives up. What a server that dies at that point would leave is then made
//! by hand.

use std::time::Duration;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::MYSQL;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{TestDatabase, Waits, upgrade_at};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{mysql, tests};

use super::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    a_copy_that_was_not_swapped_in => MYSQL,
    the_first_of_two_renames => MYSQL,
    rows_that_came_with_the_rename => MYSQL,
];

/// Before `metrics.value` becomes a DOUBLE, for which every server copies the table.
const OLD: &str = "451aebb31d03";
/// When it has become one, and nothing else has changed: MySQL 8 locks the tables that reference an
/// altered one, too.
const NEW: &str = "181f10493468";
const SHORT: Waits = Waits { table: Duration::from_secs(1), upgrader: Duration::from_secs(1) };
const ROWS: i64 = 2048;

async fn old(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at(OLD).await;
    database.run(
        r#"INSERT INTO runs (run_uuid) VALUES ('a');
           INSERT INTO metrics (run_uuid, "key", step, timestamp, value)
           VALUES ('a', 'loss', 0, 1500000000000, 0.5)"#,
    );
    let mut done = 1;
    while done < ROWS {
        database.run(&format!(
            r#"INSERT INTO metrics (run_uuid, "key", step, timestamp, value)
               SELECT run_uuid, "key", step + {done}, timestamp + {done}, value FROM metrics"#
        ));
        done *= 2;
    }
    database
}

/// A database with a complete copy of `metrics` that waits to be swapped in.
async fn with_a_copy(server: &TestServer) -> (Box<dyn TestDatabase>, Address) {
    let database = old(server).await;
    let address = address_of(&*database);
    let mut reader = mysql::connect(&address).await.unwrap();
    for sql in ["START TRANSACTION", "SELECT COUNT(*) FROM metrics"] {
        sqlx::raw_sql(sql).execute(&mut reader).await.unwrap();
    }
    let error = upgrade_at(server.catalogue(), &address, SHORT, NEW).await;
    assert_told(&error.unwrap_err(), ErrorKind::Locked);
    sqlx::Connection::close(reader).await.unwrap();
    let copied = database.query("SELECT COUNT(*) FROM alembic_mlflow_migrate_new_metrics");
    assert_eq!(copied, [[ROWS.into()]]);
    (database, address)
}

async fn assert_finished(server: &TestServer, database: &dyn TestDatabase, rows: i64) {
    assert_at(server, database, server.head()).await;
    let counted = database.query("SELECT COUNT(*), COUNT(DISTINCT step) FROM metrics");
    assert_eq!(counted, [[rows.into(), rows.into()]]);
    let newest = database.query("SELECT step FROM latest_metrics");
    assert_eq!(newest, [[(rows - 1).into()]]);
    let left = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
                AND table_name LIKE 'alembic%' AND table_name <> 'alembic_version'";
    assert!(database.query(left).is_empty());
}

async fn a_copy_that_was_not_swapped_in(server: &TestServer) {
    let (database, address) = with_a_copy(server).await;
    to_newest(server, &address).await.unwrap();
    assert_finished(server, &*database, ROWS).await;
}

async fn the_first_of_two_renames(server: &TestServer) {
    let (database, address) = with_a_copy(server).await;
    database.run("RENAME TABLE metrics TO alembic_mlflow_migrate_old_metrics");
    to_newest(server, &address).await.unwrap();
    assert_finished(server, &*database, ROWS).await;
}

async fn rows_that_came_with_the_rename(server: &TestServer) {
    let (database, address) = with_a_copy(server).await;
    database.run(&format!(
        r#"INSERT INTO metrics (run_uuid, "key", step, timestamp, value)
           VALUES ('a', 'loss', {ROWS}, 1600000000000, 0.5);
           RENAME TABLE metrics TO alembic_mlflow_migrate_old_metrics,
                        alembic_mlflow_migrate_new_metrics TO metrics"#
    ));
    to_newest(server, &address).await.unwrap();
    assert_finished(server, &*database, ROWS + 1).await;
}
