//! What a user has made that reads a table which a downgrade drops.

use mlflow_migrate::hint;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::capability::{EVERY_REVISION, POSTGRES};
use mlflow_migrate_tests::database::{Cell, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{downgrade, refused};
use crate::hostile::is_known;

pub(crate) const TESTS: &[Test] = tests![
    what_reads_a_dropped_table => EVERY_REVISION,
    functions_of_triggers_go_with_them => POSTGRES,
];

/// The object, and the statements that make it. None names a column of the table.
type Object = (&'static str, &'static str);

const VIEW: Object = ("view own", "CREATE VIEW own AS SELECT count(*) AS n FROM workspaces");

const VIEW_OF_A_VIEW: Object = (
    "view own2",
    "CREATE VIEW own AS SELECT count(*) AS n FROM workspaces;
     CREATE VIEW own2 AS SELECT n + 1 AS m FROM own",
);

fn objects(server: &TestServer) -> Vec<Object> {
    let mut objects = vec![VIEW];
    objects.extend_from_slice(match server.reference() {
        Server::Sqlite => &[
            VIEW_OF_A_VIEW,
            (
                "trigger own3",
                "CREATE TRIGGER own3 AFTER INSERT ON runs BEGIN DELETE FROM workspaces; END",
            ),
        ],
        Server::Postgres => &[
            VIEW_OF_A_VIEW,
            (
                "materialized view own3",
                "CREATE MATERIALIZED VIEW own3 AS SELECT count(*) AS n FROM workspaces",
            ),
            (
                "policy own4",
                "CREATE POLICY own4 ON runs USING (EXISTS (SELECT 1 FROM workspaces))",
            ),
            (
                "function own5()",
                "CREATE FUNCTION own5() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM workspaces; END",
            ),
            ("table own6, which inherits from it", "CREATE TABLE own6 () INHERITS (workspaces)"),
            ("column x of own7", "CREATE TABLE own7 (x workspaces)"),
        ],
        _ => &[
            VIEW_OF_A_VIEW,
            (
                "trigger own3",
                "CREATE TRIGGER own3 AFTER INSERT ON runs FOR EACH ROW DELETE FROM workspaces",
            ),
            (
                "trigger own4",
                "CREATE VIEW own AS SELECT count(*) AS n FROM workspaces;
                 CREATE VIEW own2 AS SELECT n + 1 AS m FROM own;
                 CREATE TRIGGER that_goes BEFORE INSERT ON workspaces FOR EACH ROW
                     SET NEW.name = (SELECT m FROM own2);
                 CREATE TRIGGER own4 BEFORE INSERT ON runs FOR EACH ROW
                     SET NEW.name = (SELECT m FROM own2)",
            ),
        ],
    });
    objects.retain(|(_, create)| is_known(server, create));
    objects
}

/// Each of them is refused before anything has changed. What the hint says puts it right.
async fn what_reads_a_dropped_table(server: &TestServer) {
    let database = server.at("1b5f0d9ad7c1").await;
    for (object, create) in objects(server) {
        database.run(create);
        let error = refused(server, &*database, "c8d9e0f1a2b3").await;
        assert_eq!(error.kind(), ErrorKind::Drift, "{object}: {error:?}");
        assert!(matches!(error, Error::Dependents { part: None, .. }), "{object}: {error:?}");
        assert!(error.to_string().contains(object), "{object}: {error}");
        assert!(!error.to_string().contains("that_goes"), "{object}: {error}");
        let hint = hint(&error).unwrap();
        let (_, remedy) = hint.split_once("still needed: ").unwrap_or_else(|| panic!("{hint}"));
        remedy.split_inclusive(';').for_each(|statement| database.run(statement));
    }
    downgrade(server, &*database, "c8d9e0f1a2b3", false).await.unwrap();
}

/// A function stays where something of the user's calls it.
async fn functions_of_triggers_go_with_them(server: &TestServer) {
    const FUNCTIONS: &str = "SELECT proname::text FROM pg_proc p \
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'";
    const OF_THE_USER: &str = "CREATE TABLE own (secret_id integer, secret_name text);
         CREATE TRIGGER own BEFORE UPDATE ON own FOR EACH ROW
             EXECUTE FUNCTION prevent_secrets_aad_mutation()";
    let before = "bf29a5ff90ea";
    let of_mlflow = || vec![vec![Cell::from("prevent_secrets_aad_mutation")]];
    for (own, left) in [("", Vec::new()), (OF_THE_USER, of_mlflow())] {
        let database = server.at("1bd49d398cd23").await;
        assert_eq!(database.query(FUNCTIONS), of_mlflow());
        if !own.is_empty() {
            database.run(own);
        }
        downgrade(server, &*database, before, false).await.unwrap();
        assert_eq!(database.query(FUNCTIONS), left, "{own}");
        upgrade(server.catalogue(), &*database, "1bd49d398cd23").await.unwrap();
        assert_eq!(database.query(FUNCTIONS), of_mlflow());
    }
}
