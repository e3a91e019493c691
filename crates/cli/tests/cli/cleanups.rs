//! What is said of rows that an upgrade has left, and of their removal.

use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::database::TestDatabase;

use crate::sandbox::Sandbox;
use crate::servers::{servers_once, url};

/// The last state before trace analytics.
pub(crate) const STATE: &str = "b7e2c1a4d9f3";

const HINT: &str = "`mlflow-migrate cleanup` removes them while MLflow runs";

/// Adds traces with names.
pub(crate) fn add_traces(database: &dyn TestDatabase, traces: usize) {
    let experiment = "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one')";
    let mut all = vec!["BEGIN".to_owned(), experiment.to_owned()];
    for id in 0..traces {
        all.push(format!(
            "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) \
             VALUES ('{id:04}', 1, {id}, 'OK')"
        ));
        all.push(format!(
            r#"INSERT INTO trace_tags (request_id, "key", value)
               VALUES ('{id:04}', 'mlflow.traceName', 'name {id}')"#
        ));
    }
    all.push("COMMIT".to_owned());
    database.run(&all.join(";\n"));
}

/// The commands that look at a database say what is due, until it is done.
#[test]
fn what_is_left_is_told_until_it_is_removed() {
    let sandbox = Sandbox::new();
    for server in servers_once().filter(|server| EVERY_REVISION.is_of(server)) {
        let database = server.new_database();
        let url = url(&*database);
        let run = |arguments: &[&str]| {
            let ran = sandbox.run(&[arguments, &[url.as_str()]].concat());
            assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
            ran.stdout
        };
        run(&["upgrade", "--to", STATE]);
        add_traces(&*database, 3);
        assert!(run(&["cleanup"]).contains("nothing to clean up"));
        assert!(run(&["plan", "--defer-cleanup"]).contains("alembic_mlflow_migrate_cleanup_"));
        assert!(run(&["upgrade", "--defer-cleanup"]).contains(HINT));
        for command in ["check", "current", "status"] {
            let told = run(&[command]);
            assert!(told.contains(HINT) && told.contains("due for 75868b020152"), "{told}");
        }
        let copied = sandbox.run(&["copy", &url, "copy.db"]);
        assert!(copied.code != 0 && copied.stderr.contains("mlflow-migrate cleanup"), "{copied:?}");
        let told = run(&["cleanup"]);
        let line = "removed 3 rows that 75868b020152 no longer needs";
        assert!(told.contains("cleaned up in") && told.contains(line), "{told}");
        for command in ["check", "current", "status", "upgrade"] {
            assert!(!run(&[command]).contains("cleanup"), "{command}");
        }
    }
}

/// An upgrade that leaves nothing says what it has done at the head.
#[test]
fn an_upgrade_at_the_head_removes_what_is_left() {
    let sandbox = Sandbox::new();
    for server in servers_once().filter(|server| EVERY_REVISION.is_of(server)) {
        let database = server.new_database();
        let url = url(&*database);
        let run = |arguments: &[&str]| sandbox.run(&[arguments, &[url.as_str()]].concat()).stdout;
        run(&["upgrade", "--to", STATE]);
        add_traces(&*database, 3);
        run(&["upgrade", "--defer-cleanup"]);
        let told = run(&["upgrade"]);
        assert!(told.contains("already, cleaned up in") && told.contains("3 written"), "{told}");
        assert!(run(&["upgrade"]).contains("nothing to do"));
    }
}
