//! What an upgrade asks a server after a preparation.

use mlflow_migrate_tests::capability::INSTANT_COLUMNS;

use crate::sandbox::Sandbox;
use crate::servers::{servers_once, url};

const NEW_TRACE: &str = r#"
    INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('b', 1, 1, 'OK');
    INSERT INTO trace_tags (request_id, "key", value) VALUES ('b', 'mlflow.traceName', 'new')"#;
const CHANGED_TRACE: &str = "UPDATE trace_tags SET value = 'new'";

/// Where one statement shows that nothing has changed, each trace need not be compared.
#[test]
fn a_preparation_without_changes_is_found_at_once() {
    let sandbox = Sandbox::new();
    for server in servers_once().filter(|server| INSTANT_COLUMNS.is_of(server)) {
        for (change, is_each_compared) in [(NEW_TRACE, false), (CHANGED_TRACE, true)] {
            let database = server.new_database();
            let url = url(&*database);
            let run = |arguments: &[&str]| sandbox.run(&[arguments, &[url.as_str()]].concat());
            assert_eq!(run(&["upgrade", "--to", "0584bdc529eb"]).code, 0);
            database.run(
                "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
                 INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES
                     ('a', 1, 1, 'OK');
                 INSERT INTO trace_tags (request_id, \"key\", value) VALUES
                     ('a', 'mlflow.traceName', 'old')",
            );
            assert_eq!(run(&["prepare"]).code, 0);
            database.run(change);
            let upgraded = run(&["upgrade", "-vv"]);
            assert_eq!(upgraded.code, 0, "{}", upgraded.stderr);
            let statements = upgraded.stderr.replace(['`', '"', '\\'], "");
            assert!(statements.contains("HAVING"), "{}: {statements}", server.name());
            let compared = statements.contains("GROUP BY source.request_id");
            assert_eq!(compared, is_each_compared, "{}: {statements}", server.name());
        }
    }
}
