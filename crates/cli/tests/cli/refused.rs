//! Bad input: a one-line error, a hint, an exit code of its own, and nothing changed.

use crate::sandbox::{HEAD, Sandbox};
use insta::assert_snapshot;

const STAMP: &str = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);";

fn stamped(revisions: &[&str]) -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    sandbox.sql("DELETE FROM alembic_version");
    for revision in revisions {
        sandbox.sql(&format!("INSERT INTO alembic_version VALUES ('{revision}')"));
    }
    sandbox
}

#[test]
fn no_database() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    std::fs::write(sandbox.path("text"), "This is not a database. ".repeat(100)).unwrap();
    let told = [
        sandbox.refused(&["upgrade", "text"]),
        sandbox.refused(&["upgrade", "folder"]),
        sandbox.refused(&["upgrade", "missing/mlruns.db"]),
        sandbox.refused(&["upgrade", "missing/mlruns.db", "--create"]),
        sandbox.refused(&["upgrade", "missing.db"]),
        sandbox.refused(&["plan", "missing.db"]),
        sandbox.refused(&["upgrade", "missing.db", "--into", "new.db"]),
        sandbox.refused(&["upgrade"]),
        sandbox.refused(&["upgrade", ""]),
        sandbox.refused(&["upgrade", "sqlite://"]),
    ];
    assert_snapshot!(told.join("\n"));
}

#[test]
fn urls_of_something_else() {
    let urls = [
        "oracle://me:secret@host/db",
        "mssql+pyodbc://me:secret@host/db",
        "https://me:secret@host",
        "databricks",
        "file:///mlruns",
    ];
    let sandbox = Sandbox::new();
    let told = urls.map(|url| {
        let told = sandbox.refused(&["upgrade", url]);
        assert!(!told.replace(url, "").contains("secret"), "{told}");
        told
    });
    assert_snapshot!(told.join("\n"));
}

#[test]
fn damaged_files() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let bytes = std::fs::read(sandbox.path("mlruns.db")).unwrap();
    std::fs::write(sandbox.path("mlruns.db"), &bytes[..bytes.len() / 2]).unwrap();
    let truncated = sandbox.refused(&["upgrade", "mlruns.db"]);
    let mut garbage = bytes.clone();
    garbage[4096..].fill(0xA5);
    std::fs::write(sandbox.path("mlruns.db"), garbage).unwrap();
    let garbled = sandbox.refused(&["upgrade", "mlruns.db"]);
    assert_snapshot!([truncated, garbled].join("\n"));
}

#[test]
fn revisions_that_are_not_in_the_catalogue() {
    let told = [
        stamped(&["ffffffffffff"]).refused(&["upgrade", "mlruns.db"]),
        stamped(&["7ac759974ad8", HEAD]).refused(&["upgrade", "mlruns.db"]),
        stamped(&["v3.0.0.d"]).refused(&["upgrade", "mlruns.db"]),
        stamped(&["8606fa83a998"]).refused(&["upgrade", "mlruns.db"]),
        stamped(&["7ac759974ad8 "]).refused(&["upgrade", "mlruns.db"]),
        stamped(&["7ac759974ad8", "v3.0.0.d"]).refused(&["upgrade", "mlruns.db"]),
        stamped(&[HEAD]).refused(&["upgrade", "mlruns.db"]),
    ];
    assert_snapshot!(told.join("\n"));
}

#[test]
fn databases_of_other_programs() {
    let fasttrack = Sandbox::with_sample("mlruns-1.2.0.db");
    fasttrack.sql(
        "CREATE TABLE schema_version (version TEXT PRIMARY KEY); \
         ALTER TABLE params RENAME COLUMN value TO value_str",
    );
    let foreign = Sandbox::with_database("CREATE TABLE bookmarks (url TEXT)");
    let told = [&fasttrack, &foreign].map(|sandbox| sandbox.refused(&["upgrade", "mlruns.db"]));
    assert_snapshot!(told.join("\n"));
}

#[test]
fn targets_that_do_not_exist_or_are_behind() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let targets = ["nonsense", "1", "99.0", "+500", "base", "1.0"];
    let mut told =
        targets.map(|target| sandbox.refused(&["upgrade", "mlruns.db", "--to", target])).to_vec();
    told.push(sandbox.refused(&["upgrade", "mlruns.db", "--assume", "nonsense"]));
    told.push(sandbox.refused(&["upgrade", "new.db", "--to", "nonsense"]));
    assert_snapshot!(told.join("\n"));
}

#[test]
fn a_database_that_another_process_writes_to() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let before = sandbox.files();
    let holder = sandbox.connect();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let arguments = ["upgrade", "mlruns.db", "--lock-timeout", "0"];
    let ran = sandbox.run(&arguments);
    // This process would lose its lock if it read the file before.
    drop(holder);
    assert!(sandbox.files() == before);
    assert_snapshot!(ran.transcript(&arguments));
}

