//! Each event of the JSON Schema comes from the program, and so does each key.

use std::collections::BTreeSet;
use std::time::Duration;

use mlflow_migrate_tests::json_schema::JsonSchema;
use serde_json::Value;

use crate::json::{ISSUES, at};
use crate::sandbox::{HEAD, Ran, Sandbox};

/// What only an upgrade without a transaction tells: `servers.rs` and the programs of `tests/` see it.
const OF_MYSQL: [&str; 5] = ["abort", "next", "operation", "rolled_back_steps", "steps_done"];

/// What only servers tell of a wait, of a phase, of what an unfinished upgrade has noted, of work while
/// MLflow runs, or of ids that they cannot store.
const OF_SERVERS: [&str; 22] = [
    "began_ms",
    "former_id",
    "is_measured",
    "new_id",
    "server_phase",
    "unfinished",
    "prepare",
    "cleanup",
    "cleaned",
    "pending_cleanup",
    "earlier_indexes",
    "index_name",
    "is_undone",
    "left_to_upgrade",
    "earlier_tables",
    "filled_tables",
    "new_columns",
    "preparable_columns",
    "preparable_indexes",
    "preparable_tables",
    "prepared_indexes",
    "prepared_tables",
];

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
            &["current", "mlruns.db", "--graph", "auth"],
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

    /// Leads a database back, and refuses to.
    fn downgrades(&mut self) {
        let sandbox = at("b7e2c1a4d9f3");
        sandbox.sql("INSERT INTO workspaces (name) VALUES ('other')");
        let downgrade = ["downgrade", "mlruns.db", "--to", "3.9"];
        self.run(&sandbox, &[&downgrade[..], &["--dry-run"]].concat());
        self.run(&sandbox, &downgrade);
        self.run(&sandbox, &[&downgrade[..], &["--discard"]].concat());
        sandbox.sql(
            "INSERT OR IGNORE INTO tags (key, value, run_uuid)
             SELECT 'mlflow.user', 'me', run_uuid FROM runs",
        );
        self.run(&sandbox, &["downgrade", "mlruns.db", "--to", "base"]);
    }

    /// Copies to another file, compares, and leaves rows out.
    fn copies(&mut self) {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        sandbox.sql(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO params (key, value, run_uuid) VALUES ('k', x'ff', 'nowhere')",
        );
        let copy = ["copy", "mlruns.db", "copy.db"];
        self.run(&sandbox, &[&copy[..], &["--dry-run"]].concat());
        self.run(&sandbox, &copy);
        let root = sandbox.connect().query_row(
            "SELECT artifact_location FROM experiments WHERE artifact_location <> '' LIMIT 1",
            [],
            |row| row.get::<_, String>(0),
        );
        let root = format!("{}=s3://new", root.unwrap());
        let options = ["--skip-invalid", "--to", "1.3", "--artifact-root", &root];
        self.run(&sandbox, &[&copy[..], &options].concat());
        self.run(&sandbox, &["copy", "copy.db", "same.db"]);
        self.run(&sandbox, &["copy", "copy.db", "same.db", "--verify-only"]);
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
#[test]
fn every_event_and_key_of_the_schema_is_seen() {
    let mut seen = Seen::default();
    seen.readers();
    seen.rows();
    seen.damage();
    seen.downgrades();
    seen.copies();
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
