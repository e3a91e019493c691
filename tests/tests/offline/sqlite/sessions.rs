//! One transaction holds a whole upgrade of an SQLite file, whatever its format is, whoever else
//! uses it, and however it ends.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_backend_sqlite::{OpenOptions, Sqlite};
use mlflow_migrate_core::backend::{Backend, SessionMode};
use mlflow_migrate_core::error::TargetError;
use mlflow_migrate_core::error::VerificationError;
use mlflow_migrate_core::event::NoopObserver;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::rows::Rows as _;
use mlflow_migrate_core::{Error, UpgradeOptions, UpgradeReport};
use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Check;
use mlflow_migrate_tests::sqlite::SqliteFile;
use rusqlite::Connection;

pub(crate) const CHECKS: &[Check] = checks![
    files_of_any_format.await,
    a_file_stays_in_its_journal_mode.await,
    a_writer_holds_the_file.await,
    a_reader_holds_the_file.await,
    a_reader_of_a_write_ahead_log_is_not_disturbed.await,
    there_is_no_room.await,
    an_upgrade_that_is_given_up_leaves_nothing.await,
    a_file_that_was_created_for_nothing_is_removed.await,
    only_references_that_break_during_the_upgrade_are_an_error.await,
    leftovers_of_a_rebuild_are_removed.await,
    a_leftover_that_holds_the_only_rows_is_kept.await
];

const WAIT: Duration = Duration::from_millis(50);

fn catalogue() -> Catalogue {
    mlflow_migrate_revisions::tracking().unwrap()
}

async fn open(path: &Path) -> Result<Sqlite, Error> {
    Sqlite::open(path, &OpenOptions::waiting(WAIT)).await
}

async fn to_head(backend: &mut Sqlite) -> Result<UpgradeReport, Error> {
    let request = UpgradeOptions::to(Target::Head);
    let observer = Arc::new(NoopObserver) as Arc<_>;
    mlflow_migrate_core::upgrade(backend, &catalogue(), &request, &observer).await
}

/// A database at base, with rows, whose file has a format that its first statements choose.
async fn base_with(format: &str) -> SqliteFile {
    let database = SqliteFile::new();
    database.run(&format!("{format}; VACUUM"));
    upgrade(&catalogue(), &database, "base").await.unwrap();
    database.run(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'é🦀');
         INSERT INTO runs (run_uuid, name, user_id, experiment_id)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
         SELECT printf('%032d', i), 'run 🦀 ' || i, 'user ' || i, 1 FROM n;
         INSERT INTO metrics (key, value, timestamp, run_uuid) SELECT 'm', 0.5, 1, run_uuid FROM runs",
    );
    database
}

