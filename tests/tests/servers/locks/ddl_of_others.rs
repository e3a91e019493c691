//! Upgrades while other databases of the server are made, changed and dropped.
//!
//! `MLFLOW_MIGRATE_OTHERS_DDL=200` makes and upgrades so many databases, not one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{EVERY_REVISION, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::upgrade;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;
use mlflow_migrate_tests::unique::next_name;

pub(crate) const TESTS: &[Test] = tests![nobody_else_is_in_the_way => SERVER => EVERY_REVISION];

fn times() -> u32 {
    let wanted = std::env::var("MLFLOW_MIGRATE_OTHERS_DDL").ok();
    wanted.map_or(1, |wanted| wanted.parse().unwrap())
}

/// Makes a database with tables, a foreign key and a view, and drops it.
fn come_and_go(administrator: &Address) {
    let name = next_name();
    query(administrator, &format!("CREATE DATABASE {name}"));
    let database = administrator.of_database(&name);
    for sql in [
        "CREATE TABLE one (id INTEGER NOT NULL PRIMARY KEY)",
        "CREATE TABLE other (id INTEGER NOT NULL PRIMARY KEY, one INTEGER, CHECK (one > 0), \
         CONSTRAINT of_one FOREIGN KEY (one) REFERENCES one (id))",
        "CREATE VIEW both_of_them AS SELECT other.id FROM other JOIN one ON other.one = one.id",
        "ALTER TABLE other ADD COLUMN more INTEGER",
        "ALTER TABLE other DROP CONSTRAINT of_one",
    ] {
        let mysql = sql.replace("DROP CONSTRAINT", "DROP FOREIGN KEY");
        query(&database, if administrator.is_postgres() { sql } else { &mysql });
    }
    query(administrator, &format!("DROP DATABASE {name}"));
}

async fn nobody_else_is_in_the_way(server: &TestServer) {
    let (administrator, is_over) = (server.address().clone(), Arc::new(AtomicBool::new(false)));
    let over = Arc::clone(&is_over);
    let others = std::thread::spawn(move || {
        while !over.load(Ordering::SeqCst) {
            come_and_go(&administrator);
        }
    });
    for _ in 0..times() {
        let database = server.new_database();
        for target in ["d3e4f5a6b7c8", "e7d1f4b2a9c6"] {
            let upgraded = upgrade(server.catalogue(), &*database, target).await;
            upgraded.unwrap_or_else(|error| panic!("to {target}: {error:?}"));
        }
        assert_at(server, &*database, "e7d1f4b2a9c6").await;
    }
    is_over.store(true, Ordering::SeqCst);
    others.join().unwrap();
}
