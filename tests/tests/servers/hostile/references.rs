//! A user's own foreign keys to keys that a revision replaces.

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{Error, UpgradeOptions, report::doctor};
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{TestDatabase, Upgrade, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::statements_of;

pub(crate) const TESTS: &[Test] = tests![
    to_a_key_that_goes,
    to_a_key_that_gets_a_workspace => EVERY_REVISION,
    to_a_column_that_compares_in_another_way => EVERY_REVISION => MYSQL,
    to_a_key_of_ones_own => EVERY_REVISION,
    to_an_index_of_ones_own => EVERY_REVISION => MYSQL,
    from_outside => EVERY_REVISION => SERVER,
    from_tables_to_come => MYSQL,
];

/// Before 1b5f0d9ad7c1, which gives keys a workspace.
const OLD: &str = "c8d9e0f1a2b3";

const ROWS: &str = "INSERT INTO registered_models (name) VALUES ('m');
     INSERT INTO model_versions (name, version) VALUES ('m', 1);
     INSERT INTO experiments (experiment_id, name) VALUES (1, 'm');";

/// What a user has at [`OLD`], each in a table of its own, and what the foreign key is over.
const CASES: &[(&str, &str)] = &[
    (
        "CREATE TABLE u1 (id INTEGER PRIMARY KEY, m VARCHAR(256) NOT NULL, CONSTRAINT u1fk
            FOREIGN KEY (m) REFERENCES registered_models (name) ON UPDATE CASCADE);
         INSERT INTO u1 VALUES (1, 'm')",
        "u1fk (m)",
    ),
    (
        "CREATE TABLE u2 (id INTEGER PRIMARY KEY, m VARCHAR(256), v INTEGER, CONSTRAINT u2fk
            FOREIGN KEY (m, v) REFERENCES model_versions (name, version) ON DELETE CASCADE);
         INSERT INTO u2 VALUES (1, 'm', 1)",
        "u2fk (m, v)",
    ),
    (
        "CREATE TABLE u3 (id INTEGER PRIMARY KEY, m VARCHAR(256), CONSTRAINT \"u3's\"
            FOREIGN KEY (m) REFERENCES experiments (name) ON DELETE SET NULL);
         CREATE INDEX \"u3's index\" ON u3 (m, id);
         INSERT INTO u3 VALUES (1, 'm')",
        "u3's (m)",
    ),
];

/// At any state up to 181f10493468, which every server can go to.
const EARLY: &str =
    "CREATE TABLE u1 (id INTEGER PRIMARY KEY, k VARCHAR(250), t BIGINT, r VARCHAR(32),
    CONSTRAINT u1fk FOREIGN KEY (k, t, r) REFERENCES metrics (\"key\", \"timestamp\", run_uuid));
    INSERT INTO u1 VALUES (1, NULL, NULL, NULL)";

async fn problems(
    server: &TestServer,
    database: &dyn TestDatabase,
    step_by_step: bool,
) -> Vec<Error> {
    let mut request = UpgradeOptions::to(Target::parse(server.head()));
    request.step_by_step = step_by_step;
    request.accept_drift = true;
    let mut backend = database.connect().await.unwrap();
    doctor::diagnose(&mut *backend, server.catalogue(), &request).await.unwrap().problems
}

/// It is found beforehand, on the whole way at once and on each revision's; nothing is changed; and then
/// what is told is done.
async fn refused_and_mended(server: &TestServer, database: &dyn TestDatabase, expected: &str) {
    let mut statements = String::new();
    for step_by_step in [true, false] {
        let found = problems(server, database, step_by_step).await;
        let [error @ Error::StrandedReference { key, .. }] = &found[..] else {
            panic!("{expected}: {found:?}")
        };
        assert_eq!((key.as_str(), error.kind()), (expected, ErrorKind::Drift), "{error}");
        statements = statements_of(error);
    }
    let before = database.contents();
    let stopped = upgrade(server.catalogue(), database, server.head()).await;
    let error = stopped.unwrap_err();
    assert!(matches!(error, Error::StrandedReference { .. }), "{error:?}");
    assert!(database.contents() == before, "{error}");
    database.run(&statements);
}

async fn upgraded(server: &TestServer, database: &dyn TestDatabase) {
    let found = problems(server, database, false).await;
    assert!(found.is_empty(), "{found:?}");
    upgrade(server.catalogue(), database, server.head()).await.unwrap();
}

async fn to_a_key_that_goes(server: &TestServer) {
    let database = server.at("base").await;
    database.run(EARLY);
    refused_and_mended(server, &*database, "u1fk (k, t, r)").await;
    upgraded(server, &*database).await;
    assert_eq!(database.query("SELECT id FROM u1"), [[1.into()]]);
    database.run("DROP TABLE u1");
    assert_at(server, &*database, server.head()).await;
}

async fn to_a_key_that_gets_a_workspace(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(ROWS);
    for (setup, key) in CASES {
        database.run(setup);
        refused_and_mended(server, &*database, key).await;
    }
    // In a table of MLflow's, and to whatever its primary key is.
    database.run(if server.is_sqlite() {
        "ALTER TABLE runs ADD COLUMN model VARCHAR(256) REFERENCES registered_models"
    } else {
        "ALTER TABLE runs ADD COLUMN model VARCHAR(256);
         ALTER TABLE runs ADD CONSTRAINT ofruns FOREIGN KEY (model) REFERENCES registered_models (name)"
    });
    let expected = if server.is_sqlite() { "(model)" } else { "ofruns (model)" };
    refused_and_mended(server, &*database, expected).await;
    upgraded(server, &*database).await;
    for table in ["u1", "u2", "u3"] {
        let rows = database.query(&format!("SELECT id, m FROM {table}"));
        assert_eq!(rows, [[1.into(), "m".into()]], "{table}");
        database.run(&format!("DROP TABLE {table}"));
    }
    database.run("ALTER TABLE runs DROP COLUMN model");
    assert_at(server, &*database, server.head()).await;
}

/// The key stays, and can be referenced no more.
async fn to_a_column_that_compares_in_another_way(server: &TestServer) {
    let database = server.at("a8b9c0d1e2f3").await;
    database.run(
        "CREATE TABLE u1 (id INTEGER PRIMARY KEY, w VARCHAR(63), n VARCHAR(256), v VARCHAR(256));
         ALTER TABLE u1 ADD CONSTRAINT u1fk FOREIGN KEY (w, n, v)
            REFERENCES mcp_server_versions (workspace, name, version)",
    );
    refused_and_mended(server, &*database, "u1fk (w, n, v)").await;
    upgraded(server, &*database).await;
    database.run("DROP TABLE u1");
    assert_at(server, &*database, server.head()).await;
}

/// Another key over the same columns stays, and serves from then on.
async fn to_a_key_of_ones_own(server: &TestServer) {
    // There the revision drops whatever keeps names unique: a constraint is an index.
    if server.is_mysql() {
        return;
    }
    let database = server.at(OLD).await;
    database.run(ROWS);
    database.run(
        "CREATE TABLE u1 (id INTEGER PRIMARY KEY, m VARCHAR(256), CONSTRAINT u1fk
            FOREIGN KEY (m) REFERENCES registered_models (name) ON UPDATE CASCADE);
         CREATE UNIQUE INDEX own ON registered_models (name);
         INSERT INTO u1 VALUES (1, 'm')",
    );
    upgraded(server, &*database).await;
    if !server.is_sqlite() {
        database.run("UPDATE registered_models SET name = 'other'");
        assert_eq!(database.query("SELECT m FROM u1"), [["other".into()]]);
    }
    database.run("DROP TABLE u1");
    database.run("DROP INDEX own");
    assert_at(server, &*database, server.head()).await;
}

