//! The statements of `docs/how_to.md` let a user do everything, and nothing else is needed.

use mlflow_migrate_core::UpgradeOptions;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::doctor::diagnose;
use mlflow_migrate_tests::capability::SERVER;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::Waits;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;

use crate::common::{User, to_newest};

pub(crate) const TESTS: &[Test] = tests![the_grants_of_the_page_are_enough => SERVER];

const PAGE: &str = include_str!("../../../../docs/how_to.md");

const OLD: &str = "451aebb31d03";

/// Returns the statements of the page, for servers of either kind.
fn documented(is_postgres: bool) -> Vec<&'static str> {
    let (_, privileges) = PAGE.split_once("## Privileges").unwrap();
    let (mysql, postgres) = privileges.split_once("**PostgreSQL.**").unwrap();
    let part = if is_postgres { postgres } else { mysql };
    let (_, block) = part.split_once("```sql\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(|line| line.strip_suffix(';').unwrap()).collect()
}

async fn the_grants_of_the_page_are_enough(server: &TestServer) {
    let user = User::new(server);
    let database = server.new_database();
    let address = user.of(&*database);
    let statements = documented(server.is_postgres());
    assert_eq!(statements.len(), 2);
    for statement in statements {
        let (grant, name) = statement.rsplit_once(" TO ").unwrap();
        assert!(["mlflow", "'mlflow'@'%'"].contains(&name), "{statement}");
        let grant = grant
            .replace("ON mlflow.*", &format!("ON {}.*", address.database))
            .replace("ON DATABASE mlflow", &format!("ON DATABASE {}", address.database));
        let sql = format!("{grant} TO {}", user.quoted());
        // Privileges for a schema are given in its database.
        if grant.contains(" SCHEMA ") {
            database.run(&sql);
        } else {
            query(server.address(), &sql);
        }
    }
    if server.logs_changes() {
        query(server.address(), &format!("GRANT SUPER ON *.* TO {}", user.quoted()));
    }
    upgrade_at(server.catalogue(), &address, Waits::default(), OLD).await.unwrap();
    let mut backend = open(&address, Waits::default()).await.unwrap();
    let request = UpgradeOptions::to(Target::parse(server.head()));
    let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    drop(backend);
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}
