//! The scripts of every dialect, as their clients get them.

use mlflow_migrate_backend_mysql::MysqlScript;
use mlflow_migrate_backend_postgres::PostgresScript;
use mlflow_migrate_backend_sqlite::SqliteScript;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::data::DataOptions;
use mlflow_migrate_core::error::TargetError;
use mlflow_migrate_core::history::location::Location;
use mlflow_migrate_core::script::{Script, ScriptDialect, ScriptOptions, write};
use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::harness::Check;

pub(crate) const CHECKS: &[Check] = checks![
    short_scripts_of_every_dialect.await,
    a_revision_that_needs_the_program_is_between_two_parts.await,
    parts_end_where_the_program_begins.await,
    each_revision_can_have_its_own_version.await,
];

fn dialects() -> [(&'static str, Box<dyn ScriptDialect>); 5] {
    let mysql = |version: &str| Box::new(MysqlScript::new(version).unwrap());
    [
        ("mysql5.7", mysql("5.7.44")),
        ("mysql8", mysql("8.0.16")),
        ("mariadb", mysql("10.8.1-MariaDB")),
        ("postgres", Box::new(PostgresScript)),
        ("sqlite", Box::new(SqliteScript)),
    ]
}

async fn script(
    dialect: &dyn ScriptDialect,
    from: Option<&str>,
    to: &str,
    step_by_step: bool,
) -> Result<Script, Error> {
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    let live = catalogue.state(from, dialect.platform()).unwrap();
    let stamped = from.is_some();
    let from = Location { revision: from.map(ToOwned::to_owned), stamped, ..Location::default() };
    let command = |revision: &str| format!("upgrade to {revision}");
    let mut data = DataOptions::default();
    data.now_ms = 1_790_000_000_123;
    let options = ScriptOptions { data, step_by_step, command };
    write(&catalogue, dialect, &live, &from, Some(to), &options).await
}

/// A version that is missing, a user's tags, and a table that changes twice; then latest metrics.
async fn short_scripts_of_every_dialect() {
    for (name, dialect) in dialects() {
        let mut text = String::new();
        for (from, to) in [(None, "181f10493468"), (Some("7ac759974ad8"), "89d4b8295536")] {
            let script = script(&*dialect, from, to, false).await.unwrap();
            let [part] = script.parts.as_slice() else { panic!("{} parts", script.parts.len()) };
            text += &part.script;
        }
        insta::assert_snapshot!(name, text);
    }
}

async fn a_revision_that_needs_the_program_is_between_two_parts() {
    let script =
        script(&PostgresScript, Some("b7e2c1a4d9f3"), "dc11669786a5", false).await.unwrap();
    let [part] = script.parts.as_slice() else { panic!("{} parts", script.parts.len()) };
    insta::assert_snapshot!("after_the_program", part.script);
}

async fn parts_end_where_the_program_begins() {
    for (name, dialect) in dialects() {
        let whole = script(&*dialect, Some("76601a5f987d"), "f4a9b2c7d1e6", false).await.unwrap();
        let ends: Vec<_> = whole
            .parts
            .iter()
            .map(|part| (part.program_before.as_deref(), part.program_after.as_deref()))
            .collect();
        let [first, second] = ["75868b020152", "8b6ad64cb8f5"].map(Some);
        assert_eq!(ends, [(None, first), (first, second), (second, None)], "{name}");
        // What has no rows needs no program.
        let empty = script(&*dialect, None, "f4a9b2c7d1e6", false).await.unwrap();
        assert_eq!(empty.parts.len(), 1, "{name}");
        let refused = script(&*dialect, Some("b7e2c1a4d9f3"), "75868b020152", false).await;
        let refused = refused.unwrap_err();
        assert!(
            matches!(&refused, Error::Target(TargetError::NeedsProgram { revision })
                if revision == "75868b020152"),
            "{refused:?}"
        );
    }
}

async fn each_revision_can_have_its_own_version() {
    let script = script(&SqliteScript, Some("451aebb31d03"), "181f10493468", true).await.unwrap();
    let text = &script.parts[0].script;
    for revision in ["90e64c465722", "181f10493468"] {
        assert!(text.contains(&format!("SET version_num = '{revision}'")), "{text}");
    }
}
