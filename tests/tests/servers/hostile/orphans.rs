//! Rows that reference none, under foreign keys that an upgrade makes anew, checks again, or fills.

use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{UpgradeOptions, report::doctor};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::rows::{found, refused, to_newest};
use super::statements_of;

pub(crate) const TESTS: &[Test] = tests![orphans];

struct Case {
    state: &'static str,
    /// Written with the check of references switched off.
    rows: &'static str,
    /// How what is found begins, how many rows it is, and on which servers.
    expected: &'static [(&'static str, u64, IsRefused)],
}

type IsRefused = fn(&TestServer) -> bool;

/// SQLite passes over them, as MLflow does.
const SERVERS: IsRefused = |server| !server.is_sqlite();

/// A table is copied, here for a CHECK.
const COPYING: IsRefused = TestServer::checks_references_of_copies;

const CASES: &[Case] = &[
    Case {
        state: "base",
        rows: r#"INSERT INTO runs (run_uuid) VALUES ('a');
            INSERT INTO runs (run_uuid, experiment_id) VALUES ('b', 77);
            INSERT INTO params ("key", value, run_uuid) VALUES ('p', '1', 'gone');
            INSERT INTO metrics ("key", value, timestamp, run_uuid) VALUES
                ('m', 1, 1, 'a'), ('m', 1, 1, 'gone'), ('m', 1, 2, 'gone')"#,
        expected: &[
            ("metrics: ", 2, SERVERS),
            ("runs: foreign key runs_ibfk_1 (experiment_id) to experiments", 1, COPYING),
        ],
    },
    Case {
        state: "867495a8f9d4",
        rows: r#"INSERT INTO datasets (dataset_uuid, experiment_id, name, digest,
                dataset_source_type, dataset_source) VALUES ('d', 77, 'n', 'x', 't', 's');
            INSERT INTO trace_tags ("key", value, request_id) VALUES ('k', 'v', 'gone');
            INSERT INTO trace_request_metadata ("key", value, request_id) VALUES
                ('k', 'v', 'gone'), ('l', 'v', 'gone')"#,
        expected: &[
            ("datasets: foreign key fk_datasets_experiment_id_experiments ", 1, SERVERS),
            (
                "trace_request_metadata: foreign key fk_trace_request_metadata_request_id ",
                2,
                SERVERS,
            ),
            (
                "trace_tags: foreign key fk_trace_tags_request_id (request_id) to trace_info",
                1,
                SERVERS,
            ),
        ],
    },
    Case {
        state: "c8d9e0f1a2b3",
        rows: r#"INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
            INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES
                ('a', 1, 1, 'OK'), ('b', 77, 1, 'OK');
            INSERT INTO registered_models (name) VALUES ('m');
            INSERT INTO model_versions (name, version) VALUES ('m', 1), ('gone', 1);
            INSERT INTO model_version_tags ("key", name, version) VALUES ('k', 'gone', 1), ('l', 'gone', 1);
            INSERT INTO registered_model_tags ("key", name) VALUES ('k', 'gone'), ('k', 'm');
            INSERT INTO registered_model_aliases (alias, version, name) VALUES ('a', 1, 'gone');
            INSERT INTO model_version_tags ("key", name, version) VALUES ('k', 'm', 2), ('k', 'm', 1)"#,
        expected: &[
            ("model_version_tags: ", 1, SERVERS),
            ("model_versions: ", 1, SERVERS),
            ("registered_model_aliases: ", 1, SERVERS),
            ("registered_model_tags: ", 1, SERVERS),
            ("trace_info: foreign key fk_trace_info_experiment_id ", 1, SERVERS),
        ],
    },
];

async fn orphans(server: &TestServer) {
    for Case { state, rows, expected } in CASES {
        if server.reference() == Server::Mysql56 && *state == "c8d9e0f1a2b3" {
            continue;
        }
        let database = server.at(state).await;
        database.run_unchecked(rows);
        let expected = expected.iter().filter(|(_, _, is_refused)| is_refused(server));
        let expected: Vec<(&str, u64)> = expected.map(|one| (one.0, one.1)).collect();
        if !expected.is_empty() {
            let mut told = found(server, &*database).await;
            told.sort();
            assert_eq!(told.len(), expected.len(), "{state}: {told:?}");
            for ((what, count, rows), (begin, number)) in told.iter().zip(&expected) {
                assert!(what.starts_with(begin), "{state}: {what}, expected {begin}");
                assert_eq!((*count, *rows as u64), (*number, *number), "{what}");
            }
            refused(server, &*database).await;
            let request = UpgradeOptions::to(Target::parse(server.head()));
            let mut backend = database.connect().await.unwrap();
            let diagnosis =
                doctor::diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
            drop(backend);
            // With the check of references switched on.
            for problem in &diagnosis.problems {
                database.run(&statements_of(problem));
            }
            assert!(found(server, &*database).await.is_empty(), "{state}");
        }
        to_newest(server, &*database).await.unwrap_or_else(|error| panic!("{state}: {error}"));
        assert_at(server, &*database, server.head()).await;
    }
}
