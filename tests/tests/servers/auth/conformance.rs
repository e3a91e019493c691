//! Between all pairs of states, the schema that comes out is the one that MLflow's own chain makes.

use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::schema;
use mlflow_migrate_tests::conformance::State;
use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::{describe_graph, differences};
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{POSSIBLE, at, catalogue, upgraded};

pub(crate) const TESTS: &[Test] = tests![every_pair => POSSIBLE];

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
