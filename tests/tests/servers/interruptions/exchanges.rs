//! Exchanges of a table's rows on MySQL, interrupted at each of their statements.
//!
//! In the middle, the rows are in a partition of another table, and their own table is empty.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::upgrade::report::UpgradeReport;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::EXCHANGE;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::upgrade_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};
use mlflow_migrate_tests::tests;

use super::aborts::roll_back;
use super::swaps::{method, metrics_as_created};
use crate::common::address_of;

pub(crate) const TESTS: &[Test] = tests![
    each_statement_can_be_the_last => EXCHANGE,
    rows_that_come_meanwhile => EXCHANGE,
    a_row_that_the_check_refuses => EXCHANGE,
    what_the_server_does_not_exchange => EXCHANGE,
    what_belongs_to_the_table_stays => EXCHANGE,
];

/// Before `metrics` gets its CHECKs, and nothing else for which the server copies the table.
const OLD: &str = "7ac759974ad8";
/// When `metrics` has its CHECKs, and an index of its own.
const NEW: &str = "bd07f7e963c5";
const ROWS: i64 = 64;

/// Where the connection is cut: at the time that a text goes to the server, or once it is answered.
#[derive(Clone, Copy, Debug)]
enum Cut {
    At(&'static str, u64),
    After(&'static str),
}

/// The statements of the exchange. The second exchange has no text: the server has it prepared.
const STATEMENTS: [Cut; 10] = [
    Cut::At("rows_metrics` LIKE", 1),
    Cut::At("PARTITION BY KEY", 1),
    Cut::At("LOCK TABLES `metrics`", 1),
    Cut::At("DROP FOREIGN KEY `metrics_ibfk_1`", 1),
    Cut::At("EXCHANGE PARTITION", 1),
    IN_THE_MIDDLE,
    Cut::After("ADD CONSTRAINT `metrics_chk_1`"),
    Cut::At("ADD FOREIGN KEY (`run_uuid`)", 1),
    Cut::At("UNLOCK TABLES", 2),
    Cut::At("DROP TABLE IF EXISTS `alembic_mlflow_migrate_rows_metrics`", 1),
];
const IN_THE_MIDDLE: Cut = Cut::At("ADD CONSTRAINT `metrics_chk_1`", 1);

async fn old(server: &TestServer) -> (Box<dyn TestDatabase>, Address) {
    let database = server.at(OLD).await;
    database.run("INSERT INTO runs (run_uuid) VALUES ('a')");
    database.run(&(0..ROWS).map(|step| insert(step, 0)).collect::<Vec<_>>().join(";"));
    let address = address_of(&*database);
    (database, address)
}

fn insert(step: i64, is_nan: u8) -> String {
    format!(
        r#"INSERT INTO metrics (run_uuid, "key", step, timestamp, value, is_nan)
           VALUES ('a', 'loss', {step}, {step}, 0.5, {is_nan})"#
    )
}

async fn upgrade(server: &TestServer, address: &Address) -> Result<UpgradeReport, Error> {
    upgrade_at(server.catalogue(), address, Waits::default(), NEW).await
}

/// Cuts the connection instead of sending a statement.
async fn stop(server: &TestServer, address: &Address, cut: Cut) {
    let proxy = match cut {
        Cut::At(text, time) => Proxy::cut_at(address, text, time),
        Cut::After(text) => Proxy::cut_once_after(address, text),
    };
    let stopped = upgrade(server, &address.through_port(proxy.port())).await;
    assert!(stopped.is_err(), "{cut:?}");
    wait_until_alone(server, address);
}

fn rows(database: &dyn TestDatabase) -> i64 {
    let counted = database.query("SELECT COUNT(*), COUNT(DISTINCT step) FROM metrics");
    assert_eq!(counted[0][0], counted[0][1]);
    let Cell::Integer(rows) = counted[0][0] else { panic!("{counted:?}") };
    rows
}

async fn assert_finished(server: &TestServer, database: &dyn TestDatabase, expected: i64) {
    assert_at(server, database, NEW).await;
    assert_eq!(rows(database), expected);
    assert_nothing_left(database);
}

fn assert_nothing_left(database: &dyn TestDatabase) {
    let left = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
                AND table_name LIKE 'alembic%' AND table_name <> 'alembic_version'";
    assert!(database.query(left).is_empty());
}

async fn each_statement_can_be_the_last(server: &TestServer) {
    for (number, statement) in STATEMENTS.into_iter().enumerate() {
        let (database, address) = old(server).await;
        assert!(method(server, &address, 0).await.contains("exchange"));
        stop(server, &address, statement).await;
        let is_away = (5..=6).contains(&number);
        assert_eq!(rows(&*database), if is_away { 0 } else { ROWS }, "{statement:?}");
        if number % 2 == 0 {
            upgrade(server, &address).await.unwrap();
            assert_finished(server, &*database, ROWS).await;
        } else {
            roll_back(server, &address).await.unwrap();
            assert_at(server, &*database, OLD).await;
            assert_eq!(rows(&*database), ROWS, "{statement:?}");
            assert_nothing_left(&*database);
        }
    }
}

/// An MLflow that was not stopped finds an empty table and writes to it.
async fn rows_that_come_meanwhile(server: &TestServer) {
    let (database, address) = old(server).await;
    stop(server, &address, IN_THE_MIDDLE).await;
    // The first one has been there before.
    for step in [0, ROWS] {
        database.run(&insert(step, 0));
    }
    upgrade(server, &address).await.unwrap();
    assert_finished(server, &*database, ROWS + 1).await;
}

async fn a_row_that_the_check_refuses(server: &TestServer) {
    let (database, address) = old(server).await;
    stop(server, &address, IN_THE_MIDDLE).await;
    database.run(&insert(ROWS, 7));
    let error = upgrade(server, &address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Database, "{error:?}");
    database.run("DELETE FROM metrics WHERE is_nan = 7");
    upgrade(server, &address).await.unwrap();
    assert_finished(server, &*database, ROWS).await;
}

/// The server exchanges no table whose columns were added instantly, and copies the table.
async fn what_the_server_does_not_exchange(server: &TestServer) {
    let (database, address) = old(server).await;
    database.run("ALTER TABLE metrics ADD COLUMN own INTEGER DEFAULT 5, ALGORITHM = INSTANT");
    assert!(method(server, &address, 0).await.contains("exchange"));
    upgrade(server, &address).await.unwrap();
    let own = database.query("SELECT COUNT(*) FROM metrics WHERE own = 5");
    assert_eq!(own, [[ROWS.into()]]);
    database.run("ALTER TABLE metrics DROP COLUMN own");
    assert_finished(server, &*database, ROWS).await;
}

async fn what_belongs_to_the_table_stays(server: &TestServer) {
    let (database, address) = old(server).await;
    database.run(
        "ALTER TABLE metrics COMMENT = 'it''s; mine', STATS_SAMPLE_PAGES = 7, \
         ADD CONSTRAINT own CHECK (step >= 0)",
    );
    database.run(
        "CREATE TRIGGER own BEFORE INSERT ON metrics FOR EACH ROW SET NEW.value = NEW.value + 1",
    );
    assert!(method(server, &address, 0).await.contains("exchange"));
    upgrade(server, &address).await.unwrap();
    let create = metrics_as_created(&*database);
    for kept in ["COMMENT='it''s; mine'", "STATS_SAMPLE_PAGES=7", "own\" CHECK"] {
        assert!(create.contains(kept), "{kept}: {create}");
    }
    database.run(&insert(ROWS, 0));
    let value = database.query(&format!("SELECT value FROM metrics WHERE step = {ROWS}"));
    assert_eq!(value, [[1.5.into()]]);
    database.run("DROP TRIGGER own; ALTER TABLE metrics DROP CHECK own");
    assert_finished(server, &*database, ROWS + 1).await;
}