fn check(database: &SqliteFile) {
    assert_eq!(database.query("PRAGMA integrity_check"), [["ok".into()]]);
    assert!(database.query("PRAGMA foreign_key_check").is_empty());
    for table in ["runs", "metrics", "latest_metrics", "tags"] {
        let count = database.query(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(count, [[300.into()]], "{table}");
    }
}

async fn files_of_any_format() {
    for format in [
        "PRAGMA page_size = 512",
        "PRAGMA page_size = 65536",
        "PRAGMA auto_vacuum = FULL",
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA page_size = 1024",
        "PRAGMA encoding = 'UTF-16be'",
        "PRAGMA journal_mode = WAL",
        "PRAGMA journal_mode = PERSIST",
    ] {
        let database = base_with(format).await;
        upgrade(&catalogue(), &database, "head").await.unwrap();
        check(&database);
        let name = database.query("SELECT name FROM experiments");
        assert_eq!(name, [["é🦀".into()]], "{format}");
    }
}

async fn a_file_stays_in_its_journal_mode() {
    for mode in ["wal", "delete"] {
        let database = base_with(&format!("PRAGMA journal_mode = {mode}")).await;
        upgrade(&catalogue(), &database, "head").await.unwrap();
        assert_eq!(database.query("PRAGMA journal_mode"), [[mode.into()]]);
    }
}

async fn a_writer_holds_the_file() {
    for mode in ["wal", "delete"] {
        let database = base_with(&format!("PRAGMA journal_mode = {mode}")).await;
        let writer = Connection::open(database.path()).unwrap();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let before = database.contents();
        let mut backend = open(database.path()).await.unwrap();
        let error = to_head(&mut backend).await.unwrap_err();
        assert!(matches!(error, Error::Locked { .. }), "{mode}: {error:?}");
        assert!(database.contents() == before);
        writer.execute_batch("ROLLBACK").unwrap();
        to_head(&mut backend).await.unwrap();
        check(&database);
    }
}

/// With a rollback journal a reader keeps the last step, the COMMIT, from being made.
async fn a_reader_holds_the_file() {
    let database = base_with("PRAGMA journal_mode = delete").await;
    let reader = Connection::open(database.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM runs").unwrap();
    let before = database.contents();
    let mut backend = open(database.path()).await.unwrap();
    let error = to_head(&mut backend).await.unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    assert!(database.contents() == before);
    reader.execute_batch("COMMIT").unwrap();
    to_head(&mut backend).await.unwrap();
    check(&database);
}

/// With a write-ahead log readers go on with what they see.
async fn a_reader_of_a_write_ahead_log_is_not_disturbed() {
    let database = base_with("PRAGMA journal_mode = wal").await;
    let reader = Connection::open(database.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM runs").unwrap();
    let mut backend = open(database.path()).await.unwrap();
    to_head(&mut backend).await.unwrap();
    let is_there = || reader.prepare("SELECT 1 FROM latest_metrics").is_ok();
    assert!(!is_there(), "the reader still sees the old schema");
    reader.execute_batch("COMMIT").unwrap();
    assert!(is_there());
    check(&database);
}

async fn there_is_no_room() {
    for mode in ["wal", "delete"] {
        let database = base_with(&format!("PRAGMA journal_mode = {mode}")).await;
        let before = database.contents();
        let mut backend = open(database.path()).await.unwrap();
        backend.cap_pages(20).await.unwrap();
        let error = to_head(&mut backend).await.unwrap_err();
        assert!(matches!(error, Error::Full { .. }), "{mode}: {error:?}");
        assert!(database.contents() == before, "{mode}");
        backend.cap_pages(u32::MAX - 1).await.unwrap();
        to_head(&mut backend).await.unwrap();
        check(&database);
    }
}

/// A connection that goes away is all that is left of a killed process.
async fn an_upgrade_that_is_given_up_leaves_nothing() {
    let database = base_with("PRAGMA journal_mode = delete").await;
    let before = database.contents();
    let mut backend = open(database.path()).await.unwrap();
    backend.begin(SessionMode::Upgrade).await.unwrap();
    backend.stamp(Some("451aebb31d03")).await.unwrap();
    drop(backend);
    assert!(database.contents() == before);
    upgrade(&catalogue(), &database, "head").await.unwrap();
    check(&database);
}

async fn a_file_that_was_created_for_nothing_is_removed() {
    let database = SqliteFile::new();
    let error = upgrade(&catalogue(), &database, "nonsense").await.unwrap_err();
    assert!(matches!(error, Error::Target(TargetError::UnknownTarget { .. })), "{error:?}");
    assert!(!database.path().exists());
}

async fn only_references_that_break_during_the_upgrade_are_an_error() {
    let database = base_with("PRAGMA journal_mode = delete").await;
    database.run_unchecked("INSERT INTO tags (key, run_uuid) VALUES ('k', 'gone')");
    let tables = ["tags".to_owned(), "runs".to_owned()];
    let mut backend = open(database.path()).await.unwrap();
    backend.begin(SessionMode::Upgrade).await.unwrap();
    backend.check_foreign_keys(&tables).await.unwrap();
    backend.check_foreign_keys(&tables).await.unwrap();
    let break_more = sea_query::Query::delete()
        .from_table("experiments")
        .and_where(sea_query::ExprTrait::eq(sea_query::Expr::col("experiment_id"), 1))
        .take();
    backend.execute(sea_query::QueryStatement::Delete(break_more)).await.unwrap();
    let error = backend.check_foreign_keys(&tables).await.unwrap_err();
    let Error::Verification(VerificationError::ForeignKeys { violations }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(violations, "runs to experiments (300 rows)");
    backend.rollback().await.unwrap();
    // Another session counts anew.
    backend.begin(SessionMode::Upgrade).await.unwrap();
    backend.check_foreign_keys(&tables).await.unwrap();
    backend.rollback().await.unwrap();
}

/// Alembic leaves such tables behind when its process is killed.
async fn leftovers_of_a_rebuild_are_removed() {
    let database = base_with("PRAGMA journal_mode = delete").await;
    database.run(
        "CREATE TABLE _alembic_tmp_runs (run_uuid VARCHAR(32) NOT NULL, junk TEXT);
         INSERT INTO _alembic_tmp_runs SELECT run_uuid, 'x' FROM runs LIMIT 7;
         CREATE TABLE _alembic_tmp_own (a)",
    );
    upgrade(&catalogue(), &database, "head").await.unwrap();
    check(&database);
    let left = database.query("SELECT name FROM sqlite_schema WHERE name LIKE '%alembic_tmp%'");
    assert_eq!(
        left,
        [["_alembic_tmp_own".into()]],
        "there is no table `own` whose rebuild it could be"
    );
}

/// Between dropping the old table and renaming the new one, the rows are in the new one only.
async fn a_leftover_that_holds_the_only_rows_is_kept() {
    let database = base_with("PRAGMA journal_mode = delete").await;
    upgrade(&catalogue(), &database, "451aebb31d03").await.unwrap();
    database.run_unchecked(
        "PRAGMA legacy_alter_table = ON; ALTER TABLE runs RENAME TO _alembic_tmp_runs",
    );
    let before = database.contents();
    let error = upgrade(&catalogue(), &database, "head").await.unwrap_err();
    let Error::Drift { differences, .. } = &error else { panic!("{error:?}") };
    assert_eq!(differences.len(), 1, "{error}");
    assert_eq!(differences[0].table, "runs");
    assert!(database.contents() == before);
}
