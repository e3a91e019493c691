//! A user's own objects that depend on more than a column: on a key, on the type of a table's rows, on each
//! other, or on how a column is changed by its foreign key.

use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, POSTGRES};
use mlflow_migrate_tests::database::upgrade;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::dependents::each_is_refused;

pub(crate) const TESTS: &[Test] = tests![
    what_keeps_a_key => POSTGRES,
    what_keeps_a_row_type => POSTGRES,
    what_keeps_a_column_through_others => POSTGRES,
    what_keeps_a_foreign_key_from_its_action => EVERY_REVISION => MYSQL,
];

/// A view that groups by a key and shows other columns.
async fn what_keeps_a_key(server: &TestServer) {
    let objects = [
        (
            "view own",
            "CREATE VIEW own AS SELECT name, description, count(*) FROM registered_models GROUP BY name",
        ),
        (
            "materialized view own",
            "CREATE MATERIALIZED VIEW own AS SELECT name, version, description, user_id
             FROM model_versions GROUP BY name, version",
        ),
        (
            "function own()",
            "CREATE FUNCTION own() RETURNS void BEGIN ATOMIC INSERT INTO registered_models (name)
             VALUES ('q') ON CONFLICT ON CONSTRAINT registered_model_pk DO NOTHING; END",
        ),
    ];
    each_is_refused(server, ["c8d9e0f1a2b3", "head"], &objects).await;
}

/// In a column of its own, in an array, in another composite type and in a domain.
async fn what_keeps_a_row_type(server: &TestServer) {
    let objects = [
        ("column s of own1", "CREATE TABLE own1 (s params)"),
        ("column \"S s\" of own2", "CREATE TABLE own2 (\"S s\" params[])"),
        ("column x of own3", "CREATE TYPE own AS (s params[]); CREATE TABLE own3 (x own)"),
        ("column x of own4", "CREATE DOMAIN own5 AS own; CREATE TABLE own4 (x own5[])"),
    ];
    each_is_refused(server, ["cc1f77228345", "head"], &objects).await;
    // Rows that only lose a column, or that get one without a value, are no obstacle.
    let database = server.at("b7e2c1a4d9f3").await;
    database.run("CREATE TABLE own1 (s trace_request_metadata, t spans)");
    upgrade(server.catalogue(), &*database, "75868b020152").await.unwrap();
}

async fn what_keeps_a_column_through_others(server: &TestServer) {
    let objects = [
        (
            "materialized view o.own2",
            "CREATE SCHEMA o; CREATE VIEW o.\"own 1\" AS SELECT dimension_attributes FROM spans;
             CREATE MATERIALIZED VIEW o.own2 AS SELECT * FROM o.\"own 1\";
             CREATE VIEW own3 AS SELECT count(*) AS n FROM o.own2",
        ),
        (
            "exclusion constraint own4",
            "ALTER TABLE spans ADD CONSTRAINT own4 EXCLUDE USING btree (trace_id WITH =, span_id WITH =)
             WHERE (dimension_attributes IS NOT NULL)",
        ),
    ];
    each_is_refused(server, ["b7e2c1a4d9f3", "75868b020152"], &objects).await;
}

/// MySQL changes no column with another row that a stored one is computed from.
async fn what_keeps_a_foreign_key_from_its_action(server: &TestServer) {
    if server.reference() != Server::Mysql {
        return;
    }
    let objects = [(
        "generated column own",
        "ALTER TABLE datasets ADD COLUMN own INT GENERATED ALWAYS AS (experiment_id + 1) STORED,
         ADD COLUMN kept INT GENERATED ALWAYS AS (experiment_id + 2) VIRTUAL",
    )];
    each_is_refused(server, ["acf3f17fdcc7", "head"], &objects).await;
}
