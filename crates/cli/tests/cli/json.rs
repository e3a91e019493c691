//! The JSON Lines: each event of the schema comes from the program, and so does each key.

use std::collections::BTreeSet;
use std::time::Duration;

use mlflow_migrate_tests::json_schema::JsonSchema;
use serde_json::{Value, json};

use crate::sandbox::{HEAD, Ran, Sandbox};

const USAGE: i32 = 64;
const OUTPUT: i32 = 74;

/// What only an upgrade without a transaction tells: `servers.rs` and the programs of `tests/` see it.
const OF_MYSQL: [&str; 5] = ["abort", "next", "operation", "rolled_back_steps", "steps_done"];

/// What only servers tell of a wait, of a phase, or of what an unfinished upgrade has noted.
const OF_SERVERS: [&str; 4] = ["began_ms", "is_measured", "server_phase", "unfinished"];

/// An issue whose categories no migration can take over, and one with another obstacle.
const ISSUES: &str = "INSERT INTO issues (issue_id, experiment_id, name, description, status, \
     categories, created_timestamp, last_updated_timestamp) \
     VALUES ('i1', 0, 'n', 'd', 'open', '{broken', 1, 1), ('i2', 0, 'n', 'd', 'open', '[1]', 1, 1)";

/// The sandbox of a sample at a revision.
fn at(revision: &str) -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--to", revision]).code, 0);
    sandbox
}

#[derive(Default)]
struct Seen {
    events: BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Seen {
    fn run(&mut self, sandbox: &Sandbox, arguments: &[&str]) -> Ran {
        let ran = sandbox.run(&[arguments, &["--json"]].concat());
        self.add(&ran);
        ran
    }

    fn add(&mut self, ran: &Ran) {
        let lines = ran.lines();
        assert!(!lines.is_empty(), "{}", ran.stderr);
        for line in &lines {
            self.events.insert(line["event"].as_str().unwrap().to_owned());
            self.keys_of(line);
        }
    }

    fn keys_of(&mut self, value: &Value) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    self.keys.insert(key.clone());
                    // Its keys are the names of tables.
                    if key != "copies" {
                        self.keys_of(value);
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.keys_of(value)),
            _ => {}
        }
    }

    /// Reads only, or changes what an error leaves as it is.
    fn readers(&mut self) {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        for arguments in [
            &["current", "mlruns.db"][..],
            &["history", "mlruns.db"],
            &["check", "mlruns.db", "--to", "1.3.0"],
            &["status", "mlruns.db"],
            &["doctor", "mlruns.db"],
            &["estimate", "mlruns.db"],
            &["plan", "mlruns.db", "--sql", "--to", "1.15"],
            &["sql", "--dialect", "mysql8", "--from", "1.2", "--to", "1.3"],
            &["show", "1.3", "--dialect", "sqlite"],
            &["completions", "bash"],
            &["man"],
        ] {
            self.run(&sandbox, arguments);
        }
        let interrupted = Sandbox::with_sample("mlruns-1.2.0-after-failed-mlflow-upgrade.db");
        self.run(&interrupted, &["check", "mlruns.db"]);
        let unstamped = Sandbox::with_sample("mlruns-1.2.0.db");
        unstamped.sql("UPDATE alembic_version SET version_num = 'theirs'");
        self.run(&unstamped, &["current", "mlruns.db", "--assume", "7ac759974ad8"]);
        unstamped.sql(&format!("UPDATE alembic_version SET version_num = '{HEAD}'"));
        self.run(&unstamped, &["check", "mlruns.db"]);
    }

    /// Refuses rows, leaves them out, and restores what was before.
    fn rows(&mut self) {
        let sandbox = at("b7e2c1a4d9f3");
        sandbox.sql(ISSUES);
        self.run(&sandbox, &["doctor", "mlruns.db"]);
        self.run(&sandbox, &["upgrade", "mlruns.db"]);
        self.run(&sandbox, &["upgrade", "mlruns.db", "--skip-invalid", "--backup"]);
        self.run(&sandbox, &["restore", "mlruns.db"]);
    }

    /// Finds damage, and repairs it.
    fn damage(&mut self) {
        let sandbox = at("head");
        sandbox.sql(
            "PRAGMA foreign_keys = OFF; DROP INDEX index_params_run_uuid;
             CREATE TABLE _alembic_tmp_runs (a INTEGER);
             DELETE FROM latest_metrics WHERE rowid = 1;
             INSERT INTO tags (key, value, run_uuid) VALUES ('k', 'v', 'nowhere')",
        );
        self.run(&sandbox, &["doctor", "mlruns.db"]);
        sandbox.sql("ALTER TABLE runs DROP COLUMN source_name");
        self.run(&sandbox, &["verify", "mlruns.db"]);
        self.run(&sandbox, &["diff", "mlruns.db"]);
        self.run(&sandbox, &["upgrade", "mlruns.db"]);
        self.run(&sandbox, &["repair", "mlruns.db"]);
        self.run(&sandbox, &["stamp", "1.2.0", "mlruns.db"]);
    }

    /// Waits for a file, and for a server that is not there.
    fn waits(&mut self) {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        let other = sandbox.connect();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        std::thread::scope(|scope| {
            let upgrade = scope.spawn(|| {
                sandbox.run(&["upgrade", "mlruns.db", "--lock-timeout", "30s", "--json"])
            });
            std::thread::sleep(Duration::from_millis(300));
            other.execute_batch("ROLLBACK").unwrap();
            self.add(&upgrade.join().unwrap());
        });
        let nobody = "postgresql://mlflow@127.0.0.1:1/mlflow";
        self.run(&sandbox, &["upgrade", nobody, "--retry-for", "1s"]);
    }
}

/// A definition that nothing produces is dead, or lacks its test here.
#[cfg(feature = "postgres")]
#[test]
fn every_event_and_key_of_the_schema_is_seen() {
    let mut seen = Seen::default();
    seen.readers();
    seen.rows();
    seen.damage();
    seen.waits();
    let schema = JsonSchema::get().unwrap();
    let mut unseen: BTreeSet<String> = schema.events().into_iter().collect();
    let definitions = schema.definitions();
    unseen.extend(definitions.keys().filter_map(|it| it.strip_prefix("key.").map(str::to_owned)));
    let elsewhere: BTreeSet<String> =
        OF_MYSQL.iter().chain(&OF_SERVERS).map(|it| (*it).to_owned()).collect();
    unseen.retain(|name| !seen.events.contains(name) && !seen.keys.contains(name));
    assert_eq!(unseen, elsewhere);
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
