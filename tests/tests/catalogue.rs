//! Every state of the catalogue is the one that MLflow's own migrations make, on every server.

use std::error::Error;

use mlflow_migrate_tests::reference::{Server, describe, differences};

#[test]
fn sqlite() -> Result<(), Box<dyn Error>> {
    assert_same_states(Server::Sqlite, 71)
}

#[test]
fn postgres() -> Result<(), Box<dyn Error>> {
    assert_same_states(Server::Postgres, 71)
}

#[test]
fn mysql() -> Result<(), Box<dyn Error>> {
    assert_same_states(Server::Mysql, 71)
}

#[test]
fn mysql_5_7() -> Result<(), Box<dyn Error>> {
    assert_same_states(Server::Mysql57, 71)
}

#[test]
fn mariadb() -> Result<(), Box<dyn Error>> {
    assert_same_states(Server::Mariadb, 71)
}

/// MySQL 5.6 ends at 770bee3ae1dd: the next revision needs a generated column.
#[test]
fn mysql_5_6() -> Result<(), Box<dyn Error>> {
    assert_same_states(Server::Mysql56, 34)
}

fn assert_same_states(server: Server, count: usize) -> Result<(), Box<dyn Error>> {
    let platform = server.platform();
    let catalogue = mlflow_migrate_revisions::tracking()?;
    let made = describe(&catalogue.states(&platform)?, &platform);
    let expected = server.states()?;
    assert_eq!(expected.len(), count);
    let mut lines = Vec::new();
    for ((revision, expected), (made_revision, made)) in expected.iter().zip(&made) {
        assert_eq!(revision, made_revision);
        let at = revision.as_deref().unwrap_or("base");
        let new = differences(expected, made).into_iter().map(|line| format!("{at}: {line}"));
        lines.extend(new);
    }
    assert!(lines.is_empty(), "{} differences on {server:?}:\n{}", lines.len(), lines.join("\n"));
    Ok(())
}
