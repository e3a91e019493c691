//! What the tool does not know, it leaves alone, on every server: a user's own objects live through
//! an upgrade of the tables that they hang on. SQLite's own kinds of objects are in
//! `sqlite::survival` of the program `offline`.

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, POSTGRES, SERVER};
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![
    tables,
    columns,
    indexes,
    views,
    triggers => SERVER,
    comments => MYSQL,
    unusual_indexes_of_postgres => POSTGRES,
    unusual_indexes_of_mysql => MYSQL,
    an_index_that_its_column_outgrows => MYSQL,
    a_table_whose_name_mlflow_wants => EVERY_REVISION,
    a_revision_of_another_program,
    tables_of_another_program_only,
    a_database_newer_than_the_tool,
];

/// A database at a revision, with an experiment, two runs, and some of their rows.
async fn at(server: &TestServer, revision: &str) -> Box<dyn TestDatabase> {
    let database = server.at(revision).await;
    database.run(
        r#"INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'one', 'active');
         INSERT INTO runs (run_uuid, name, user_id, status, experiment_id) VALUES
            ('a', 'first', 'ann', 'RUNNING', 1), ('b', 'second', NULL, 'FINISHED', 1);
         INSERT INTO params ("key", value, run_uuid) VALUES ('lr', '0.1', 'a');
         INSERT INTO metrics ("key", value, timestamp, run_uuid) VALUES ('m', 0.5, 1, 'a')"#,
    );
    database
}

