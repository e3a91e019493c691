//! Whose tables are in a database: those of the auth app, of the tracking store, or of both.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::location::Assumption;
use mlflow_migrate_tests::capability::MYSQL;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, Upgrade, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::conformance::assert_in;
use super::{POSSIBLE, at, catalogue, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    no_version_means_the_first_revision => POSSIBLE,
    a_later_schema_without_a_version_is_not_guessed => POSSIBLE,
    a_table_of_users_alone_is_not_the_auth_apps => POSSIBLE,
    both_graphs_in_either_order => POSSIBLE,
    mysql_is_refused => MYSQL,
];

/// MLflow before 3.6 kept its version in `alembic_version`, or in no table at all.
async fn no_version_means_the_first_revision(server: &TestServer) {
    for version in [
        "",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
        INSERT INTO alembic_version VALUES ('8606fa83a998')",
    ] {
        let database = at(server, "8606fa83a998").await;
        database.run("DROP TABLE alembic_version_auth");
        database.run(version);
        database.run("INSERT INTO users (id, username) VALUES (4, 'ann')");
        database.run(
            "INSERT INTO experiment_permissions (experiment_id, user_id, permission)
                VALUES ('1', 4, 'READ')",
        );
        upgraded(&*database, "head").await;
        let newest = server.reference().auth_states().unwrap().pop().unwrap();
        if version.is_empty() {
            assert_in(&*database, &newest).await;
        }
        let permissions = "SELECT resource_type, resource_pattern FROM role_permissions";
        assert_eq!(database.query(permissions), [["experiment".into(), Cell::from("1")]]);
    }
}

async fn a_later_schema_without_a_version_is_not_guessed(server: &TestServer) {
    let database = at(server, "c3d4e5f6a7b8").await;
    database.run("DROP TABLE alembic_version_auth");
    let before = database.contents();
    let error = upgrade(&catalogue(), &*database, "head").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Drift);
    let message = error.to_string();
    assert!(message.contains("no alembic_version_auth"), "{message}");
    assert!(message.contains("c3d4e5f6a7b8"), "{message}");
    assert!(database.contents() == before);
}

async fn a_table_of_users_alone_is_not_the_auth_apps(server: &TestServer) {
    let database = server.new_database();
    database.run("CREATE TABLE users (id INTEGER PRIMARY KEY, mail VARCHAR(20))");
    let before = database.contents();
    let error = upgrade(&catalogue(), &*database, "head").await.unwrap_err();
    assert!(matches!(error, Error::Edit { .. }), "{error:?}");
    assert!(database.contents() == before);
}

async fn both_graphs_in_either_order(server: &TestServer) {
    let newest = server.reference().auth_states().unwrap().pop().unwrap();
    let second = server.at("head").await;
    upgraded(&*second, "head").await;
    assert_in(&*second, &newest).await;
    let first = at(server, "head").await;
    let assume = Some(Assumption::Empty);
    let request = Upgrade { assume, ..Upgrade::default() };
    request.run(server.catalogue(), &*first, "head").await.0.unwrap();
    assert_in(&*first, &newest).await;
    // Each graph's upgrade leaves the other's version alone.
    for database in [&second, &first] {
        upgraded(&**database, "head").await;
        let mut versions = database.query("SELECT version_num FROM alembic_version");
        versions.extend(database.query("SELECT version_num FROM alembic_version_auth"));
        assert_eq!(versions, [["f4a9b2c7d1e6".into()], [Cell::from("f1a2b3c4d5e6")]]);
    }
    second.run(DROPPED);
    assert_at(server, &*second, "head").await;
}

/// Leaves only the tracking store.
const DROPPED: &str = "DROP TABLE user_role_assignments; DROP TABLE role_permissions;
    DROP TABLE roles; DROP TABLE workspace_permissions; DROP TABLE gateway_secret_permissions;
    DROP TABLE gateway_endpoint_permissions; DROP TABLE gateway_model_definition_permissions;
    DROP TABLE scorer_permissions; DROP TABLE registered_model_permissions;
    DROP TABLE experiment_permissions; DROP TABLE users";

async fn mysql_is_refused(server: &TestServer) {
    let database = server.new_database();
    let before = database.contents();
    let error = upgrade(&catalogue(), &*database, "head").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("two foreign keys the same name"), "{error}");
    assert!(database.contents() == before);
}
