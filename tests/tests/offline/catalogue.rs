//! Every state of the catalogue is the one that MLflow's own migrations make, on every server.

use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::conformance::State;
use mlflow_migrate_tests::harness::Check;
use mlflow_migrate_tests::reference::{Server, describe_graph, differences};

pub(crate) const CHECKS: &[Check] = checks![
    sqlite,
    postgres,
    mysql,
    mysql_5_7,
    mariadb,
    mysql_5_6,
    auth_on_sqlite,
    auth_on_postgres,
];

fn sqlite() {
    assert_same_states(Server::Sqlite, 71);
}

fn postgres() {
    assert_same_states(Server::Postgres, 71);
}

fn mysql() {
    assert_same_states(Server::Mysql, 71);
}

fn mysql_5_7() {
    assert_same_states(Server::Mysql57, 71);
}

fn mariadb() {
    assert_same_states(Server::Mariadb, 71);
}

/// MySQL 5.6 ends at 770bee3ae1dd: the next revision needs a generated column.
fn mysql_5_6() {
    assert_same_states(Server::Mysql56, 34);
}

fn auth_on_sqlite() {
    assert_same_auth_states(Server::Sqlite);
}

fn auth_on_postgres() {
    assert_same_auth_states(Server::Postgres);
}

fn assert_same_auth_states(server: Server) {
    let catalogue = mlflow_migrate_revisions::auth().unwrap();
    assert_same(server, &catalogue, &server.auth_states().unwrap(), 8);
}

fn assert_same_states(server: Server, count: usize) {
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    assert_same(server, &catalogue, &server.states().unwrap(), count);
}

fn assert_same(server: Server, catalogue: &Catalogue, expected: &[State], count: usize) {
    let platform = server.platform();
    let states = catalogue.states(&platform).unwrap();
    let made = describe_graph(catalogue.name, &states, &platform);
    assert_eq!(expected.len(), count);
    let mut lines = Vec::new();
    for ((revision, expected), (made_revision, made)) in expected.iter().zip(&made) {
        assert_eq!(revision, made_revision);
        let at = revision.as_deref().unwrap_or("base");
        let new = differences(expected, made).into_iter().map(|line| format!("{at}: {line}"));
        lines.extend(new);
    }
    assert!(lines.is_empty(), "{} differences on {server:?}:\n{}", lines.len(), lines.join("\n"));
}
