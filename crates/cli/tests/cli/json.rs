//! The JSON Lines: what was left out, and errors outside of the commands.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

const USAGE: i32 = 64;
const OUTPUT: i32 = 74;

/// An issue whose categories no migration can take over, and one with another obstacle.
pub(crate) const ISSUES: &str = "INSERT INTO issues (issue_id, experiment_id, name, description, status, \
     categories, created_timestamp, last_updated_timestamp) \
     VALUES ('i1', 0, 'n', 'd', 'open', '{broken', 1, 1), ('i2', 0, 'n', 'd', 'open', '[1]', 1, 1)";

/// The sandbox of a sample at a revision.
pub(crate) fn at(revision: &str) -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--to", revision]).code, 0);
    sandbox
}

#[test]
fn rows_that_were_left_out_are_in_the_result() {
    let omissions = json!([
        {
            "revision": "8b6ad64cb8f5",
            "table": "issues",
            "problem": "issues.categories is not a JSON list of strings",
            "row_count": 2,
            "examples": ["issue \"i1\"", "issue \"i2\""],
        }
    ]);
    for quiet in [&[][..], &["-q"]] {
        let sandbox = at("b7e2c1a4d9f3");
        sandbox.sql(ISSUES);
        let arguments = ["upgrade", "mlruns.db", "--json", "--skip-invalid", "--report", "report"];
        let ran = sandbox.run(&[&arguments[..], quiet].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let lines = ran.json();
        let events = lines.iter().filter(|line| line["event"] == "omitted").count();
        assert_eq!(events, usize::from(quiet.is_empty()), "{}", ran.stdout);
        assert_eq!(lines.last().unwrap()["omissions"], omissions);
        let report = std::fs::read_to_string(sandbox.path("report")).unwrap();
        let mut report: Value = serde_json::from_str(&report).unwrap();
        let mut last = ran.lines().pop().unwrap();
        (report["time"], last["time"]) = (Value::Null, Value::Null);
        assert_eq!(report, last);
    }
}

#[test]
fn rows_that_were_left_out_are_told() {
    let sandbox = at("b7e2c1a4d9f3");
    sandbox.sql(ISSUES);
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--skip-invalid"]);
    let rows = "2 rows of issues: issues.categories is not a JSON list of strings";
    let note = format!("note: left out {rows} (issue \"i1\", issue \"i2\")\n");
    assert!(ran.stderr.contains(&note), "{}", ran.stderr);
    assert!(ran.stdout.contains(&format!("\n  left out: {rows}\n")), "{}", ran.stdout);
}

#[test]
fn errors_outside_of_the_commands_are_json_too() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    for (arguments, code, kind) in [
        (&["upgrade", "--nonsense", "--json"][..], USAGE, "usage"),
        (&["--json", "downgrade"], USAGE, "usage"),
        (&["-q", "--json", "check", "a.db", "--lock-timeout", "soon"], USAGE, "usage"),
        (&["upgrade", "mlruns.db", "--report", "mlruns.db", "--json"], OUTPUT, "output"),
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert_eq!(ran.stderr.is_empty(), code == USAGE, "{}", ran.stderr);
        let lines = ran.json();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let told = (&lines[0]["event"], &lines[0]["kind"], &lines[0]["exit_code"]);
        assert_eq!(told, (&"error".into(), &kind.into(), &code.into()));
    }
}
