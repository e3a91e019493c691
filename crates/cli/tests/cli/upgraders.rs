//! Several upgrades of one database at once.

use std::process::{Child, Command, Stdio};

use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::server::TestServer;

use crate::sandbox::{Ran, Sandbox};

const UPGRADERS: usize = 8;

/// Starts all of them, and tells how many have found something to do. All must succeed.
fn working(name: &str, command: impl Fn() -> Command) -> usize {
    let start = |_| {
        let mut command = command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let started: Vec<Child> = (0..UPGRADERS).map(start).collect();
    let ended = started.into_iter().map(|child| Ran::from(child.wait_with_output().unwrap()));
    let has_worked = |ran: &Ran| {
        assert_eq!(ran.code, 0, "{name}: {}", ran.stdout);
        let result = ran.json().pop().unwrap();
        !result["revisions"].as_array().unwrap().is_empty()
    };
    ended.filter(has_worked).count()
}

#[tokio::test]
async fn of_eight_one_works_on_servers() {
    let sandbox = Sandbox::new();
    for server in TestServer::given().unwrap_or_else(|problem| panic!("{problem}")) {
        let database = server.at("7ac759974ad8").await;
        fill::metrics(&*database, 20);
        let url = database.address().unwrap().to_string();
        let arguments = ["upgrade", "--json", &url, "--to", server.head()];
        assert_eq!(working(server.name(), || sandbox.command(&arguments)), 1, "{}", server.name());
        assert_at(&server, &*database, server.head()).await;
    }
}

#[test]
fn of_eight_one_works_on_sqlite() {
    let sandbox = Sandbox::with_sample("mlruns-0.9.1.db");
    let arguments = ["upgrade", "--json", "mlruns.db"];
    assert_eq!(working("sqlite", || sandbox.command(&arguments)), 1);
    assert_eq!(sandbox.run(&["verify", "--deep", "mlruns.db"]).code, 0);
}
