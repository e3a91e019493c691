//! Permissions that become roles: the rows are those that MLflow's own upgrade makes.

use mlflow_migrate_core::Error;
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{POSSIBLE, at, catalogue, in_mlflow, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    rows_are_those_of_mlflow => POSSIBLE,
    prompts_are_told_by_their_tags => POSSIBLE,
    shared_roles_are_refused => POSSIBLE,
    a_permission_on_a_prompt_twice_is_refused => POSSIBLE,
    many_scorers_come_in_batches => POSSIBLE,
    mlflow_opens_and_writes_the_result => POSSIBLE,
];

const USERS: &str = "INSERT INTO users (id, username, is_admin) VALUES (1, 'ann', TRUE),
    (2, 'böb', FALSE), (3, NULL, NULL), (7, 'eve', FALSE);";

/// What the first revision has: an order that is not that of the users, and permissions that go.
const OF_8606FA83A998: &str = "
    INSERT INTO experiment_permissions (id, experiment_id, user_id, permission) VALUES
        (5, '3', 7, 'READ'), (2, '*', 2, 'MANAGE'), (9, '1', 2, 'NO_PERMISSIONS'),
        (11, '1', 1, 'EDIT'), (12, '1', 3, NULL), (13, '2', 3, 'read'), (14, 'ü/→', 3, 'USE');
    INSERT INTO registered_model_permissions (id, name, user_id, permission) VALUES
        (3, 'a model', 1, 'MANAGE'), (1, 'a/b', 1, 'READ'), (2, 'm', 7, 'NO_PERMISSIONS'),
        (8, '*', 7, 'EDIT'), (9, 'prompt', 2, 'USE'), (10, 'prompt', 3, '');";

