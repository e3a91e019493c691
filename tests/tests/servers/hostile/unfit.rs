//! Values that do not fit into the type, or the way of comparing, that a column gets.

use mlflow_migrate_core::error::ConstraintError;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{Error, UpgradeOptions, report::doctor};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{TestDatabase, Upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::rows::{found, refused, to_newest};

pub(crate) const TESTS: &[Test] = tests![narrower_types, one_revision_at_a_time];

/// A column of which somebody has made something wider, and a row for which there will be no room.
struct Case {
    table: &'static str,
    column: &'static str,
    /// The type on MySQL and on PostgreSQL, if it is wider there.
    types: [&'static str; 2],
    rows: fn() -> String,
    mend: &'static str,
    /// What is told on MySQL and on PostgreSQL.
    expected: [&'static str; 2],
}

const EARLY: [Case; 2] = [
    Case {
        table: "metrics",
        column: "value",
        types: ["VARCHAR(50) NOT NULL", "VARCHAR(50)"],
        rows: || {
            r#"INSERT INTO metrics ("key", value, timestamp, step, run_uuid) VALUES
                ('m', '1.5', 1, 1, 'a'), ('m', '-2e-3', 2, 1, 'a'), ('n', '0.1 %', 1, 1, 'a')"#
                .to_owned()
        },
        mend: r#"UPDATE metrics SET value = '0.1' WHERE "key" = 'n'"#,
        expected: ["DOUBLE of value", "DOUBLE PRECISION of value"],
    },
    // 90e64c465722 adds rows on the way.
    Case {
        table: "tags",
        column: "value",
        types: ["LONGTEXT", "TEXT"],
        rows: || {
            let too_long = "x".repeat(9000);
            format!(r#"INSERT INTO tags ("key", value, run_uuid) VALUES ('t', '{too_long}', 'a')"#)
        },
        mend: "UPDATE tags SET value = 'short'",
        expected: ["VARCHAR(8000) of value", "VARCHAR(8000) of value"],
    },
];

const LATER: [Case; 2] = [
    Case {
        table: "model_version_tags",
        column: "value",
        types: ["MEDIUMTEXT", ""],
        rows: || {
            format!(
                r#"INSERT INTO registered_models (name) VALUES ('m');
                   INSERT INTO model_versions (name, version) VALUES ('m', 1);
                   INSERT INTO model_version_tags ("key", value, name, version) VALUES
                    ('k', '{}', 'm', 1)"#,
                "x".repeat(65_536)
            )
        },
        mend: "UPDATE model_version_tags SET value = 'short'",
        expected: ["TEXT of value", ""],
    },
    Case {
        table: "params",
        column: "value",
        types: ["TEXT NOT NULL", "TEXT"],
        rows: || {
            let (fits, too_long) = ("é".repeat(8000) + "  ", "é".repeat(11_991));
            format!(
                r#"INSERT INTO params ("key", value, run_uuid) VALUES
                    ('p', '{fits}', 'a'), ('q', '{too_long}', 'a')"#
            )
        },
        mend: r#"UPDATE params SET value = 'short' WHERE "key" = 'q'"#,
        expected: ["VARCHAR(8000) of value", "VARCHAR(8000) of value"],
    },
];

fn retype(server: &TestServer, case: &Case) -> String {
    let Case { table, column, types: [mysql, postgres], .. } = case;
    if server.is_mysql() {
        format!("ALTER TABLE {table} MODIFY {column} {mysql}")
    } else {
        format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {postgres}")
    }
}

async fn narrower_types(server: &TestServer) {
    for (state, cases) in [("451aebb31d03", EARLY), ("cc1f77228345", LATER)] {
        let database = server.at(state).await;
        database.run("INSERT INTO runs (run_uuid, user_id) VALUES ('a', 'ann')");
        let dialect = usize::from(server.is_postgres());
        let is_wider = |case: &&Case| !case.types[dialect].is_empty();
        for case in cases.iter().filter(is_wider) {
            if server.is_sqlite() {
                // Any value fits into any column; what a metric's may be is another matter.
                database.run(&if case.table == "metrics" { String::new() } else { (case.rows)() });
                continue;
            }
            database.run(&retype(server, case));
            database.run(&(case.rows)());
        }
        if !server.is_sqlite() {
            let mut found = found(server, &*database).await;
            found.sort();
            let tell = |case: &Case| (format!("{}: {}", case.table, case.expected[dialect]), 1, 1);
            let expected: Vec<(String, u64, usize)> =
                cases.iter().filter(is_wider).map(tell).collect();
            assert_eq!(found, expected, "{state}");
            refused(server, &*database).await;
            cases.iter().filter(is_wider).for_each(|case| database.run(case.mend));
        }
        let done = to_newest(server, &*database).await;
        done.unwrap_or_else(|error| panic!("{state}: {error:?}"));
        assert_at(server, &*database, server.head()).await;
    }
}

async fn stopped(server: &TestServer, database: &dyn TestDatabase, step_by_step: bool) -> bool {
    let mut request = UpgradeOptions::to(Target::parse(server.head()));
    request.step_by_step = step_by_step;
    request.accept_drift = true;
    let mut backend = database.connect().await.unwrap();
    let diagnosis = doctor::diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
    let found = diagnosis.problems;
    assert!(
        found.iter().all(|one| matches!(one, Error::Constraint(ConstraintError::Violated { .. }))),
        "{found:?}"
    );
    !found.is_empty()
}

/// What fits into the column in the end has no room in it on the way.
async fn one_revision_at_a_time(server: &TestServer) {
    if server.reference() == Server::Sqlite {
        return;
    }
    let database = server.at("451aebb31d03").await;
    database.run(if server.is_mysql() {
        "ALTER TABLE params MODIFY value TEXT NOT NULL"
    } else {
        "ALTER TABLE params ALTER COLUMN value TYPE TEXT"
    });
    database.run(&format!(
        r#"INSERT INTO runs (run_uuid) VALUES ('a');
           INSERT INTO params ("key", value, run_uuid) VALUES ('p', '{}', 'a')"#,
        "x".repeat(600)
    ));
    assert!(!stopped(server, &*database, false).await);
    assert!(stopped(server, &*database, true).await);
    let before = database.contents();
    let upgrade = Upgrade { step_by_step: true, accept_drift: true, ..Upgrade::default() };
    let error = upgrade.run(server.catalogue(), &*database, server.head()).await.0.unwrap_err();
    assert!(matches!(error, Error::Constraint(ConstraintError::Violated { .. })), "{error:?}");
    assert!(database.contents() == before);
    to_newest(server, &*database).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}
