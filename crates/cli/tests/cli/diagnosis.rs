//! What `doctor`, `verify`, `status` and `abort` say of files.

use crate::sandbox::{Ran, Sandbox};

const SOUND: i32 = 0;
const UNSOUND: i32 = 2;
const REFUSED: i32 = 25;
const NOTHING_TO_ABORT: i32 = 34;

fn at_head() -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    sandbox
}

#[track_caller]
fn assert_told(ran: &Ran, code: i32, lines: &[&str]) {
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    for line in lines {
        assert!(ran.stdout.contains(line), "no {line:?} in {}", ran.stdout);
    }
}

#[test]
fn a_sound_database_is_told_so() {
    let sandbox = at_head();
    for arguments in [&["verify", "mlruns.db"][..], &["verify", "--deep", "mlruns.db"]] {
        assert_told(&sandbox.run(arguments), SOUND, &["the database is sound"]);
    }
}

#[test]
fn a_latest_metric_that_is_not_the_newest_is_found_by_looking_deep() {
    let sandbox = at_head();
    sandbox.sql("UPDATE latest_metrics SET value = value + 1 WHERE rowid = 1");
    assert_told(&sandbox.run(&["verify", "mlruns.db"]), SOUND, &[]);
    let problem = "latest_metrics: 1 row wrong: not the newest entry of their run and metric";
    assert_told(&sandbox.run(&["verify", "--deep", "mlruns.db"]), UNSOUND, &[problem]);
}

#[test]
fn rows_that_do_not_fit_together_are_counted() {
    let sandbox = at_head();
    sandbox.sql(
        "PRAGMA foreign_keys = OFF; DELETE FROM latest_metrics WHERE rowid = 1; \
         INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) \
         VALUES ('m', 1, 1, 1, 0, 'nowhere')",
    );
    let lines = [
        "latest_metrics: 1 row whose row of runs does not exist",
        "latest_metrics: 1 row missing, for metrics that have entries",
        "latest_metrics: 1 row without any entry in metrics",
    ];
    assert_told(&sandbox.run(&["verify", "mlruns.db"]), UNSOUND, &lines);
    let json = sandbox.run(&["verify", "--json", "mlruns.db"]).json().pop().unwrap();
    assert_eq!(json["violations"].as_array().unwrap().len(), 3);
    assert_eq!(json["verdict"], "inconsistent");
}

#[test]
fn another_column_is_no_sound_schema_and_a_missing_index_is_told() {
    let sandbox = at_head();
    sandbox.sql("DROP INDEX index_latest_metrics_run_uuid");
    let index = "missing: latest_metrics: index index_latest_metrics_run_uuid";
    assert_told(&sandbox.run(&["verify", "mlruns.db"]), 0, &[index]);
    sandbox.sql("ALTER TABLE runs DROP COLUMN deleted_time");
    let column = "missing: runs: column deleted_time";
    assert_told(&sandbox.run(&["verify", "mlruns.db"]), UNSOUND, &[column, index]);
}

#[test]
fn a_doctor_tells_every_problem_and_changes_nothing() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--to=b7e2c1a4d9f3"]).code, 0);
    let healthy = sandbox.run(&["doctor", "mlruns.db"]);
    assert_told(&healthy, 0, &["no problem found; an upgrade can begin"]);
    sandbox.sql(
        "INSERT INTO issues (issue_id, experiment_id, name, description, status, categories, \
         created_timestamp, last_updated_timestamp) \
         VALUES ('i', 0, 'n', 'd', 'open', '{broken', 1, 1)",
    );
    let before = sandbox.files();
    let ran = sandbox.run(&["doctor", "mlruns.db"]);
    assert_told(&ran, REFUSED, &["at b7e2c1a4d9f3, 5 revisions to", "problem: ", "  hint: "]);
    assert!(sandbox.files() == before);
}

