//! Swaps of large tables on MySQL that are interrupted around their rename.
//!
//! The connection is lost when the copy is made and the rename about to come. What a server that dies at
//! that point would leave is then made by hand.

use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_backend_mysql::{Mysql, OpenOptions};
use mlflow_migrate_core::backend::{Backend, SessionMode};
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{UpgradeOptions, inspect_and_plan};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::MYSQL;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::upgrade_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::{TestServer, query, wait_until_alone};
use mlflow_migrate_tests::tests;
use mlflow_migrate_tests::unique::next_user;

use crate::common::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    a_copy_that_was_not_swapped_in => MYSQL,
    the_first_of_two_renames => MYSQL,
    rows_that_came_with_the_rename => MYSQL,
    an_index_of_a_restored_dump_goes_either_way => MYSQL,
    the_rows_are_counted => MYSQL,
    a_reference_from_another_database => MYSQL,
    what_a_copy_has_too => MYSQL,
    what_a_copy_would_lose => MYSQL,
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
    let proxy = Proxy::cut_at(&address, "RENAME TABLE", 1);
    let through = address.through_port(proxy.port());
    let error = upgrade_at(server.catalogue(), &through, SHORT, NEW).await;
    assert_told(&error.unwrap_err(), ErrorKind::ConnectionLost);
    wait_until_alone(server, &address);
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

/// It would follow the old table, and keep that from being dropped.
async fn a_reference_from_another_database(server: &TestServer) {
    let (database, other) = (old(server).await, server.new_database());
    // MySQL 8.4 asks for a unique key otherwise.
    let unique = r#"ALTER TABLE metrics ADD UNIQUE KEY own ("key", step)"#;
    database.run(unique);
    let name = address_of(&*database).database;
    other.run(&format!(
        r#"CREATE TABLE own (id INT PRIMARY KEY, k VARCHAR(250) NOT NULL, s BIGINT NOT NULL,
           CONSTRAINT own_key FOREIGN KEY (k, s) REFERENCES {name}.metrics ("key", step));
           INSERT INTO own VALUES (1, 'loss', 0)"#
    ));
    to_newest(server, &address_of(&*database)).await.unwrap();
    let referred = other.query(
        "SELECT DISTINCT referenced_table_name FROM information_schema.key_column_usage
         WHERE table_schema = DATABASE() AND constraint_name = 'own_key'",
    );
    assert_eq!(referred, [["metrics".into()]]);
    other.run("DROP TABLE own");
    database.run("ALTER TABLE metrics DROP KEY own");
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

/// A connection that swaps tables of so many rows.
pub(crate) async fn swapping_from(address: &Address, rows: u64) -> Mysql {
    let mut options = OpenOptions::default();
    options.swap_from_rows = rows;
    options.range_rows = 700;
    Mysql::connect(&address.server_url(), &options).await.unwrap()
}

/// How an upgrade would change `metrics`.
pub(crate) async fn method(server: &TestServer, address: &Address, from_rows: u64) -> String {
    let mut backend = swapping_from(address, from_rows).await;
    backend.begin(SessionMode::Read).await.unwrap();
    let request = UpgradeOptions::to(Target::parse(server.head()));
    let (plan, _) = inspect_and_plan(&mut backend, server.catalogue(), &request).await.unwrap();
    let change = plan.changes().find(|change| change.after.name == "metrics").unwrap();
    let summary = backend.describe_change(change).unwrap().summary;
    backend.rollback().await.unwrap();
    summary
}

fn indexes(database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    database.query(
        "SELECT index_name, seq_in_index, column_name FROM information_schema.statistics \
         WHERE table_schema = DATABASE() AND table_name = 'metrics' ORDER BY 1, 2",
    )
}

/// InnoDB drops the index that it made for a foreign key when another one covers it. In a dump it is an
/// ordinary one, which goes all the same: the restored database is the same one.
async fn an_index_of_a_restored_dump_goes_either_way(server: &TestServer) {
    for is_restored in [false, true] {
        let mut found = Vec::new();
        for from_rows in [0, u64::MAX] {
            let database = server.at(OLD).await;
            if is_restored {
                restore_metrics(&*database, "");
            }
            let address = address_of(&*database);
            let mut backend = swapping_from(&address, from_rows).await;
            let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
            let request = UpgradeOptions::to(Target::parse(server.head()));
            let catalogue = server.catalogue();
            mlflow_migrate_core::upgrade(&mut backend, catalogue, &request, &observer)
                .await
                .unwrap();
            found.push(indexes(&*database));
        }
        assert_eq!(found[0], found[1], "restored: {is_restored}");
        assert!(!found[0].iter().any(|index| index[0] == "run_uuid".into()), "{:?}", found[0]);
    }
}

/// Makes `metrics` anew from its own definition, with further options.
fn restore_metrics(database: &dyn TestDatabase, options: &str) {
    let create = database.query("SHOW CREATE TABLE metrics");
    let Cell::Text(create) = &create[0][1] else { panic!("{create:?}") };
    database.run(&format!("DROP TABLE metrics; {create}{options}"));
}

