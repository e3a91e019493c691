//! Publications of PostgreSQL, and what partitions have of their own: what depends on a column, or lets
//! no row be changed.

use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::doctor::diagnose;
use mlflow_migrate_core::{Error, UpgradeOptions};
use mlflow_migrate_tests::capability::POSTGRES;
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::dependents::refuses;
use super::version;

pub(crate) const TESTS: &[Test] = tests![
    a_publication_that_lets_no_row_be_changed => POSTGRES,
    what_depends_on_a_partitions_column => POSTGRES,
    a_replica_identity_that_goes => POSTGRES,
];

/// Before the revision that fills and drops columns of traces and spans.
const BEFORE: &str = "b7e2c1a4d9f3";

/// Refused by the upgrade and told by `doctor`; with what the hint says it comes to its end.
async fn each_is_refused(
    server: &TestServer,
    database: &dyn TestDatabase,
    objects: &[(&str, &str)],
) {
    for (object, create) in objects {
        database.run(create);
        let mut backend = database.connect().await.unwrap();
        let request = UpgradeOptions::to(Target::parse("head"));
        let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
        let told = |error: &Error| error.to_string().contains(object);
        assert!(found.problems.iter().any(told), "{object}: {:?}", found.problems);
        refuses(server, database, "head", object).await;
    }
    upgrade(server.catalogue(), database, "head").await.unwrap_or_else(|error| panic!("{error}"));
}

async fn a_publication_that_lets_no_row_be_changed(server: &TestServer) {
    let database = server.at(BEFORE).await;
    let mut objects = vec![
        (
            "publication own",
            "ALTER TABLE jobs REPLICA IDENTITY NOTHING; CREATE PUBLICATION own FOR TABLE jobs",
        ),
        (
            "publication own",
            "DROP PUBLICATION own; ALTER TABLE trace_tags REPLICA IDENTITY NOTHING;
             CREATE PUBLICATION own FOR ALL TABLES",
        ),
    ];
    if version(server) >= 150_000 {
        objects.extend([
            (
                "publication own2",
                "DROP PUBLICATION own; CREATE PUBLICATION own2 FOR TABLE trace_info (timestamp_ms)",
            ),
            (
                "publication own3",
                "CREATE PUBLICATION own3 FOR TABLE spans WHERE (status = 'OK'), \
                 metrics (value)",
            ),
        ]);
    }
    each_is_refused(server, &*database, &objects).await;
    // What is only added does not need an identity.
    let database = server.at("2b4d017a5e9b").await;
    database.run(
        "ALTER TABLE tags REPLICA IDENTITY NOTHING; ALTER TABLE metrics REPLICA IDENTITY NOTHING;
         CREATE PUBLICATION own FOR TABLE tags, metrics",
    );
    upgrade(server.catalogue(), &*database, "head").await.unwrap();
}

/// The server changes the column in the partitions as well.
async fn what_depends_on_a_partitions_column(server: &TestServer) {
    let database = server.at(BEFORE).await;
    database.run(
        "CREATE SCHEMA other; CREATE TABLE other.part () INHERITS (spans);
         CREATE TABLE other.part_of_part () INHERITS (other.part)",
    );
    let mut objects = vec![
        ("view own", "CREATE VIEW own AS SELECT dimension_attributes FROM other.part"),
        ("policy own", "CREATE POLICY own ON other.part USING (dimension_attributes IS NULL)"),
        (
            "generated column own",
            "ALTER TABLE other.part ADD COLUMN own TEXT \
             GENERATED ALWAYS AS (dimension_attributes ->> 'a') STORED",
        ),
    ];
    if version(server) >= 150_000 {
        objects.extend([
            (
                "publication own",
                "CREATE PUBLICATION own FOR TABLE other.part_of_part (span_id, dimension_attributes)",
            ),
            (
                "publication own2",
                "CREATE PUBLICATION own2 FOR TABLE other.part WHERE (dimension_attributes IS NULL)",
            ),
        ]);
    }
    each_is_refused(server, &*database, &objects).await;
}

async fn a_replica_identity_that_goes(server: &TestServer) {
    let database = server.at(BEFORE).await;
    database.run(
        "CREATE UNIQUE INDEX own ON spans (trace_id, span_id) INCLUDE (dimension_attributes);
         ALTER TABLE spans REPLICA IDENTITY USING INDEX own",
    );
    refuses(server, &*database, "head", "the replica identity of spans").await;
    upgrade(server.catalogue(), &*database, "head").await.unwrap();
}
