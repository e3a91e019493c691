//! `repair`, `stamp` and `diff` as people see them.

use insta::assert_snapshot;

use crate::sandbox::{HEAD, Ran, Sandbox};

/// At head, without one index, with one wrong and one missing row, and with an object of the user's.
fn drifted() -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    sandbox.sql(
        "DROP INDEX index_params_run_uuid; CREATE INDEX own ON params (value);
         DROP TRIGGER prevent_secrets_aad_mutation;
         UPDATE latest_metrics SET value = 7 WHERE rowid = (SELECT min(rowid) FROM latest_metrics);
         DELETE FROM latest_metrics WHERE rowid = (SELECT max(rowid) FROM latest_metrics)",
    );
    sandbox
}

/// The result without the time that it took.
fn without_times(ran: &Ran) -> String {
    let words = ran.stdout.split(" in 0.").enumerate().map(|(part, text)| match part {
        0 => text.to_owned(),
        _ => format!(" in [time]{}", text.trim_start_matches(|one: char| one.is_ascii_digit())),
    });
    words.collect()
}

#[test]
fn a_repair_is_shown_first_and_then_done() {
    let sandbox = drifted();
    assert_snapshot!(sandbox.run(&["check", "mlruns.db"]).stdout);
    assert_snapshot!(sandbox.run(&["verify", "--deep", "mlruns.db"]).stdout);
    let before = sandbox.files();
    let shown = sandbox.run(&["repair", "mlruns.db", "--dry-run"]);
    assert_eq!((shown.code, sandbox.files() == before), (0, true));
    assert_snapshot!(shown.stdout);
    let done = sandbox.run(&["repair", "mlruns.db", "-q"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_snapshot!(without_times(&done));
    assert_eq!(sandbox.run(&["verify", "--deep", "mlruns.db"]).code, 0);
    let again = sandbox.run(&["repair", "mlruns.db"]);
    assert_eq!(
        (again.code, again.stdout),
        (0, format!("mlruns.db: at {HEAD}, nothing to repair\n"))
    );
}

#[test]
fn a_repair_is_told_in_json() {
    let sandbox = drifted();
    sandbox.sql("ALTER TABLE runs DROP COLUMN source_name");
    let ran = sandbox.run(&["repair", "mlruns.db", "--json"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let lines = ran.json();
    let of = |event: &str| lines.iter().find(|line| line["event"] == event).unwrap();
    assert_eq!(of("repairing")["revision"], HEAD);
    let result = of("repair");
    assert_eq!(result["is_dry_run"], false);
    assert_eq!(result["remaining"][0]["object"], "column source_name");
    let kinds = result["repairs"].as_array().unwrap().iter().map(|one| one["repair"].as_str());
    let kinds: Vec<&str> = kinds.map(Option::unwrap).collect();
    assert_eq!(kinds, ["object", "object", "rows", "rows"]);
    assert_eq!(
        result["step_titles"].as_array().unwrap().len(),
        result["steps"].as_array().unwrap().len()
    );
}

#[test]
fn a_version_is_stamped_where_the_schema_is_its_own() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    sandbox.sql("UPDATE alembic_version SET version_num = 'v3.0.0.d'");
    assert_snapshot!(sandbox.refused(&["upgrade", "mlruns.db"]));
    let refused = sandbox.run(&["stamp", "451aebb31d03", "mlruns.db"]);
    assert_eq!(refused.code, 2);
    assert_snapshot!(refused.stdout);
    let stamped = sandbox.run(&["stamp", "1.2.0", "mlruns.db"]);
    assert_eq!(stamped.code, 0);
    assert_snapshot!(stamped.stdout);
    let forced = sandbox.run(&["stamp", "451aebb31d03", "mlruns.db", "--force"]);
    assert_eq!(forced.code, 0);
    assert_snapshot!(forced.stdout);
    let json = sandbox.run(&["stamp", "base", "mlruns.db", "--json"]).json();
    assert_eq!((&json[0]["event"], &json[0]["is_stamped"]), (&"stamp".into(), &false.into()));
}

#[test]
fn schemas_are_compared() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    std::fs::copy(sandbox.path("mlruns.db"), sandbox.path("other.db")).unwrap();
    sandbox.sql("CREATE INDEX own ON runs (name); ALTER TABLE runs DROP COLUMN source_name");
    for other in [&["other.db"][..], &["sqlite:///other.db"], &["1.2.0"], &[]] {
        let ran = sandbox.run(&[&["diff", "mlruns.db"], other].concat());
        assert_eq!(ran.code, 2, "{other:?}: {}", ran.stderr);
        let lines: Vec<&str> = ran.stdout.lines().skip(1).collect();
        let expected = ["  missing: runs: column source_name", "  extra: runs: index own (name)"];
        assert_eq!(lines, expected, "{other:?}");
    }
    assert_snapshot!(sandbox.run(&["diff", "mlruns.db", "1.2.0"]).stdout);
    assert_snapshot!(sandbox.run(&["diff", "other.db"]).stdout);
    assert_snapshot!(sandbox.refused(&["diff", "mlruns.db", "mysql://root@host/mlflow"]));
    let mistyped = sandbox.run(&["diff", "mlruns.db", "othr.db"]);
    assert_eq!(mistyped.code, sandbox.run(&["diff", "mlruns.db", "no-revision"]).code);
    assert!(mistyped.stderr.contains("no file, revision or MLflow release is called othr.db"));
    let json = sandbox.run(&["diff", "mlruns.db", "other.db", "--json"]).json();
    assert_eq!((&json[0]["event"], &json[0]["against"]), (&"diff".into(), &"other.db".into()));
}