#[test]
fn a_file_never_has_an_unfinished_upgrade() {
    let sandbox = at_head();
    let status = sandbox.run(&["status", "mlruns.db"]);
    assert_told(&status, 0, &["no upgrade is in progress"]);
    let aborted = sandbox.run(&["abort", "mlruns.db"]);
    assert_eq!(aborted.code, NOTHING_TO_ABORT);
    assert!(aborted.stderr.contains("no upgrade is in progress"), "{}", aborted.stderr);
}

#[test]
fn a_doctor_warns_of_what_does_not_stop_an_upgrade() {
    let cases = [
        ("DROP INDEX index_latest_metrics_run_uuid", "differences", "mlflow-migrate repair URL"),
        (
            "PRAGMA foreign_keys = OFF; INSERT INTO tags (key, value, run_uuid) \
             VALUES ('k', 'v', 'nowhere')",
            "orphans",
            "mlflow-migrate verify URL",
        ),
    ];
    for (damage, kind, remedy) in cases {
        let sandbox = at_head();
        let healthy = sandbox.run(&["doctor", "mlruns.db", "--json"]).json().pop().unwrap();
        assert_eq!(healthy["warnings"], serde_json::json!([]), "{healthy}");
        sandbox.sql(damage);
        let ran = sandbox.run(&["doctor", "mlruns.db"]);
        assert_told(&ran, 0, &["warning: ", "  why: ", &format!("  fix: {remedy}")]);
        let told = sandbox.run(&["doctor", "mlruns.db", "--json"]).json().pop().unwrap();
        assert_eq!(told["warnings"][0]["warning"], kind, "{told}");
        assert_eq!(told["warnings"].as_array().unwrap().len(), 1, "{told}");
    }
}

#[test]
fn what_mlflows_own_upgrade_has_left_is_told_everywhere() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0-after-failed-mlflow-upgrade.db");
    let told = "MLflow's own upgrade stopped within ";
    for command in ["status", "check", "verify", "doctor", "plan"] {
        let ran = sandbox.run(&[command, "mlruns.db"]);
        assert!(ran.stdout.contains(told), "{command}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_watch_ends_at_once_if_nothing_runs() {
    let sandbox = at_head();
    let watched = sandbox.run(&["status", "--watch", "mlruns.db"]);
    assert_told(&watched, 0, &["no upgrade is in progress"]);
    assert_eq!(watched.stdout, sandbox.run(&["status", "mlruns.db"]).stdout);
}

#[test]
fn a_check_names_the_revisions_that_an_object_of_the_user_stops() {
    for (statement, object, revision, before) in [
        ("CREATE TABLE issues (a INT)", "extra: issues", "76601a5f987d", "e1f2a3b4c5d6"),
        (
            "ALTER TABLE runs ADD COLUMN deleted_time TEXT",
            "extra: runs: column deleted_time",
            "0c779009ac13",
            "bd07f7e963c5",
        ),
        (
            "CREATE INDEX index_params_run_uuid ON params (value)",
            "extra: params: index index_params_run_uuid (value)",
            "bd07f7e963c5",
            "c48cb773bb87",
        ),
    ] {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        sandbox.sql(statement);
        let told = format!("these prevent an upgrade:\n  {object}, whose name {revision} needs\n");
        assert_told(&sandbox.run(&["check", "mlruns.db"]), 1, &[&told]);
        assert_told(&sandbox.run(&["verify", "mlruns.db"]), SOUND, &[&told]);
        let json = sandbox.run(&["check", "--json", "mlruns.db"]).json().pop().unwrap();
        assert_eq!(json["clashes"][0]["revision"], revision);
        assert_eq!(json["extra"].as_array().unwrap().len(), 0);
        // What only later revisions need prevents nothing nearer.
        let nearer = sandbox.run(&["check", "mlruns.db", "--to", before]);
        assert_told(&nearer, 1, &[&format!("no fault:\n  {object}\n")]);
        assert!(!nearer.stdout.contains("prevent an upgrade"), "{}", nearer.stdout);
        let diagnosed = sandbox.run(&["doctor", "mlruns.db"]);
        assert!(diagnosed.stdout.contains(revision), "{}", diagnosed.stdout);
    }
}
