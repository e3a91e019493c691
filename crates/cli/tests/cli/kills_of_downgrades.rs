//! `kill -9` of downgrades as steps begin and end, and the same command again.

use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};

use crate::kills_at_steps::{End, kill_when_told};
use crate::sandbox::Sandbox;

/// The older state, and the newer one, which has tables, columns and values that go.
const STATES: [&str; 2] = ["7ac759974ad8", "acf3f17fdcc7"];

const WHEN: [(usize, End); 4] =
    [(1, End::Begins), (1, End::Ends), (4, End::Ends), (7, End::Begins)];

const VERSION: &str = "SELECT version_num FROM alembic_version";

fn metrics(database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    let mut rows = database.query("SELECT * FROM metrics");
    rows.sort();
    rows
}

#[tokio::test]
async fn on_servers() {
    let sandbox = Sandbox::new();
    let [older, newer] = STATES;
    for server in TestServer::given().unwrap_or_else(|problem| panic!("{problem}")) {
        let database = server.at(older).await;
        fill::metrics(&*database, 2);
        let before = metrics(&*database);
        let address = database.address().unwrap();
        let url = address.to_string();
        let down = ["downgrade", &url, "--to", older, "--json"];
        for (step, end) in WHEN {
            upgrade(server.catalogue(), &*database, newer).await.unwrap();
            let contents = database.contents();
            kill_when_told(step, end, &mut sandbox.command(&down));
            wait_until_alone(&server, address);
            // The kill may come late.
            let is_done = || database.query(VERSION) == [[Cell::from(older)]];
            if server.is_postgres() {
                assert!(database.contents() == contents || is_done(), "step {step} {end:?}");
            }
            let again = sandbox.run(&down);
            assert_eq!(again.code, 0, "step {step} {end:?}: {}{}", again.stdout, again.stderr);
            assert_at(&server, &*database, older).await;
            assert!(metrics(&*database) == before, "{}: step {step} {end:?}", server.name());
        }
    }
}

#[test]
fn of_files() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let [older, newer] = STATES;
    let rows = |sandbox: &Sandbox| -> i64 {
        sandbox.connect().query_one("SELECT count(*) FROM metrics", [], |row| row.get(0)).unwrap()
    };
    let before = rows(&sandbox);
    assert!(before > 0);
    let down = ["downgrade", "mlruns.db", "--to", older, "--json"];
    for (step, end) in WHEN {
        assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--to", newer]).code, 0);
        kill_when_told(step, end, &mut sandbox.command(&down));
        let version: String = sandbox.connect().query_one(VERSION, [], |row| row.get(0)).unwrap();
        assert!(STATES.contains(&version.as_str()), "step {step} {end:?}: {version}");
        let verified = sandbox.run(&["verify", "mlruns.db"]);
        assert_eq!(verified.code, 0, "step {step} {end:?}: {}", verified.stdout);
        let again = sandbox.run(&down);
        assert_eq!(again.code, 0, "step {step} {end:?}: {}{}", again.stdout, again.stderr);
        assert_eq!(sandbox.run(&["verify", "mlruns.db"]).code, 0, "step {step} {end:?}");
        assert_eq!(rows(&sandbox), before);
    }
}
