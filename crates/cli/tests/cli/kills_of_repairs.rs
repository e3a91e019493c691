//! `kill -9` of repairs as steps begin and end, and of stamps, and the same command again.

use std::process::Command;

use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};

use crate::kills_at_steps::{End, kill_when_told};
use crate::sandbox::Sandbox;

/// A repair of two steps: the rows of `latest_metrics`, and a table.
const WHEN: [(usize, End); 3] = [(1, End::Begins), (1, End::Ends), (2, End::Ends)];

/// Kills a repair at some of its ends of steps; the same command puts everything right.
fn repairs(sandbox: &Sandbox, url: &str, spoil: &dyn Fn(), settle: &dyn Fn()) {
    for (step, end) in WHEN {
        spoil();
        kill_when_told(step, end, &mut sandbox.command(&["repair", url, "--json"]));
        settle();
        let again = sandbox.run(&["repair", url]);
        assert_eq!(again.code, 0, "step {step} {end:?}: {}{}", again.stdout, again.stderr);
        let verified = sandbox.run(&["verify", "--deep", url]);
        assert_eq!(verified.code, 0, "step {step} {end:?}: {}", verified.stdout);
    }
}

/// Kills a stamp at once; the version is one of both, and the same command writes it.
fn stamps(sandbox: &Sandbox, url: &str, target: &str, settle: &dyn Fn()) {
    for milliseconds in [0, 20] {
        let mut command: Command = sandbox.command(&["stamp", target, url, "-q"]);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        // It may have ended.
        let _ = child.kill();
        child.wait().unwrap();
        settle();
        assert_eq!(sandbox.run(&["stamp", target, url]).code, 0);
        assert_eq!(sandbox.run(&["verify", url]).code, 0);
    }
}

#[test]
fn of_files() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    let spoil = || sandbox.sql("DELETE FROM latest_metrics; DROP INDEX index_params_run_uuid");
    repairs(&sandbox, "mlruns.db", &spoil, &|| {});
    sandbox.sql("UPDATE alembic_version SET version_num = 'v3.0.0.d'");
    stamps(&sandbox, "mlruns.db", "head", &|| {});
}

async fn filled(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, 2);
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    database
}

#[tokio::test]
async fn on_servers() {
    let sandbox = Sandbox::new();
    for server in TestServer::given().unwrap_or_else(|problem| panic!("{problem}")) {
        let database = filled(&server).await;
        let address = database.address().unwrap();
        let spoil = match server.is_postgres() {
            true => "ALTER TABLE params ALTER value DROP NOT NULL; DELETE FROM latest_metrics",
            false => "ALTER TABLE tags DROP FOREIGN KEY tags_ibfk_1; DELETE FROM latest_metrics",
        };
        let settle = || wait_until_alone(&server, address);
        repairs(&sandbox, &address.to_string(), &|| database.run(spoil), &settle);
        database.run("UPDATE alembic_version SET version_num = 'v3.0.0.d'");
        let target = server.head();
        stamps(&sandbox, &address.to_string(), target, &settle);
    }
}
