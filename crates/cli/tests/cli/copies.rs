//! `copy` as people see it, from file to file.

use insta::assert_snapshot;

use crate::sandbox::{HEAD, Ran, Sandbox};

const DIFFERENT: i32 = 2;
const UNSUPPORTED: i32 = 11;
const REFUSED: i32 = 25;
const NOT_EMPTY: i32 = 35;

fn at_head() -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    sandbox
}

/// The text without the time that the copy took.
fn without_times(text: &str) -> String {
    let settled = text.lines().map(|line| match line.rsplit_once(", ") {
        Some((rest, time)) if time.ends_with(" s") => format!("{rest}, …\n"),
        _ => format!("{line}\n"),
    });
    settled.collect()
}

/// Runs a command that must leave the source as it is.
#[track_caller]
fn run(sandbox: &Sandbox, arguments: &[&str], code: i32) -> Ran {
    let source = &sandbox.files()["mlruns.db"];
    let ran = sandbox.run(arguments);
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    assert!(sandbox.files()["mlruns.db"] == *source, "the source has changed");
    ran
}

/// All rows of a table of a file in the sandbox.
fn rows(sandbox: &Sandbox, file: &str, query: &str) -> Vec<Vec<rusqlite::types::Value>> {
    let connection = rusqlite::Connection::open(sandbox.path(file)).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    let width = statement.column_count();
    let read = statement.query_map([], |row| (0..width).map(|place| row.get(place)).collect());
    read.unwrap().map(Result::unwrap).collect()
}

fn tables(sandbox: &Sandbox, file: &str) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1";
    let text = |mut row: Vec<rusqlite::types::Value>| match row.pop() {
        Some(rusqlite::types::Value::Text(name)) => name,
        other => panic!("{other:?}"),
    };
    rows(sandbox, file, sql).into_iter().map(text).collect()
}

/// Asserts that two files hold the same rows in all tables.
#[track_caller]
fn assert_equal(sandbox: &Sandbox, one: &str, other: &str) {
    let names = tables(sandbox, one);
    assert_eq!(names, tables(sandbox, other));
    for name in names {
        let all = format!("SELECT * FROM \"{name}\"");
        let sorted = |file: &str| {
            let mut rows: Vec<String> =
                rows(sandbox, file, &all).iter().map(|row| format!("{row:?}")).collect();
            rows.sort();
            rows
        };
        assert_eq!(sorted(one), sorted(other), "{name}");
    }
}

#[test]
fn a_copy_is_told_and_so_is_another_run() {
    let sandbox = at_head();
    let ran = run(&sandbox, &["copy", "mlruns.db", "copy.db"], 0);
    // Which steps get a line of their own depends on the time that they take.
    let progress = ran.untimed();
    assert_snapshot!(progress.lines().next().unwrap_or_default());
    assert!(progress.contains("verified schema and row counts"), "{progress}");
    assert_snapshot!(without_times(&ran.stdout));
    assert_equal(&sandbox, "mlruns.db", "copy.db");
    let copy = sandbox.files()["copy.db"].clone();
    let again = run(&sandbox, &["copy", "mlruns.db", "copy.db"], 0);
    assert_snapshot!(without_times(&again.stdout));
    assert!(sandbox.files()["copy.db"] == copy, "the second run has written");
    assert_eq!(run(&sandbox, &["verify", "--deep", "copy.db"], 0).stderr, "");
}

#[test]
fn a_copy_is_told_in_json() {
    let sandbox = at_head();
    let lines = run(&sandbox, &["copy", "mlruns.db", "copy.db", "--json"], 0).json();
    let of = |event: &str| lines.iter().find(|line| line["event"] == event).unwrap();
    assert_eq!(of("copying")["revision"], HEAD);
    let ends = lines.iter().filter(|line| line["event"] == "step_finished");
    let mut kinds: Vec<&str> = ends.map(|line| line["step_kind"].as_str().unwrap()).collect();
    kinds.dedup();
    assert_eq!(kinds, ["check_rows", "create_tables", "copy_rows", "add_constraints"]);
    let (steps, result) = (&of("copying")["step_count"], of("copy"));
    let done = lines.iter().filter(|line| line["event"] == "step_finished").count();
    assert_eq!(*steps, done);
    assert_eq!((&result["was_copied"], &result["source"]), (&false.into(), &"mlruns.db".into()));
    let copied = result["copied_tables"].as_array().unwrap();
    let metrics = copied.iter().find(|table| table["table"] == "metrics").unwrap();
    let count = rows(&sandbox, "mlruns.db", "SELECT count(*) FROM metrics");
    assert_eq!(count, [[metrics["row_count"].as_i64().unwrap().into()]]);
    let again = run(&sandbox, &["copy", "mlruns.db", "copy.db", "--json"], 0).json();
    assert_eq!(again.last().unwrap()["was_copied"], true);
}

