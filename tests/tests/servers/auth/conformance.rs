//! Between all pairs of states, the schema that comes out is the one that MLflow's own chain makes.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::error::DowngradeError;
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::schema;
use mlflow_migrate_tests::conformance::State;
use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::{describe_graph, differences};
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{POSSIBLE, at, catalogue, downgraded, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    every_pair => POSSIBLE,
    every_pair_back => POSSIBLE,
    rows_of_roles_do_not_go_back => POSSIBLE,
];

/// Asserts that a database is in a state, by the model and by the server's own words.
pub(super) async fn assert_in(database: &dyn TestDatabase, (revision, expected): &State) {
    let mut backend = database.connect().await.unwrap();
    backend.follow(GraphName::Auth);
    backend.begin(SessionMode::Read).await.unwrap();
    let versions = backend.versions().await.unwrap().unwrap_or_default();
    let mut live = backend.inspect().await.unwrap();
    backend.rollback().await.unwrap();
    assert_eq!(versions.first(), revision.as_ref());
    let platform = backend.platform().clone();
    let modelled = catalogue().state(revision.as_deref(), &platform).unwrap();
    live.tables.retain(|name, _| modelled.table(name).is_some());
    assert!(schema::differences(&modelled, &live, &platform).is_empty(), "{revision:?}");
    let described = describe_graph(GraphName::Auth, &[(revision.clone(), live)], &platform);
    let lines = differences(expected, &described[0].1);
    assert!(lines.is_empty(), "at {revision:?}:\n{}", lines.join("\n"));
}

async fn every_pair(server: &TestServer) {
    let states = server.reference().auth_states().unwrap();
    assert_eq!(states.len(), 8);
    for (place, (from, _)) in states.iter().enumerate() {
        let start = at(server, from.as_deref().unwrap_or("base")).await;
        for state in states.iter().skip(place.max(1)) {
            let database = start.copy().unwrap();
            upgraded(&*database, state.0.as_deref().unwrap()).await;
            assert_in(&*database, state).await;
        }
    }
}

/// Down and up again.
async fn every_pair_back(server: &TestServer) {
    let states = server.reference().auth_states().unwrap();
    for (place, newer) in states.iter().enumerate().skip(1) {
        let start = at(server, newer.0.as_deref().unwrap()).await;
        for older in &states[..place] {
            let database = start.copy().unwrap();
            let to = older.0.as_deref().unwrap_or("base");
            downgraded(&*database, to, false).await.unwrap();
            assert_in(&*database, older).await;
            upgraded(&*database, newer.0.as_deref().unwrap()).await;
            assert_in(&*database, newer).await;
        }
    }
}

/// Permissions of before stay as they are. What MLflow has changed in roles since would be lost.
async fn rows_of_roles_do_not_go_back(server: &TestServer) {
    const PERMISSIONS: &str = "SELECT experiment_id, permission FROM experiment_permissions";
    let database = at(server, "a1b2c3d4e5f6").await;
    database.run(
        "INSERT INTO users (id, username) VALUES (3, 'ann');
         INSERT INTO experiment_permissions (experiment_id, user_id, permission)
            VALUES ('7', 3, 'EDIT')",
    );
    let before = database.query(PERMISSIONS);
    upgraded(&*database, "c3d4e5f6a7b8").await;
    downgraded(&*database, "a1b2c3d4e5f6", false).await.unwrap();
    upgraded(&*database, "head").await;
    let error = downgraded(&*database, "a1b2c3d4e5f6", true).await.unwrap_err();
    let Error::Downgrade(DowngradeError::Irreversible { revision, rows, nearest, .. }) = &error
    else {
        panic!("{error:?}")
    };
    let found = (revision.as_str(), *rows, nearest.as_deref());
    assert_eq!(found, ("e5f6a7b8c9d0", 1, Some("e5f6a7b8c9d0")));
    downgraded(&*database, "e5f6a7b8c9d0", false).await.unwrap();
    database
        .run("DELETE FROM user_role_assignments; DELETE FROM role_permissions; DELETE FROM roles");
    downgraded(&*database, "0965eb92f5f0", false).await.unwrap();
    assert_eq!(database.query(PERMISSIONS), before);
}