#[test]
fn schemas_that_are_not_their_revisions() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    sandbox.sql("ALTER TABLE runs DROP COLUMN source_name");
    let drifted = sandbox.refused(&["upgrade", "mlruns.db"]);
    sandbox.sql("DROP TABLE alembic_version");
    let unrecognised = sandbox.refused(&["upgrade", "mlruns.db"]);
    let unstamped = Sandbox::with_sample("mlruns-1.2.0.db");
    unstamped.sql("DROP TABLE alembic_version");
    let unstamped = unstamped.refused(&["upgrade", "mlruns.db"]);
    let retyped = Sandbox::with_sample("mlruns-1.2.0.db");
    retyped.sql(
        "ALTER TABLE runs RENAME COLUMN name TO other; ALTER TABLE runs ADD COLUMN name TEXT; \
         ALTER TABLE runs DROP COLUMN other",
    );
    let acceptable = retyped.refused(&["upgrade", "mlruns.db"]);
    assert_snapshot!([drifted, unrecognised, unstamped, acceptable].join("\n"));
    assert_eq!(retyped.run(&["upgrade", "mlruns.db", "--accept-drift"]).code, 0);
}

#[test]
fn files_that_exist_are_never_overwritten() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    std::fs::write(sandbox.path("taken"), "mine").unwrap();
    let options = ["--into=taken", "--into=mlruns.db", "--backup=taken"];
    let told = options.map(|option| sandbox.refused(&["upgrade", "mlruns.db", option]));
    assert_snapshot!(told.join("\n"));
}

#[test]
fn an_upgrade_into_a_new_file_that_fails_leaves_no_file() {
    let sandbox = stamped(&["ffffffffffff"]);
    let told = sandbox.refused(&["upgrade", "mlruns.db", "--into", "new.db"]);
    assert!(told.ends_with("-> 20\n"), "{told}");
}

#[test]
fn a_database_that_is_newer_than_the_tool() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    sandbox.sql("UPDATE alembic_version SET version_num = 'ffffffffffff'");
    assert_snapshot!(sandbox.refused(&["upgrade", "mlruns.db"]));
}

#[test]
fn rows_that_an_upgrade_would_refuse() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--to=b7e2c1a4d9f3"]).code, 0);
    sandbox.sql(
        "INSERT INTO issues (issue_id, experiment_id, name, description, status, categories, \
         created_timestamp, last_updated_timestamp) \
         VALUES ('i1', 0, 'n', 'd', 'open', '{broken', 1, 1), ('i2', 0, 'n', 'd', 'open', '[1]', 1, 1)",
    );
    let planned = sandbox.run(&["plan", "mlruns.db"]);
    assert_eq!(planned.code, 25);
    assert!(planned.stdout.contains("the upgrade is refused until this is fixed: 8b6ad64cb8f5"));
    assert_snapshot!(sandbox.refused(&["upgrade", "mlruns.db"]));
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--skip-invalid"]).code, 0);
}

#[test]
fn an_error_is_the_last_line_of_json() {
    let sandbox = stamped(&["ffffffffffff"]);
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (20, ""));
    assert_snapshot!(ran.json().last().unwrap().to_string());
}

#[test]
fn an_empty_version_table_is_no_version() {
    let sandbox = Sandbox::with_database(STAMP);
    let ran = sandbox.run(&["current", "mlruns.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("empty "), "{}", ran.stdout);
}

#[test]
fn a_version_that_is_not_the_schemas_is_told_by_those_who_only_look() {
    let sandbox = stamped(&[HEAD]);
    let told = sandbox.run(&["current", "mlruns.db"]);
    assert_eq!(told.code, 0);
    assert_snapshot!(told.stdout);
    let problem =
        "problem:  alembic_version holds 'f4a9b2c7d1e6', but the schema is that of 7ac759974ad8";
    let checked = sandbox.run(&["check", "mlruns.db"]);
    assert!(checked.code == 2 && checked.stdout.contains(problem), "{}", checked.stdout);
    sandbox.sql("UPDATE alembic_version SET version_num = '7ac759974ad8'");
    assert!(!sandbox.run(&["current", "mlruns.db"]).stdout.contains("problem"));
}

/// The data migration of 89d4b8295536 has not run, so its version must not be written.
#[test]
fn what_mlflows_own_upgrade_has_left_is_no_wrong_version() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0-after-failed-mlflow-upgrade.db");
    for command in ["current", "check"] {
        let told = sandbox.run(&[command, "mlruns.db"]).stdout;
        assert!(!told.contains("problem"), "{told}");
    }
}

#[test]
fn a_taken_name_is_told_with_what_to_do() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    sandbox.sql("CREATE INDEX index_params_run_uuid ON params (value)");
    let told = sandbox.refused(&["upgrade", "mlruns.db"]);
    let remedy = "rename index index_params_run_uuid of table params with `DROP INDEX \
                  index_params_run_uuid; CREATE INDEX old_index_params_run_uuid ON params (value);`, \
                  or drop it";
    assert!(told.contains(remedy), "{told}");
    sandbox.sql("DROP INDEX index_params_run_uuid");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
}

#[test]
fn tables_whose_creation_was_interrupted_are_told() {
    let sandbox = Sandbox::with_sample("mlruns-0.9.1.db");
    sandbox.sql("DROP TABLE metrics; DROP TABLE params");
    assert_snapshot!(sandbox.refused(&["upgrade", "mlruns.db"]));
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--assume", "empty"]).code, 0);
    assert_eq!(sandbox.run(&["check", "mlruns.db"]).code, 0);
}
