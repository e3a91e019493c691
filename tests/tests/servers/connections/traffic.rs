//! No row of `metrics` comes to the client: what is computed of them is computed by the server.

use mlflow_migrate_tests::capability::SERVER;
use mlflow_migrate_tests::database::Cell;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{fill, mysql, tests};

use crate::common::{address_of, to_newest};

pub(crate) const TESTS: &[Test] = tests![metrics_stay_on_the_server => SERVER];

/// How many bytes come to the client while a database with so many steps of metrics is upgraded.
async fn bytes(server: &TestServer, steps: i64) -> (u64, u64) {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, steps);
    let address = address_of(&*database);
    let proxy = Proxy::to(&address);
    to_newest(server, &address.through_port(proxy.port())).await.unwrap();
    let expected: Cell = fill::ROWS_OF_A_STEP.into();
    assert_eq!(database.query("SELECT count(*) FROM latest_metrics"), [[expected]]);
    (proxy.bytes_to_client(), proxy.bytes_to_server())
}

/// What may come and go for each range of rows that MySQL is told to copy: bounds and a note, no row.
const OF_A_RANGE: u64 = 1024;

async fn metrics_stay_on_the_server(server: &TestServer) {
    const STEPS: i64 = 20;
    let (few, many) = (bytes(server, 1).await, bytes(server, STEPS).await);
    let rows = (STEPS * fill::ROWS_OF_A_STEP).unsigned_abs();
    let ranges = if server.is_mysql() { rows / u64::from(mysql::RANGE_ROWS) } else { 0 };
    let most = 4096 + ranges * OF_A_RANGE;
    assert!(many.0.abs_diff(few.0) < most, "to the client: {few:?}, {many:?}");
    assert!(many.1.abs_diff(few.1) < most, "to the server: {few:?}, {many:?}");
}
