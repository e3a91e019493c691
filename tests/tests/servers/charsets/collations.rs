//! Tables in another character set or collation than the one that new tables get.
//!
//! A foreign key needs the same on both sides, so MLflow's own chain stops at the first new table
//! that refers to an old one.

use mlflow_migrate_tests::capability::MYSQL;
use mlflow_migrate_tests::conformance::assert_content;
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use crate::common::{address_of, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    old_tables_in_another_collation => MYSQL,
    a_mixture_of_collations => MYSQL,
    a_new_default_between_two_upgrades => MYSQL,
];

const OLD: &str = "7ac759974ad8";

/// Collations that older tables may have. The keys of MySQL 5.6 have room for one byte a character.
fn others(server: &TestServer) -> &'static [&'static str] {
    match (server.reference(), server.charset()) {
        (Server::Mysql56, _) => &["ascii_general_ci", "latin1_bin", "latin1_general_ci"],
        (_, Some("latin1")) => &["utf8mb4_general_ci", "latin1_bin", "latin1_general_ci"],
        _ => &["latin1_swedish_ci", "utf8_general_ci", "utf8mb4_bin", "utf8mb4_unicode_520_ci"],
    }
}

/// Sets the collation of tables that come to be from now on.
fn set_default(database: &dyn TestDatabase, collation: &str) {
    let charset = collation.split('_').next().unwrap();
    let name = address_of(database).database;
    database.run(&format!("ALTER DATABASE {name} CHARACTER SET {charset} COLLATE {collation}"));
}

fn default_of(database: &dyn TestDatabase) -> String {
    match database.query("SELECT @@collation_database")[0].as_slice() {
        [mlflow_migrate_tests::database::Cell::Text(collation)] => collation.clone(),
        other => panic!("{other:?}"),
    }
}

/// How many foreign keys there are.
fn foreign_keys(database: &dyn TestDatabase) -> usize {
    let keys = "SELECT constraint_name FROM information_schema.referential_constraints
                WHERE constraint_schema = DATABASE()";
    database.query(keys).len()
}

/// The upgrade goes through, and every foreign key is there.
async fn assert_upgrades(server: &TestServer, database: &dyn TestDatabase) {
    database.run(
        r#"INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
           INSERT INTO runs (run_uuid, experiment_id) VALUES ('a', 1);
           INSERT INTO metrics ("key", value, timestamp, step, run_uuid, is_nan)
           VALUES ('m', 0.5, 1, 1, 'a', FALSE)"#,
    );
    to_newest(server, &address_of(database)).await.unwrap();
    let reference = server.at(server.head()).await;
    assert_eq!(foreign_keys(database), foreign_keys(&*reference));
    assert_eq!(database.query("SELECT run_uuid FROM latest_metrics"), [["a".into()]]);
    assert_content(server, database, server.head()).await;
}

/// What an upgrade gives a new column on purpose, the collation of the column that it references, is no
/// drift to the next one.
async fn a_new_default_between_two_upgrades(server: &TestServer) {
    for old in others(server) {
        let database = server.new_database();
        let new = default_of(&*database);
        set_default(&*database, old);
        upgrade(server.catalogue(), &*database, "acf3f17fdcc7").await.unwrap();
        set_default(&*database, &new);
        for target in ["400f98739977", server.head()] {
            upgrade(server.catalogue(), &*database, target)
                .await
                .unwrap_or_else(|error| panic!("{old}, then {new}, to {target}: {error}"));
            assert_content(server, &*database, target).await;
        }
    }
}

async fn old_tables_in_another_collation(server: &TestServer) {
    for old in others(server) {
        let database = server.new_database();
        let new = default_of(&*database);
        set_default(&*database, old);
        upgrade(server.catalogue(), &*database, OLD).await.unwrap();
        set_default(&*database, &new);
        assert_upgrades(server, &*database).await;
    }
}

/// Each few years another default.
async fn a_mixture_of_collations(server: &TestServer) {
    let database = server.new_database();
    let new = default_of(&*database);
    for (old, target) in others(server).iter().zip(["base", OLD]) {
        set_default(&*database, old);
        upgrade(server.catalogue(), &*database, target).await.unwrap();
    }
    set_default(&*database, &new);
    assert_upgrades(server, &*database).await;
}