#[test]
fn a_dry_run_makes_nothing() {
    let sandbox = at_head();
    sandbox.sql("CREATE TABLE own (a); ALTER TABLE runs ADD COLUMN mine TEXT");
    let before = sandbox.files();
    let shown = run(&sandbox, &["copy", "mlruns.db", "copy.db", "--dry-run"], 0);
    assert_snapshot!(shown.stdout);
    let json = run(&sandbox, &["copy", "mlruns.db", "copy.db", "--dry-run", "--json"], 0).json();
    assert_eq!(json.last().unwrap()["left_out"], serde_json::json!(["own", "runs.mine"]));
    sandbox.sql("UPDATE params SET value = CAST(x'ff' AS TEXT) WHERE rowid = 1");
    let refused = run(&sandbox, &["copy", "mlruns.db", "copy.db", "--dry-run"], REFUSED);
    assert!(refused.stdout.contains("params: value is not a text in UTF-8 (1 row: "));
    assert!(sandbox.files().keys().eq(before.keys()), "a file was made");
    let copied = run(&sandbox, &["copy", "mlruns.db", "copy.db"], REFUSED);
    assert_snapshot!(copied.untimed());
    assert!(sandbox.files().keys().eq(before.keys()), "a file was made");
}

#[test]
fn a_copy_is_compared_with_its_source() {
    let sandbox = at_head();
    run(&sandbox, &["copy", "mlruns.db", "copy.db", "-q"], 0);
    let compare = ["copy", "mlruns.db", "copy.db", "--verify-only"];
    assert_snapshot!(run(&sandbox, &compare, 0).stdout);
    let other = |sql: &str| {
        rusqlite::Connection::open(sandbox.path("copy.db")).unwrap().execute_batch(sql).unwrap();
    };
    for (change, table, counts) in [
        ("UPDATE metrics SET value = value + 1e-9 WHERE rowid = 1", "metrics", true),
        ("DELETE FROM params WHERE rowid = 1", "params", false),
    ] {
        other(change);
        let copy = sandbox.files()["copy.db"].clone();
        let found = run(&sandbox, &compare, DIFFERENT);
        assert!(found.stdout.contains(&format!("copy.db: {table} differs (")), "{}", found.stdout);
        let lines = run(&sandbox, &[&compare[..], &["--json"]].concat(), DIFFERENT).json();
        let compared = lines.last().unwrap()["compared_tables"].as_array().unwrap();
        let found = compared.iter().find(|it| it["table"] == table).unwrap();
        assert_ne!(found["source_digest"], found["destination_digest"]);
        assert_eq!(found["source_row_count"] == found["destination_row_count"], counts);
        assert!(sandbox.files()["copy.db"] == copy, "a comparison has written");
    }
    let refused = run(&sandbox, &["copy", "mlruns.db", "copy.db"], NOT_EMPTY);
    assert_snapshot!(refused.untimed());
}

#[test]
fn what_a_destination_must_not_hold() {
    let (sandbox, old) = (at_head(), Sandbox::with_sample("mlruns-1.2.0.db"));
    let other = |name: &str, sql: &str| {
        rusqlite::Connection::open(sandbox.path(name)).unwrap().execute_batch(sql).unwrap();
    };
    other("theirs.db", "CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (1)");
    other(
        "stamped.db",
        "CREATE TABLE alembic_version (version_num VARCHAR(32)); \
                         INSERT INTO alembic_version VALUES ('theirs')",
    );
    std::fs::write(sandbox.path("older.db"), old.files()["mlruns.db"].clone()).unwrap();
    let mut told = Vec::new();
    for (destination, code) in [
        ("theirs.db", NOT_EMPTY),
        ("stamped.db", NOT_EMPTY),
        ("older.db", NOT_EMPTY),
        ("mlruns.db", UNSUPPORTED),
        ("./mlruns.db", UNSUPPORTED),
    ] {
        let arguments = ["copy", "mlruns.db", destination];
        told.push(sandbox.refused(&arguments));
        assert_eq!(run(&sandbox, &[&arguments[..], &["--json"]].concat(), code).code, code);
        let shown = sandbox.run(&[&arguments[..], &["--dry-run"]].concat());
        assert_eq!(shown.code, code, "{destination}: {}{}", shown.stdout, shown.stderr);
    }
    assert_snapshot!(told.concat());
}