async fn to_newest(server: &TestServer, database: &dyn TestDatabase) {
    let report = upgrade(server.catalogue(), database, server.head()).await;
    report.unwrap_or_else(|error| panic!("{error:?}"));
    let latest = database.query("SELECT run_uuid, value FROM latest_metrics");
    assert_eq!(latest, [["a".into(), Cell::from(0.5)]]);
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<Cell> {
    cells.map(Cell::from).to_vec()
}

async fn tables(server: &TestServer) {
    let database = at(server, "base").await;
    database.run(
        r#"CREATE TABLE "my ""own"" table" ("a ' b" VARCHAR(20) NOT NULL, "select" INTEGER,
            PRIMARY KEY ("a ' b"));
           INSERT INTO "my ""own"" table" VALUES ('x', 5), ('y', NULL);
           CREATE TABLE notes (run VARCHAR(32) NOT NULL, note VARCHAR(20),
            CONSTRAINT of_run FOREIGN KEY (run) REFERENCES runs (run_uuid) ON DELETE CASCADE);
           INSERT INTO notes VALUES ('a', 'of a'), ('b', 'of b')"#,
    );
    to_newest(server, &*database).await;
    let own = database.query(r#"SELECT "a ' b", "select" FROM "my ""own"" table" ORDER BY 1"#);
    assert_eq!(own, [vec!["x".into(), 5.into()], vec!["y".into(), Cell::Null]]);
    let enforce = if server.is_sqlite() { "PRAGMA foreign_keys = ON;" } else { "" };
    let delete = "DELETE FROM tags; DELETE FROM runs WHERE run_uuid = 'b'";
    database.run(&format!("{enforce} {delete}"));
    let notes = database.query("SELECT note FROM notes");
    assert_eq!(notes, [row(["of a"])], "the reference works");
}

/// On tables that are changed in many ways.
async fn columns(server: &TestServer) {
    let database = at(server, "base").await;
    database.run(
        r#"ALTER TABLE experiments ADD COLUMN "my ""own""" VARCHAR(20) DEFAULT 'd''d' NOT NULL;
           ALTER TABLE metrics ADD COLUMN unit VARCHAR(10) DEFAULT 'm';
           ALTER TABLE runs ADD COLUMN noted INTEGER;
           UPDATE metrics SET unit = 's'; UPDATE runs SET noted = 7 WHERE run_uuid = 'a'"#,
    );
    to_newest(server, &*database).await;
    let own = database.query(r#"SELECT "my ""own""" FROM experiments WHERE experiment_id = 1"#);
    assert_eq!(own, [row(["d'd"])]);
    assert_eq!(database.query("SELECT unit FROM metrics"), [row(["s"])]);
    let noted = database.query("SELECT noted FROM runs ORDER BY run_uuid");
    assert_eq!(noted, [[Cell::from(7)], [Cell::Null]]);
    database
        .run(r#"INSERT INTO metrics ("key", value, timestamp, run_uuid) VALUES ('n', 1, 1, 'a')"#);
    let unit = database.query(r#"SELECT unit FROM metrics WHERE "key" = 'n'"#);
    assert_eq!(unit, [row(["m"])], "with its default");
}

/// The definitions of a user's indexes, whose names begin with `own`, as the server gives them.
fn own_indexes(server: &TestServer, database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    database.query(if server.is_sqlite() {
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND name LIKE 'own%' ORDER BY 1"
    } else if server.is_postgres() {
        "SELECT indexname, indexdef FROM pg_indexes WHERE indexname LIKE 'own%' ORDER BY 1"
    } else {
        "SELECT table_name, index_name, seq_in_index, column_name, sub_part, non_unique, collation,
            index_type, index_comment
         FROM information_schema.statistics
         WHERE table_schema = DATABASE() AND index_name LIKE 'own%' ORDER BY 1, 2, 3"
    })
}

async fn indexes(server: &TestServer) {
    let database = at(server, "base").await;
    database.run(
        r#"CREATE INDEX own_plain ON experiments (artifact_location);
           CREATE UNIQUE INDEX "own "" unique" ON runs (name, status);
           CREATE INDEX own_on_metrics ON metrics (run_uuid, value);
           CREATE INDEX own_on_params ON params ("key")"#,
    );
    let before = own_indexes(server, &*database);
    assert!(before.len() >= 4);
    to_newest(server, &*database).await;
    let unquoted = |rows: Vec<Vec<Cell>>| format!("{rows:?}").replace("\\\"", "");
    assert_eq!(unquoted(own_indexes(server, &*database)), unquoted(before));
}

async fn unusual_indexes_of_postgres(server: &TestServer) {
    let database = at(server, "base").await;
    database.run(
        "CREATE INDEX own_expression ON experiments (lower(name) DESC, (name || 'x'));
         CREATE UNIQUE INDEX own_partial ON experiments (name) WHERE lifecycle_stage = 'active';
         CREATE INDEX own_including ON runs (status) INCLUDE (name);
         CREATE INDEX own_hash ON tags USING hash (value);
         CREATE INDEX own_opclass ON params (value text_pattern_ops NULLS FIRST);
         CREATE STATISTICS own_statistics ON name, status FROM runs",
    );
    let before = own_indexes(server, &*database);
    to_newest(server, &*database).await;
    assert_eq!(own_indexes(server, &*database), before);
    assert_eq!(database.query("SELECT stxname FROM pg_statistic_ext").len(), 1);
}

async fn unusual_indexes_of_mysql(server: &TestServer) {
    let database = at(server, "base").await;
    database.run(
        "CREATE INDEX own_prefix ON experiments (artifact_location(10));
         CREATE FULLTEXT INDEX own_words ON runs (name);
         CREATE INDEX own_comment ON runs (entry_point_name) COMMENT 'it''s mine'",
    );
    let before = own_indexes(server, &*database);
    to_newest(server, &*database).await;
    assert_eq!(own_indexes(server, &*database), before);
}

/// The value of a tag comes to be longer than any key. MariaDB indexes the part that fits.
async fn an_index_that_its_column_outgrows(server: &TestServer) {
    let database = at(server, "base").await;
    database.run("CREATE INDEX own ON tags (value)");
    if server.reference() == Server::Mariadb {
        to_newest(server, &*database).await;
        assert_eq!(own_indexes(server, &*database).len(), 1);
    } else {
        let told = refused(server, &*database, ErrorKind::ServerLimit).await;
        assert!(told.contains("own") && told.contains("tags"), "{told}");
    }
}

async fn views(server: &TestServer) {
    let database = at(server, "base").await;
    database.run(
        "CREATE VIEW over_runs AS SELECT e.name AS experiment, r.name AS run
            FROM experiments e JOIN runs r ON r.experiment_id = e.experiment_id;
         CREATE VIEW over_a_view AS SELECT run FROM over_runs WHERE experiment = 'one'",
    );
    to_newest(server, &*database).await;
    let runs = database.query("SELECT run FROM over_a_view ORDER BY run");
    assert_eq!(runs, [row(["first"]), row(["second"])]);
}

async fn triggers(server: &TestServer) {
    let database = at(server, "base").await;
    database.run("CREATE TABLE log (line VARCHAR(300))");
    if server.is_postgres() {
        database.run(
            "CREATE FUNCTION write_down() RETURNS trigger AS $$ BEGIN
                INSERT INTO log VALUES (new.name); RETURN new; END $$ LANGUAGE plpgsql;
             CREATE TRIGGER own_trigger AFTER UPDATE OF name ON experiments
                FOR EACH ROW WHEN (new.name <> old.name) EXECUTE FUNCTION write_down()",
        );
    } else {
        database.run(
            "CREATE TRIGGER own_trigger AFTER UPDATE ON experiments FOR EACH ROW
                INSERT INTO log VALUES (new.name)",
        );
    }
    to_newest(server, &*database).await;
    database.run("DELETE FROM log; UPDATE experiments SET name = 'two' WHERE experiment_id = 1");
    assert_eq!(database.query("SELECT line FROM log"), [row(["two"])]);
}

/// MySQL's MODIFY forgets what is not said again.
async fn comments(server: &TestServer) {
    let database = at(server, "base").await;
    database.run(
        "ALTER TABLE experiments MODIFY lifecycle_stage VARCHAR(32) COMMENT 'it''s \"mine\"';
         ALTER TABLE metrics MODIFY value FLOAT NOT NULL COMMENT 'a number';
         ALTER TABLE runs COMMENT = 'all runs'",
    );
    to_newest(server, &*database).await;
    let comments = database.query(
        "SELECT column_name, column_comment FROM information_schema.columns
         WHERE table_schema = DATABASE() AND column_comment <> '' ORDER BY 1",
    );
    let expected = [["lifecycle_stage", "it's \"mine\""], ["value", "a number"]];
    assert_eq!(comments, expected.map(row));
    let comment = database.query(
        "SELECT table_comment FROM information_schema.tables
         WHERE table_schema = DATABASE() AND table_name = 'runs'",
    );
    assert_eq!(comment, [row(["all runs"])]);
}

/// Upgrades a database, which must be refused and stay as it is.
async fn refused(server: &TestServer, database: &dyn TestDatabase, kind: ErrorKind) -> String {
    let before = database.contents();
    let error = upgrade(server.catalogue(), database, server.head()).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(database.contents() == before, "{error}");
    error.to_string()
}

async fn a_table_whose_name_mlflow_wants(server: &TestServer) {
    let database = at(server, "base").await;
    database.run("CREATE TABLE jobs (title VARCHAR(20))");
    let told = refused(server, &*database, ErrorKind::Drift).await;
    assert!(told.contains("table jobs already exists"), "{told}");
}

fn stamp(database: &dyn TestDatabase, revision: &str) {
    database.run(&format!("UPDATE alembic_version SET version_num = '{revision}'"));
}

async fn a_revision_of_another_program(server: &TestServer) {
    for (revision, program) in [("v3.0.0.d", "Optuna"), ("8606fa83a998", "MLflow's auth app")] {
        let database = at(server, "451aebb31d03").await;
        stamp(&*database, revision);
        let told = refused(server, &*database, ErrorKind::OtherProgram).await;
        assert!(told.contains(program), "{told}");
    }
}

async fn tables_of_another_program_only(server: &TestServer) {
    let database = server.new_database();
    database.run(
        "CREATE TABLE studies (study_id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100));
         INSERT INTO studies VALUES (1, 'one')",
    );
    refused(server, &*database, ErrorKind::OtherProgram).await;
}

async fn a_database_newer_than_the_tool(server: &TestServer) {
    let database = server.at(server.head()).await;
    stamp(&*database, "abcdef012345");
    // What lacks the newest revision's tables cannot be newer.
    let is_complete = server.head() == "head";
    let kind = if is_complete { ErrorKind::Newer } else { ErrorKind::UnknownRevision };
    let told = refused(server, &*database, kind).await;
    assert!(told.contains("abcdef012345"), "{told}");
}
