//! Databases in which the creation of MLflow's tables was interrupted.

use std::collections::BTreeSet;

use mlflow_migrate::hint;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::location::Assumption;
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::conformance::{assert_at, live};
use mlflow_migrate_tests::database::{TestDatabase, Upgrade, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use crate::common::assert_told;

pub(crate) const TESTS: &[Test] = tests![
    some_of_the_first_tables,
    first_tables_with_rows,
    some_of_the_newest_tables => EVERY_REVISION,
    what_cannot_be_finished_is_not_said_to_be,
];

const TARGET: &str = "7ac759974ad8";

/// What remains of the base schema; every table with those that it references.
const BASE: &[&[&str]] = &[
    &["experiments"],
    &["experiments", "runs"],
    &["experiments", "runs", "params", "tags"],
    &["experiments", "runs", "metrics", "params"],
];

fn assuming_empty() -> Upgrade {
    Upgrade { assume: Some(Assumption::Empty), ..Upgrade::default() }
}

/// Drops all tables but some, those first that reference others.
fn keep(database: &dyn TestDatabase, schema: &Schema, kept: &BTreeSet<&str>) {
    let mut left: BTreeSet<&str> =
        schema.tables.keys().map(String::as_str).filter(|name| !kept.contains(name)).collect();
    while !left.is_empty() {
        let is_referenced = |name: &str| {
            left.iter().any(|other| {
                let keys = &schema.tables[*other].foreign_keys;
                *other != name && keys.iter().any(|key| key.referred_table == name)
            })
        };
        let free: Vec<&str> = left.iter().copied().filter(|name| !is_referenced(name)).collect();
        for name in free {
            database.run(&format!("DROP TABLE {name}"));
            left.remove(name);
        }
    }
}

#[track_caller]
fn assert_names_the_way(error: &Error, state: &str) {
    assert_told(error, ErrorKind::Drift);
    let told = error.to_string();
    assert!(told.contains(&format!("only some of the tables of {state} ")), "{told}");
    assert!(told.contains("missing: "), "{told}");
    assert!(hint(error).is_some_and(|hint| hint.contains("`--assume empty`")), "{error:?}");
}

async fn some_of_the_first_tables(server: &TestServer) {
    for (tables, stamp) in BASE.iter().zip([true, false].into_iter().cycle()) {
        let database = server.at("base").await;
        let (schema, _) = live(&*database).await.unwrap();
        keep(&*database, &schema, &tables.iter().copied().collect());
        // The version table may be there already, and empty.
        if !stamp {
            database.run("DROP TABLE IF EXISTS alembic_version");
        }
        let before = database.contents();
        let error = upgrade(server.catalogue(), &*database, TARGET).await.unwrap_err();
        assert_names_the_way(&error, "base");
        assert!(database.contents() == before);
        assuming_empty().run(server.catalogue(), &*database, TARGET).await.0.unwrap();
        assert_at(server, &*database, TARGET).await;
    }
}

async fn first_tables_with_rows(server: &TestServer) {
    let database = server.at("base").await;
    let (schema, _) = live(&*database).await.unwrap();
    keep(&*database, &schema, &["experiments", "runs"].into());
    database.run(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO runs (run_uuid, experiment_id, user_id) VALUES ('a', 1, 'me')",
    );
    assuming_empty().run(server.catalogue(), &*database, server.head()).await.0.unwrap();
    assert_at(server, &*database, server.head()).await;
    let tags = database.query("SELECT run_uuid, value FROM tags");
    assert_eq!(tags, [["a".into(), "me".into()]]);
}

/// Whatever made the newest tables at once, as MLflow's models have them.
async fn some_of_the_newest_tables(server: &TestServer) {
    let subsets: [&[&str]; 2] =
        [&["experiments", "runs", "metrics", "params", "tags", "workspaces"], &["experiments"]];
    for tables in subsets {
        let database = server.at("head").await;
        let (schema, _) = live(&*database).await.unwrap();
        keep(&*database, &schema, &tables.iter().copied().collect());
        database.run("DELETE FROM alembic_version");
        if tables.contains(&"metrics") {
            database.run(
                "INSERT INTO runs (run_uuid) VALUES ('a');
                 INSERT INTO metrics (\"key\", value, timestamp, run_uuid, step, is_nan)
                 VALUES ('m', 1, 1, 'a', 1, \"false\"), ('m', 2, 1, 'a', 2, \"false\")"
                    .replace("\"false\"", server.false_literal())
                    .as_str(),
            );
        }
        let error = upgrade(server.catalogue(), &*database, "head").await.unwrap_err();
        assert_told(&error, ErrorKind::Drift);
        assert!(hint(&error).is_some_and(|hint| hint.contains("`--assume empty`")), "{error:?}");
        let done = assuming_empty().run(server.catalogue(), &*database, "head").await.0;
        done.unwrap_or_else(|error| panic!("{tables:?}: {error}"));
        assert_at(server, &*database, "head").await;
        if tables.contains(&"metrics") {
            let latest = database.query("SELECT run_uuid, step FROM latest_metrics");
            assert_eq!(latest, [["a".into(), 2.into()]]);
        }
    }
}

async fn what_cannot_be_finished_is_not_said_to_be(server: &TestServer) {
    let database = server.at("base").await;
    let (schema, _) = live(&*database).await.unwrap();
    keep(&*database, &schema, &["experiments", "runs"].into());
    database.run("ALTER TABLE runs DROP COLUMN source_name; DROP TABLE IF EXISTS alembic_version");
    let error = upgrade(server.catalogue(), &*database, TARGET).await.unwrap_err();
    assert_told(&error, ErrorKind::Drift);
    let hint = hint(&error).unwrap();
    assert!(!hint.contains("--assume empty") && hint.contains("check --assume"), "{hint}");
    let error = assuming_empty().run(server.catalogue(), &*database, TARGET).await.0.unwrap_err();
    assert_told(&error, ErrorKind::Drift);
}
