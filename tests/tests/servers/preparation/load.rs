//! Nothing begins while other sessions keep the server busy.

use std::sync::Arc;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{Event, Observer, Wait, WaitReason};
use mlflow_migrate_core::prepare::{prepare, undo};
use mlflow_migrate_tests::capability::SERVER;
use mlflow_migrate_tests::conformance::{assert_at, live};
use mlflow_migrate_tests::database::{self, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::other_session::OtherSession;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{OLD, filled, prepared_by, request};
use crate::common::{address_of, assert_told};

pub(crate) const TESTS: &[Test] = tests![nothing_begins_under_load => SERVER];

/// Stops the work when it waits for less load.
struct StopsAtLoad(CancellationToken);

impl Observer for StopsAtLoad {
    fn notify(&self, event: &Event) {
        if let Event::Waiting(Wait { reason: WaitReason::Load, .. }) = event {
            self.0.request();
        }
    }
}

async fn nothing_begins_under_load(server: &TestServer) {
    let database = filled(server, OLD).await;
    stops_at_load(server, &*database, false).await;

    let mut options = request(server);
    options.pace.max_load = Some(100_000);
    let mut backend = database.connect().await.unwrap();
    let report = prepared_by(server, &mut *backend, &options, false).await.unwrap();
    assert!(!report.tables.is_empty());
    drop(backend);

    stops_at_load(server, &*database, true).await;
    database::upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}

/// While another session runs a statement, the work waits before its first change.
async fn stops_at_load(server: &TestServer, database: &dyn TestDatabase, is_undone: bool) {
    let before = live(database).await.unwrap().0;
    let mut options = request(server);
    options.pace.max_load = Some(0);
    let busy = OtherSession::of(&address_of(database));
    let statement = busy.begin(match server.is_postgres() {
        true => "SELECT pg_sleep(10)",
        false => "DO SLEEP(10)",
    });
    let mut backend = database.connect().await.unwrap();
    let observer: Arc<dyn Observer> = Arc::new(StopsAtLoad(options.stop.clone()));
    let (backend, catalogue) = (&mut *backend, server.catalogue());
    let stopped = match is_undone {
        true => undo(backend, catalogue, &options, &observer).await,
        false => prepare(backend, catalogue, &options, &observer).await,
    };
    assert_told(&stopped.unwrap_err(), ErrorKind::Stopped);
    assert_eq!(live(database).await.unwrap().0, before);
    statement.recv().unwrap().unwrap();
    busy.end();
}