#[test]
fn a_copy_of_an_old_store_is_upgraded_like_its_source() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    run(&sandbox, &["copy", "mlruns.db", "copy.db", "--to", "head", "-q"], 0);
    let again = run(&sandbox, &["copy", "mlruns.db", "same.db", "-q"], 0);
    assert!(again.stdout.contains("MLflow 1.2.x"), "{}", again.stdout);
    assert_equal(&sandbox, "mlruns.db", "same.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    assert_equal(&sandbox, "mlruns.db", "copy.db");
    run(&sandbox, &["verify", "--deep", "copy.db"], 0);
}

#[test]
fn places_of_artifacts_are_rewritten() {
    let sandbox = at_head();
    sandbox.sql(
        "UPDATE experiments SET artifact_location = '/old/' || experiment_id;
         UPDATE runs SET artifact_uri = '/older/' || run_uuid;
         INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage)
         VALUES (90, 'exact', '/old', 'active'), (91, 'other', 's3://x/old/1', 'active');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
         VALUES ('tr', 90, 1, 'OK');
         INSERT INTO trace_tags (request_id, key, value) VALUES
         ('tr', 'mlflow.artifactLocation', '/old/t'), ('tr', 'note', '/old/t')",
    );
    let count = rows(&sandbox, "mlruns.db", "SELECT * FROM experiments").len() - 1;
    let arguments = ["copy", "mlruns.db", "copy.db", "--artifact-root", "/old=s3://new"];
    let ran = run(&sandbox, &arguments, 0);
    let told = format!("rewritten: {count} places of experiments.artifact_location\n");
    assert!(ran.stdout.contains(&told), "{}", ran.stdout);
    assert!(ran.stdout.contains("rewritten: 1 place of trace_tags.value\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("of runs."), "{}", ran.stdout);
    for (query, expected) in [
        ("SELECT artifact_location FROM experiments WHERE experiment_id = 90", "s3://new"),
        ("SELECT artifact_location FROM experiments WHERE experiment_id = 91", "s3://x/old/1"),
        ("SELECT artifact_location FROM experiments WHERE experiment_id = 0", "s3://new/0"),
        ("SELECT value FROM trace_tags WHERE key = 'note'", "/old/t"),
        ("SELECT value FROM trace_tags WHERE key = 'mlflow.artifactLocation'", "s3://new/t"),
    ] {
        assert_eq!(rows(&sandbox, "copy.db", query), [[expected.to_owned().into()]], "{query}");
    }
    let kept = "SELECT count(*) FROM runs WHERE artifact_uri NOT LIKE '/older/%'";
    assert_eq!(rows(&sandbox, "copy.db", kept), [[0.into()]]);
    let again = run(&sandbox, &[&arguments[..], &["--json"]].concat(), 0).json();
    assert_eq!(again.last().unwrap()["was_copied"], true);
    for wrong in ["nothing", "=b", "a="] {
        run(&sandbox, &["copy", "mlruns.db", "b.db", "--artifact-root", wrong], 64);
    }
}

#[test]
fn rows_that_fit_nowhere_are_left_out_once_and_again() {
    let sandbox = at_head();
    sandbox.sql(
        "PRAGMA foreign_keys = OFF;
         INSERT INTO tags (key, value, run_uuid) VALUES ('k', 'v', 'nowhere');
         INSERT INTO params (key, value, run_uuid)
         SELECT 'blob', CAST(x'c328' AS TEXT), min(run_uuid) FROM runs",
    );
    let found = sandbox.refused(&["copy", "mlruns.db", "copy.db"]);
    assert_snapshot!(found);
    let arguments = ["copy", "mlruns.db", "copy.db", "--skip-invalid"];
    let ran = run(&sandbox, &arguments, 0);
    assert!(ran.stdout.contains("  tags: 1 row left out\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("  params: 1 row left out\n"), "{}", ran.stdout);
    run(&sandbox, &["verify", "--deep", "copy.db"], 0);
    run(&sandbox, &arguments, 0);
    sandbox
        .sql("DELETE FROM tags WHERE run_uuid = 'nowhere'; DELETE FROM params WHERE key = 'blob'");
    assert_equal(&sandbox, "mlruns.db", "copy.db");
}
