//! Scripts, run by the server's own client, make what an upgrade makes.

mod client;
mod rows;

use mlflow_migrate_core::history::location::Location;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::live_script::live_script;
use mlflow_migrate_core::schema;
use mlflow_migrate_core::script::{Script, write};
use mlflow_migrate_core::{Error, UpgradeOptions};
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, SERVER};
use mlflow_migrate_tests::conformance::{State, differences, live};
use mlflow_migrate_tests::database::{TestDatabase, Upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{fill, tests};

use client::{CLIENT, data, dialect, options};

pub(crate) const TESTS: &[Test] = tests![
    random_pairs => CLIENT,
    the_program_makes_what_sql_does_not => EVERY_REVISION => CLIENT,
    an_empty_database_gets_a_schema => CLIENT,
    a_live_database_keeps_what_is_its_own => CLIENT,
    comments_of_columns_survive => MYSQL => CLIENT,
    a_wrong_start_is_refused => CLIENT,
    rows_that_would_stop_a_step_are_refused => SERVER => CLIENT,
];

/// The pairs on a server, at least.
const PAIRS: usize = 12;
const SEED: u64 = 0x5_9180;

/// Returns a script without a database.
async fn offline(server: &TestServer, from: Option<&str>, to: &str) -> Result<Script, Error> {
    let (catalogue, dialect) = (server.catalogue(), dialect(server));
    let state = catalogue.state(from, dialect.platform())?;
    let from = Location {
        revision: from.map(ToOwned::to_owned),
        stamped: from.is_some(),
        ..Location::default()
    };
    write(catalogue, &*dialect, &state, &from, Some(to), &options()).await
}

/// Upgrades a database by the program.
async fn upgrade(server: &TestServer, database: &dyn TestDatabase, to: &str) {
    let upgrade = Upgrade { data: data(), ..Upgrade::default() };
    let (report, _) = upgrade.run(server.catalogue(), database, to).await;
    report.unwrap_or_else(|error| panic!("to {to}: {error}"));
}

/// Runs all parts of a script, with the program between them.
async fn run(server: &TestServer, database: &dyn TestDatabase, script: &Script) {
    for part in &script.parts {
        let names = format!("{:?} to {:?}", part.from, part.to);
        if let Some(revision) = &part.program_before {
            upgrade(server, database, revision).await;
        }
        client::run(database, &part.script)
            .unwrap_or_else(|error| panic!("{names}: {error}\n{}", part.script));
    }
    if let Some(revision) = script.parts.last().and_then(|part| part.program_after.as_ref()) {
        upgrade(server, database, revision).await;
    }
}

/// Compares a database that a script has made with the state, and with one that was upgraded.
async fn compare(
    server: &TestServer,
    scripted: &dyn TestDatabase,
    upgraded: &dyn TestDatabase,
    state: &State,
    names: &str,
) {
    let lines = differences(server, scripted, state).await.unwrap();
    assert!(lines.is_empty(), "{names}:\n{}", lines.join("\n"));
    assert_same(scripted, upgraded, names).await;
}

async fn assert_same(scripted: &dyn TestDatabase, upgraded: &dyn TestDatabase, names: &str) {
    let (made, platform) = live(scripted).await.unwrap();
    let (expected, _) = live(upgraded).await.unwrap();
    assert_eq!(schema::differences(&expected, &made, &platform), [], "{names}");
    let (made, expected) = (rows::all(scripted, &made), rows::all(upgraded, &expected));
    for (table, rows) in &expected {
        assert_eq!(made.get(table), Some(rows), "{names}: rows of {table}");
    }
}

/// Each pair begins where the one before it has ended. One database goes by scripts, and another one
/// by upgrades.
async fn random_pairs(server: &TestServer) {
    let states = server.reference().states().unwrap();
    let newest = states.len() - 1;
    let mut random = SEED;
    let mut pick = |below: usize| {
        // Knuth's MMIX generator: the same pairs in every run.
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % below
    };
    let (mut pairs, longest) = (0, (newest / PAIRS).max(1));
    while pairs < PAIRS {
        let (scripted, upgraded) = (server.at("base").await, server.at("base").await);
        let mut from = 0;
        while from < newest {
            let to = newest.min(from + 1 + pick(2 * longest - 1));
            let (before, _) = live(&*scripted).await.unwrap();
            for database in [&scripted, &upgraded] {
                rows::add(&**database, &before, from);
            }
            let name = states[to].0.as_deref().unwrap_or("base");
            let names = format!("{:?} to {name}", states[from].0);
            match offline(server, states[from].0.as_deref(), name).await {
                Ok(script) => run(server, &*scripted, &script).await,
                // Only the program can make this one.
                Err(Error::Target(_)) => upgrade(server, &*scripted, name).await,
                Err(error) => panic!("{names}: {error}"),
            }
            upgrade(server, &*upgraded, name).await;
            compare(server, &*scripted, &*upgraded, &states[to], &names).await;
            pairs += 1;
            from = to;
        }
    }
}

/// The scripts end before 75868b020152, and begin again after it.
async fn the_program_makes_what_sql_does_not(server: &TestServer) {
    let (from, to) = ("17e22815139b", "dc11669786a5");
    let (scripted, upgraded) = (server.at(from).await, server.at(from).await);
    let (before, _) = live(&*scripted).await.unwrap();
    for database in [&scripted, &upgraded] {
        rows::add(&**database, &before, 1);
    }
    let script = offline(server, Some(from), to).await.unwrap();
    let [first, second] = &script.parts[..] else { panic!("{} parts", script.parts.len()) };
    assert_eq!(first.to.as_deref(), Some("b7e2c1a4d9f3"));
    assert_eq!(first.program_after.as_deref(), Some("75868b020152"));
    assert_eq!(second.program_before.as_deref(), Some("75868b020152"));
    assert_eq!(second.from.as_deref(), Some("75868b020152"));
    client::run(&*scripted, &first.script).unwrap();
    let refused = client::run(&*scripted, &second.script).unwrap_err();
    assert!(refused.contains("alembic_version does not hold 75868b020152"), "{refused}");
    upgrade(server, &*scripted, "75868b020152").await;
    client::run(&*scripted, &second.script).unwrap();
    upgrade(server, &*upgraded, to).await;
    assert_same(&*scripted, &*upgraded, to).await;
}

async fn an_empty_database_gets_a_schema(server: &TestServer) {
    let (catalogue, dialect) = (server.catalogue(), dialect(server));
    let from = Location { empty: true, ..Location::default() };
    let (to, nothing) = ("acf3f17fdcc7", schema::Schema::default());
    let script = write(catalogue, &*dialect, &nothing, &from, Some(to), &options()).await.unwrap();
    let database = server.new_database();
    run(server, &*database, &script).await;
    let states = server.reference().states().unwrap();
    let state = states.iter().find(|(revision, _)| revision.as_deref() == Some(to)).unwrap();
    compare(server, &*database, &*server.at(to).await, state, "empty").await;
}

/// Returns the script for a live database.
async fn script_of(server: &TestServer, database: &dyn TestDatabase, to: &str) -> Script {
    let mut backend = database.connect().await.unwrap();
    let request = UpgradeOptions::to(Target::parse(to));
    live_script(&mut *backend, server.catalogue(), &request, &options()).await.unwrap()
}

async fn a_live_database_keeps_what_is_its_own(server: &TestServer) {
    let (from, to) = ("7ac759974ad8", "c48cb773bb87");
    let mut databases = Vec::new();
    for _ in 0..2 {
        let database = server.at(from).await;
        fill::metrics(&*database, 2);
        database.run(
            "ALTER TABLE metrics ADD COLUMN of_the_user INTEGER;
             CREATE INDEX of_the_user ON metrics (step, of_the_user);
             UPDATE metrics SET of_the_user = step + 1",
        );
        databases.push(database);
    }
    let script = script_of(server, &*databases[0], to).await;
    run(server, &*databases[0], &script).await;
    upgrade(server, &*databases[1], to).await;
    assert_same(&*databases[0], &*databases[1], "live").await;
    let own = databases[0].query("SELECT count(*) FROM metrics WHERE of_the_user = step + 1");
    assert_eq!(own, [[fill::ROWS_OF_A_STEP.saturating_mul(2).into()]]);
}

async fn comments_of_columns_survive(server: &TestServer) {
    let database = server.at("7ac759974ad8").await;
    database.run("ALTER TABLE metrics MODIFY COLUMN value DOUBLE NOT NULL COMMENT 'it''s mine'");
    let script = script_of(server, &*database, "c48cb773bb87").await;
    let statements: String = script.parts.iter().map(|part| part.script.as_str()).collect();
    run(server, &*database, &script).await;
    let comments =
        "SELECT column_comment FROM information_schema.columns WHERE column_name = 'value'
                    AND table_schema = DATABASE() AND table_name = 'metrics'";
    assert_eq!(database.query(comments), [["it's mine".into()]], "{statements}");
}

/// Whatever is wrong with the version, nothing changes.
async fn a_wrong_start_is_refused(server: &TestServer) {
    let script = offline(server, Some("90e64c465722"), "89d4b8295536").await.unwrap();
    let database = server.at("451aebb31d03").await;
    for spoil in [
        "SELECT 1",
        "UPDATE alembic_version SET version_num = 'another'",
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version (version_num) VALUES ('90e64c465722'), ('another')",
        "DROP TABLE alembic_version",
    ] {
        database.run(spoil);
        let before = database.contents();
        let refused = client::run(&*database, &script.parts[0].script).unwrap_err();
        assert!(refused.contains("alembic_version"), "{spoil}: {refused}");
        assert!(database.contents() == before, "{spoil}");
    }
    let of_base = offline(server, None, "89d4b8295536").await.unwrap();
    database.run("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)");
    database.run("INSERT INTO alembic_version (version_num) VALUES ('451aebb31d03')");
    let before = database.contents();
    let refused = client::run(&*database, &of_base.parts[0].script).unwrap_err();
    assert!(refused.contains("already holds a version"), "{refused}");
    assert!(database.contents() == before);
}

async fn rows_that_would_stop_a_step_are_refused(server: &TestServer) {
    let (from, to) = ("7ac759974ad8", "89d4b8295536");
    let script = offline(server, Some(from), to).await.unwrap();
    let database = server.at(from).await;
    database.run_unchecked(
        r#"INSERT INTO metrics ("key", value, timestamp, run_uuid, step, is_nan)
           VALUES ('m', 1, 1, 'missing', 0, FALSE)"#,
    );
    let before = database.contents();
    let refused = client::run(&*database, &script.parts[0].script).unwrap_err();
    assert!(refused.contains("rows of metrics"), "{refused}");
    assert!(database.contents() == before);
    database.run("DELETE FROM metrics");
    client::run(&*database, &script.parts[0].script).unwrap();
}