const OF_0965EB92F5F0: &str = "
    INSERT INTO scorer_permissions (id, experiment_id, scorer_name, user_id, permission) VALUES
        (4, '1', 'plain', 2, 'READ'), (1, '1', 'a/b c', 2, 'EDIT'), (2, '1', '100%ü😀~', 7, 'USE'),
        (3, '1/a', '%2F', 3, 'MANAGE'), (6, '1', '*', 1, 'READ'), (7, '1', '''\"+&', 1, 'DENY');";

const OF_A1B2C3D4E5F6: &str = "
    INSERT INTO gateway_secret_permissions (secret_id, user_id, permission) VALUES
        ('s', 2, 'USE'), ('*', 1, 'READ'), ('s', 7, 'WRITE');
    INSERT INTO gateway_endpoint_permissions (endpoint_id, user_id, permission) VALUES
        ('e', 7, 'MANAGE'), ('e', 3, 'READ');
    INSERT INTO gateway_model_definition_permissions (model_definition_id, user_id, permission)
        VALUES ('d', 1, 'EDIT'), ('d', 2, 'NO_PERMISSIONS');";

const OF_2ED73881770D: &str = "
    INSERT INTO workspace_permissions (workspace, user_id, permission) VALUES
        ('w', 7, 'EDIT'), ('default', 1, 'EDIT'), ('default', 7, 'READ'), ('w', 2, 'MANAGE'),
        ('x', 2, 'NO_PERMISSIONS'), ('W', 2, 'USE'), ('ü', 3, 'other'), ('a', 3, 'READ');
    INSERT INTO registered_model_permissions (id, workspace, name, user_id, permission) VALUES
        (20, 'w', 'prompt', 2, 'USE'), (21, 'new', 'm', 1, 'READ'), (19, 'w', '*', 7, 'READ');";

/// Roles that exist: of others, of the user, of the user without the user, and with permissions.
const OF_C3D4E5F6A7B8: &str = "
    INSERT INTO roles (id, name, workspace, description) VALUES (3, 'readers', 'default', 'x'),
        (5, '__user_1__', 'default', 'mine'), (8, '__user_2__', 'w', NULL),
        (9, '__user_2__', 'other', NULL), (10, '__user_9__', 'default', NULL);
    INSERT INTO user_role_assignments (id, user_id, role_id) VALUES (2, 7, 3), (4, 1, 5), (6, 1, 10);
    INSERT INTO role_permissions (id, role_id, resource_type, resource_pattern, permission) VALUES
        (7, 5, 'experiment', '1', 'READ'), (8, 8, 'workspace', '*', 'USE'),
        (9, 5, 'scorer', '1/%2A', 'MANAGE'), (12, 3, 'registered_model', 'prompt', 'READ');";

/// What PostgreSQL needs after rows with given ids, so that new rows get free ones.
const SEQUENCES: &str = "
    SELECT setval('roles_id_seq', 10), setval('user_role_assignments_id_seq', 6),
        setval('role_permissions_id_seq', 12)";

const TABLES: [&str; 10] = [
    "users",
    "experiment_permissions",
    "registered_model_permissions",
    "scorer_permissions",
    "gateway_secret_permissions",
    "gateway_endpoint_permissions",
    "gateway_model_definition_permissions",
    "roles",
    "role_permissions",
    "user_role_assignments",
];

/// The states with rows of their own, oldest first.
const FILLS: [(&str, &str); 5] = [
    ("8606fa83a998", OF_8606FA83A998),
    ("0965eb92f5f0", OF_0965EB92F5F0),
    ("a1b2c3d4e5f6", OF_A1B2C3D4E5F6),
    ("2ed73881770d", OF_2ED73881770D),
    ("c3d4e5f6a7b8", OF_C3D4E5F6A7B8),
];

/// A database at a state, with the rows of all states up to it.
async fn filled(server: &TestServer, revision: &str) -> Box<dyn TestDatabase> {
    let database = at(server, revision).await;
    database.run(USERS);
    let last = FILLS.iter().position(|(state, _)| *state == revision).unwrap();
    for (state, rows) in &FILLS[..=last] {
        database.run(rows);
        if server.is_postgres() && *state == "c3d4e5f6a7b8" {
            database.query(SEQUENCES);
        }
    }
    database
}

/// Every row of the auth app's tables, by id.
fn rows(database: &dyn TestDatabase) -> Vec<(&'static str, Vec<Vec<Cell>>)> {
    let of = |table| (table, database.query(&format!("SELECT * FROM {table} ORDER BY id")));
    TABLES.into_iter().map(of).collect()
}

/// Asserts that MLflow makes the same of filled databases, and opens what the program makes.
async fn assert_as_mlflow(databases: Vec<Box<dyn TestDatabase>>) {
    let copies: Vec<_> = databases.iter().map(|database| database.copy().unwrap()).collect();
    let copies: Vec<&dyn TestDatabase> = copies.iter().map(|copy| &**copy).collect();
    if !in_mlflow("upgrade", &copies) {
        return;
    }
    for (database, of_mlflow) in databases.iter().zip(&copies) {
        upgraded(&**database, "head").await;
        assert_eq!(rows(&**database), rows(*of_mlflow));
    }
}

async fn rows_are_those_of_mlflow(server: &TestServer) {
    let mut databases = Vec::new();
    for (revision, _) in FILLS {
        databases.push(filled(server, revision).await);
    }
    for revision in ["8606fa83a998", "c3d4e5f6a7b8"] {
        let database = filled(server, revision).await;
        database.run(TAGS);
        databases.push(database);
    }
    let unversioned = filled(server, "8606fa83a998").await;
    unversioned.run("DROP TABLE alembic_version_auth");
    databases.push(unversioned);
    assert_as_mlflow(databases).await;
}

/// A table of the model registry, as far as this graph asks for it.
const TAGS: &str = "
    CREATE TABLE registered_model_tags (\"key\" VARCHAR(250), value VARCHAR(5000),
        name VARCHAR(256), workspace VARCHAR(63));
    INSERT INTO registered_model_tags (\"key\", value, name, workspace) VALUES
        ('mlflow.prompt.is_prompt', 'True', 'prompt', 'default'),
        ('mlflow.prompt.is_prompt', 'false', 'a model', 'default'),
        ('mlflow.prompt.is_prompt', 'true', '*', 'default'),
        ('other', 'true', 'a/b', 'default'), ('mlflow.prompt.is_prompt', 'true', 'm', 'other')";

async fn prompts_are_told_by_their_tags(server: &TestServer) {
    for revision in ["8606fa83a998", "c3d4e5f6a7b8"] {
        let database = filled(server, revision).await;
        database.run(TAGS);
        upgraded(&*database, "head").await;
        let prompts = "SELECT DISTINCT resource_pattern FROM role_permissions
            WHERE resource_type = 'prompt'";
        assert_eq!(database.query(prompts), [[Cell::from("prompt")]], "from {revision}");
    }
}

/// Upgrades to a target, which must be refused and change nothing; returns the problem.
async fn refused(database: &dyn TestDatabase, target: &str) -> String {
    let before = database.contents();
    let error = upgrade(&catalogue(), database, target).await.unwrap_err();
    assert!(database.contents() == before, "the refused upgrade has changed the database: {error}");
    match error {
        Error::Refused { findings } => {
            assert_eq!(findings.len(), 1, "{findings:?}");
            findings[0].to_string()
        }
        other => panic!("{other:?}"),
    }
}

async fn shared_roles_are_refused(server: &TestServer) {
    let database = filled(server, "c3d4e5f6a7b8").await;
    database.run(
        "INSERT INTO user_role_assignments (id, user_id, role_id) VALUES (7, 7, 8), (8, 3, 8)",
    );
    let problem = refused(&*database, "head").await;
    assert!(problem.contains("role \"__user_2__\" of workspace \"w\""), "{problem}");
    assert!(problem.contains("(1 row:"), "{problem}");
    // Nobody's permissions become those of this role.
    database.run("DELETE FROM workspace_permissions WHERE user_id = 2");
    database.run("DELETE FROM registered_model_permissions WHERE user_id = 2 AND workspace = 'w'");
    upgraded(&*database, "head").await;
}

async fn a_permission_on_a_prompt_twice_is_refused(server: &TestServer) {
    let database = filled(server, "c3d4e5f6a7b8").await;
    database.run(TAGS);
    database.run(
        "INSERT INTO role_permissions (id, role_id, resource_type, resource_pattern, permission)
            VALUES (13, 3, 'prompt', 'prompt', 'EDIT')",
    );
    let problem = refused(&*database, "head").await;
    assert!(problem.contains("permission 12 on \"prompt\""), "{problem}");
    database.run("DELETE FROM role_permissions WHERE id = 13");
    database.run("ALTER TABLE registered_model_tags DROP COLUMN workspace");
    let problem = refused(&*database, "head").await;
    assert!(problem.contains("older than MLflow 3.10"), "{problem}");
    upgraded(&*database, "e5f6a7b8c9d0").await;
}

async fn many_scorers_come_in_batches(server: &TestServer) {
    const SCORERS: usize = 3001;
    let database = at(server, "c3d4e5f6a7b8").await;
    database.run(USERS);
    let values: Vec<String> = (0..SCORERS)
        .map(|number| format!("('1', 'scorer {number}', {}, 'EDIT')", [1, 2, 3, 7][number % 4]))
        .collect();
    database.run(&format!(
        "INSERT INTO scorer_permissions (experiment_id, scorer_name, user_id, permission) VALUES {}",
        values.join(", ")
    ));
    upgraded(&*database, "head").await;
    let count = "SELECT count(DISTINCT resource_pattern), min(id), max(id) FROM role_permissions";
    let all = i64::try_from(SCORERS).unwrap();
    assert_eq!(database.query(count), [[Cell::from(all), Cell::from(1), Cell::from(all)]]);
}

async fn mlflow_opens_and_writes_the_result(server: &TestServer) {
    let database = filled(server, "2ed73881770d").await;
    database.run("UPDATE users SET username = 'cy' WHERE username IS NULL");
    upgraded(&*database, "head").await;
    in_mlflow("open", &[&*database]);
}
