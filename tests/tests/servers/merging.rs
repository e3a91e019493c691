//! What merging the changes of many revisions saves, and that it makes no difference to the result.

use mlflow_migrate_core::history::location::Location;
use mlflow_migrate_core::plan::plan;
use mlflow_migrate_core::schema;
use mlflow_migrate_tests::conformance::live;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{fill, tests};

pub(crate) const TESTS: &[Test] =
    tests![metrics_are_written_at_most_once, one_by_one_or_merged_is_the_same];

/// Where databases with rows begin, and where they go: across each data migration that these rows
/// have a part in.
const WAYS: [(&str, &str); 4] = [
    ("7ac759974ad8", "89d4b8295536"),
    ("7ac759974ad8", "c48cb773bb87"),
    ("7ac759974ad8", "0a8213491aaa"),
    ("7ac759974ad8", "head"),
];

/// From whichever state, by whichever data migrations.
async fn metrics_are_written_at_most_once(server: &TestServer) {
    let backend = server.new_database().connect().await.unwrap();
    let (catalogue, platform) = (server.catalogue(), backend.platform());
    let head =
        if server.head() == "head" { catalogue.graph.head().unwrap() } else { server.head() };
    let states = server.reference().states().unwrap();
    for (revision, _) in &states {
        let schema = catalogue.state(revision.as_deref(), platform).unwrap();
        let from = Location {
            revision: revision.clone(),
            empty: false,
            stamped: true,
            ..Location::default()
        };
        let plan = plan(catalogue, platform, &schema, &from, Some(head)).unwrap();
        let changes = plan.changes().filter(|change| change.after.name == "metrics");
        let written =
            changes.filter(|change| backend.describe_change(change).unwrap().rebuilds).count();
        assert!(written <= 1, "from {revision:?} metrics are written {written} times");
    }
}

/// A user's own column and index, and rows.
async fn filled(server: &TestServer, state: &str) -> Box<dyn TestDatabase> {
    let database = server.at(state).await;
    fill::metrics(&*database, 3);
    database.run(
        r#"INSERT INTO metrics (run_uuid, "key", step, timestamp, value, is_nan)
           SELECT run_uuid, "key", step, timestamp, value, TRUE FROM metrics WHERE step = 2;
           INSERT INTO tags (run_uuid, "key", value) SELECT run_uuid, 'mlflow.user', 'me' FROM runs;
           INSERT INTO params (run_uuid, "key", value) SELECT run_uuid, 'depth', '3' FROM runs;
           ALTER TABLE metrics ADD COLUMN of_the_user INTEGER;
           ALTER TABLE runs ADD COLUMN of_the_user INTEGER;
           CREATE INDEX of_the_user ON metrics (step, of_the_user);
           UPDATE metrics SET of_the_user = step + 1"#,
    );
    database
}

async fn one_by_one_or_merged_is_the_same(server: &TestServer) {
    for (from, to) in WAYS {
        let to = if to == "head" { server.head() } else { to };
        let mut results = Vec::new();
        for step_by_step in [false, true] {
            let database = filled(server, from).await;
            let upgrade = Upgrade { step_by_step, ..Upgrade::default() };
            let (report, _) = upgrade.run(server.catalogue(), &*database, to).await;
            let report = report.unwrap_or_else(|error| panic!("{from} to {to}: {error}"));
            let (schema, platform) = live(&*database).await.unwrap();
            results.push((report.revisions, rows(&*database), schema, platform));
        }
        let [(revisions, rows, merged, platform), (each, same_rows, one_by_one, _)] = &results[..]
        else {
            unreachable!()
        };
        assert_eq!(revisions, each);
        assert_eq!(schema::differences(merged, one_by_one, platform), [], "{from} to {to}");
        assert!(rows == same_rows, "{from} to {to}: the rows differ");
        assert!(rows.iter().all(|table| !table.is_empty()), "{from} to {to}");
    }
}

/// All rows of the tables that were filled, and of those that follow from them.
fn rows(database: &dyn TestDatabase) -> Vec<Vec<Vec<Cell>>> {
    let tables = [
        ("runs", "run_uuid"),
        ("metrics", r#"run_uuid, "key", step, timestamp, value, is_nan"#),
        ("latest_metrics", r#"run_uuid, "key""#),
        ("tags", r#"run_uuid, "key""#),
        ("params", r#"run_uuid, "key""#),
    ];
    tables
        .map(|(table, key)| database.query(&format!("SELECT * FROM {table} ORDER BY {key}")))
        .into()
}
