//! f4a9b2c7d1e6: references to versions of MCP servers must match exactly.
//!
//! The check belongs to servers whose collations ignore case. Its query can run on SQLite too, on
//! columns that are declared like that; PostgreSQL has no such columns.

use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::data::{DataMigration, DataOptions, McpVersionReferences};
use mlflow_migrate_core::error::RowProblem;
use mlflow_migrate_tests::capability::{
    CASE_COUNTS, CASE_IS_IGNORED, EVERY_REVISION, NOT_POSTGRES,
};
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![
    references_in_another_case_are_found_in_each_table => EVERY_REVISION => NOT_POSTGRES,
    exact_references_are_fine => EVERY_REVISION => NOT_POSTGRES,
    references_to_nothing_are_fine => EVERY_REVISION => NOT_POSTGRES,
    an_upgrade_is_refused_until_the_references_are_mended => EVERY_REVISION => CASE_IS_IGNORED,
    nothing_is_refused_where_case_counts => EVERY_REVISION => CASE_COUNTS,
];

const TABLES: [(&str, &str); 4] = [
    ("mcp_server_versions", "version"),
    ("mcp_server_version_tags", "version"),
    ("mcp_server_aliases", "version"),
    ("mcp_access_endpoints", "server_version"),
];

/// One version of one server.
const VERSION: &str = "INSERT INTO mcp_servers (workspace, name, created_at, last_updated_at)
         VALUES ('default', 'srv', 0, 0);
     INSERT INTO mcp_server_versions (workspace, name, version, version_major, version_minor,
            version_patch, version_prerelease_sort_key, server_json, created_at, last_updated_at)
         VALUES ('default', 'srv', '1.0.0-RC1', 1, 0, 0, 'rc1', '{}', 0, 0)";

/// A database whose versions are found whatever their case is.
async fn ignoring_case(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at("8b6ad64cb8f5").await;
    for (table, column) in TABLES.into_iter().filter(|_| server.is_sqlite()) {
        let select = format!("SELECT sql FROM sqlite_schema WHERE name = '{table}'");
        let rows = database.query(&select);
        let Some([Cell::Text(sql)]) = rows.first().map(Vec::as_slice) else { panic!("{rows:?}") };
        let exact = format!("{column} VARCHAR(128)");
        assert!(sql.contains(&exact), "{sql}");
        let sql = sql.replace(&exact, &format!("{exact} COLLATE NOCASE"));
        database.run_unchecked(&format!("DROP TABLE {table}; {sql}"));
    }
    database.run_unchecked(VERSION);
    database
}

fn refer(database: &dyn TestDatabase, version: &str) {
    database.run_unchecked(&format!(
        r#"INSERT INTO mcp_server_version_tags (workspace, name, version, "key")
            VALUES ('default', 'srv', '{version}', 'k');
        INSERT INTO mcp_server_aliases (workspace, name, alias, version)
            VALUES ('default', 'srv', 'prod', '{version}');
        INSERT INTO mcp_access_endpoints (id, workspace, server_name, server_version, url,
            created_at, last_updated_at)
            VALUES ('e', 'default', 'srv', '{version}', 'http://localhost', 0, 0),
                   ('f', 'default', 'srv', NULL, 'http://localhost/f', 0, 0)"#
    ));
}

async fn findings(database: &dyn TestDatabase) -> Vec<RowProblem> {
    let mut backend = database.connect().await.unwrap();
    backend.begin(SessionMode::Read).await.unwrap();
    let live = backend.inspect().await.unwrap();
    let migration = McpVersionReferences;
    assert!(migration.is_needed(&live));
    migration.preflight(&mut *backend, &DataOptions::default(), &live).await.unwrap()
}

async fn references_in_another_case_are_found_in_each_table(server: &TestServer) {
    let database = ignoring_case(server).await;
    refer(&*database, "1.0.0-rc1");
    let found = findings(&*database).await;
    assert_eq!(found.len(), 3, "{found:?}");
    for (finding, (table, column)) in found.iter().zip(&TABLES[1..]) {
        assert_eq!(finding.revision, "f4a9b2c7d1e6");
        assert_eq!(finding.count, 1);
        assert!(finding.problem.starts_with(&format!("{table}.{column} ")), "{finding}");
        let expected =
            r#""1.0.0-rc1" of server "srv" in workspace "default", stored as "1.0.0-RC1""#;
        assert_eq!(finding.rows, [expected]);
    }
}

async fn exact_references_are_fine(server: &TestServer) {
    let database = ignoring_case(server).await;
    refer(&*database, "1.0.0-RC1");
    assert_eq!(findings(&*database).await, []);
}

/// A reference to no version at all is not this check's business.
async fn references_to_nothing_are_fine(server: &TestServer) {
    let database = ignoring_case(server).await;
    refer(&*database, "2.0.0");
    assert_eq!(findings(&*database).await, []);
}

/// SQLite and PostgreSQL tell cases apart already, so the revision does nothing there.
async fn nothing_is_refused_where_case_counts(server: &TestServer) {
    let database = server.at("8b6ad64cb8f5").await;
    refer(&*database, "1.0.0-rc1");
    let (report, _) = super::upgraded(server, &*database, "head").await;
    assert_eq!(report.to.as_deref(), Some("f4a9b2c7d1e6"));
    assert_eq!((report.tables_changed, report.rows_migrated), (0, 0));
}

/// The whole upgrade is refused, or goes through, by what the check finds.
async fn an_upgrade_is_refused_until_the_references_are_mended(server: &TestServer) {
    let database = server.at("8b6ad64cb8f5").await;
    database.run_unchecked(VERSION);
    refer(&*database, "1.0.0-rc1");
    let findings = super::refused(server, &*database, "head").await;
    assert_eq!(findings.len(), 3, "{findings:?}");
    for (table, column) in &TABLES[1..] {
        database.run_unchecked(&format!(
            "UPDATE {table} SET {column} = '1.0.0-RC1' WHERE {column} IS NOT NULL"
        ));
    }
    let (report, _) = super::upgraded(server, &*database, "head").await;
    assert_eq!(report.to.as_deref(), Some("f4a9b2c7d1e6"));
    let kept = database.query("SELECT version FROM mcp_server_aliases WHERE version = '1.0.0-RC1'");
    assert_eq!(kept, [["1.0.0-RC1".into()]]);
    let other = "SELECT version FROM mcp_server_versions WHERE version = '1.0.0-rc1'";
    assert!(database.query(other).is_empty(), "cases are told apart now");
}