/// InnoDB is content with any index, and MySQL 8.4 only with one that was there before it asked for more.
async fn to_an_index_of_ones_own(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(ROWS);
    database.run(
        "CREATE INDEX own ON registered_models (name);
         CREATE TABLE u1 (id INTEGER PRIMARY KEY, m VARCHAR(256), CONSTRAINT u1fk
            FOREIGN KEY (m) REFERENCES registered_models (name) ON UPDATE CASCADE);
         INSERT INTO u1 VALUES (1, 'm')",
    );
    upgraded(server, &*database).await;
    database.run("UPDATE registered_models SET name = 'other'");
    assert_eq!(database.query("SELECT m FROM u1"), [["other".into()]]);
    database.run("DROP TABLE u1; DROP INDEX own ON registered_models");
    assert_at(server, &*database, server.head()).await;
}

/// From another database on the same server, or another schema.
async fn from_outside(server: &TestServer) {
    let (database, other) = (server.at(OLD).await, server.new_database());
    database.run(ROWS);
    let name = &database.address().unwrap().database;
    let (holder, referred) =
        if server.is_mysql() { (&*other, format!("{name}.")) } else { (&*database, String::new()) };
    let schema = if server.is_mysql() { "" } else { "\"other's\"." };
    if server.is_postgres() {
        database.run("CREATE SCHEMA \"other's\"");
    }
    holder.run(&format!(
        "CREATE TABLE {schema}u1 (id INTEGER PRIMARY KEY, m VARCHAR(256), r VARCHAR(32),
            CONSTRAINT harmless FOREIGN KEY (r) REFERENCES {referred}runs (run_uuid),
            CONSTRAINT u1fk FOREIGN KEY (m) REFERENCES {referred}registered_models (name));
         INSERT INTO {schema}u1 VALUES (1, 'm', NULL)"
    ));
    refused_and_mended(server, &*database, "u1fk (m)").await;
    upgraded(server, &*database).await;
    assert_at(server, &*database, server.head()).await;
}

/// Somebody has made a key longer, and the tables to come would reference what it was.
async fn from_tables_to_come(server: &TestServer) {
    let database = server.at("451aebb31d03").await;
    let retype = |column_type: &str| {
        format!(
            "ALTER TABLE runs DROP FOREIGN KEY runs_ibfk_1;
             ALTER TABLE experiments MODIFY experiment_id {column_type} NOT NULL AUTO_INCREMENT;
             ALTER TABLE runs MODIFY experiment_id {column_type},
                ADD FOREIGN KEY (experiment_id) REFERENCES experiments (experiment_id)"
        )
    };
    database.run(&retype("BIGINT"));
    let found = problems(server, &*database, false).await;
    let is_drift = |error: &&Error| matches!(error, Error::Drift { .. });
    let stranded: Vec<&Error> = found.iter().filter(|error| !is_drift(error)).collect();
    let tells = |text: &str| stranded.iter().any(|error| error.to_string().contains(text));
    assert!(tells("table experiment_tags needs experiments.experiment_id"), "{stranded:?}");
    let before = database.contents();
    let accepting = Upgrade { accept_drift: true, ..Upgrade::default() };
    let stopped = accepting.run(server.catalogue(), &*database, server.head()).await.0;
    let error = stopped.unwrap_err();
    assert!(matches!(error, Error::StrandedReference { .. }), "{error:?}");
    assert!(database.contents() == before, "{error}");
    database.run(&retype("INTEGER"));
    upgraded(server, &*database).await;
    assert_at(server, &*database, server.head()).await;
}