/// Whatever the server's statistics say.
async fn the_rows_are_counted(server: &TestServer) {
    let database = old(server).await;
    let address = address_of(&*database);
    let rows = u64::try_from(ROWS).unwrap();
    for (estimate, from_rows, is_swapped) in [(10, rows, true), (1_000_000, rows + 1, false)] {
        let name = &address.database;
        query(
            server.address(),
            &format!(
                "ALTER TABLE {name}.metrics STATS_AUTO_RECALC = 0; \
                 UPDATE mysql.innodb_table_stats SET n_rows = {estimate} \
                 WHERE database_name = '{name}' AND table_name = 'metrics'; \
                 FLUSH TABLES {name}.metrics; ALTER TABLE {name}.metrics STATS_AUTO_RECALC = DEFAULT"
            ),
        );
        let summary = method(server, &address, from_rows).await;
        assert_eq!(summary.contains("swap"), is_swapped, "estimated {estimate}: {summary}");
    }
}

pub(crate) fn metrics_as_created(database: &dyn TestDatabase) -> String {
    let create = database.query("SHOW CREATE TABLE metrics");
    let Cell::Text(create) = &create[0][1] else { panic!("{create:?}") };
    create.clone()
}

async fn what_a_copy_has_too(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let (user, name) = (next_user(), &address.database);
    // Keys in utf8mb4 do not fit into the other one.
    let format = if server.charset() == Some("latin1") { "COMPACT" } else { "DYNAMIC" };
    database.run(&format!(
        "ALTER TABLE metrics COMMENT = 'it''s; ) mine', STATS_PERSISTENT = 1, STATS_SAMPLE_PAGES = 7, \
         ROW_FORMAT = {format}, MODIFY value FLOAT NOT NULL COMMENT 'a number', \
         ADD COLUMN own INTEGER COMMENT 'own'"
    ));
    database.run(&format!(
        "CREATE USER {user}@'%'; GRANT SELECT (value), INSERT ON {name}.metrics TO {user}@'%'"
    ));
    let grants = || database.query(&format!("SHOW GRANTS FOR {user}@'%'"));
    let (granted, options) = (grants(), metrics_as_created(&*database));
    let options = options.rsplit_once("\n) ").unwrap().1;
    assert!(method(server, &address, 0).await.contains("swap"), "{options}");
    to_newest(server, &address).await.unwrap();
    let after = metrics_as_created(&*database);
    assert_eq!(after.rsplit_once("\n) ").unwrap().1, options);
    for comment in ["COMMENT 'a number'", "COMMENT 'own'"] {
        assert!(after.contains(comment), "{after}");
    }
    assert_eq!(grants(), granted);
    database.run(&format!("DROP USER {user}@'%'"));
}

async fn what_a_copy_would_lose(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let name = &address.database;
    let folder = std::env::temp_dir().join(name);
    let mut kept = vec!["STATS_AUTO_RECALC=0".to_owned(), "COMMENT 'of an index'".to_owned()];
    // MySQL 8 takes only folders that it was started with.
    let statistics = match server.reference() {
        Server::Mysql => {
            restore_metrics(&*database, "");
            database.run("ANALYZE TABLE metrics UPDATE HISTOGRAM ON timestamp WITH 4 BUCKETS");
            Some("SELECT column_name FROM information_schema.column_statistics WHERE schema_name")
        }
        other => {
            std::fs::create_dir(&folder).unwrap();
            kept.push("DATA DIRECTORY=".to_owned());
            restore_metrics(&*database, &format!(" DATA DIRECTORY = '{}'", folder.display()));
            database.run(
                r#"INSERT INTO runs (run_uuid) VALUES ('a');
                   INSERT INTO metrics (run_uuid, "key", timestamp, value) VALUES ('a', 'k', 1, 1)"#,
            );
            let statistics = "SELECT column_name FROM mysql.column_stats WHERE db_name";
            (other == Server::Mariadb).then(|| {
                database.run("ANALYZE TABLE metrics PERSISTENT FOR ALL");
                statistics
            })
        }
    };
    let known = || {
        let sql = format!("{} = '{name}' ORDER BY 1", statistics.unwrap_or_default());
        statistics.map(|_| database.query(&sql))
    };
    let before = known();
    assert!(before.as_ref().is_none_or(|known| !known.is_empty()));
    database.run(
        "ALTER TABLE metrics STATS_AUTO_RECALC = 0, ADD INDEX own (timestamp) COMMENT 'of an index'",
    );
    to_newest(server, &address).await.unwrap();
    let after = metrics_as_created(&*database);
    for kept in kept {
        assert!(after.contains(&kept), "{kept}: {after}");
    }
    let lost = |column: &Vec<Cell>| !known().unwrap_or_default().contains(column);
    let lost: Vec<_> = before.into_iter().flatten().filter(lost).collect();
    // The server drops what it knows of a column of another type.
    assert!(lost.iter().all(|column| column[0] == "value".into()), "{lost:?}");
    drop(database);
    let _ = std::fs::remove_dir_all(folder);
}
