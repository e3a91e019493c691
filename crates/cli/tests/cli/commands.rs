//! Every command on databases that MLflow made.

use crate::sandbox::{HEAD, Ran, Sandbox};
use insta::assert_snapshot;

/// Times and sizes differ from run to run.
fn settled(text: &str) -> String {
    let mut settings = String::new();
    for line in text.lines() {
        let mut words: Vec<&str> = line.split(' ').collect();
        for at in 1..words.len() {
            if matches!(words[at].trim_end_matches(','), "s" | "KiB" | "MiB") {
                words[at - 1] = "…";
            }
        }
        settings += &words.join(" ");
        settings.push('\n');
    }
    settings
}

#[test]
fn every_sample_reaches_the_head() {
    for sample in [
        "mlruns-0.9.1.db",
        "mlruns-1.2.0.db",
        "mlruns-1.2.0-nan-tie.db",
        "mlruns-1.2.0-after-failed-mlflow-upgrade.db",
    ] {
        let sandbox = Sandbox::with_sample(sample);
        let ran = sandbox.run(&["upgrade", "sqlite:///mlruns.db"]);
        assert_eq!(ran.code, 0, "{sample}: {}", ran.stderr);
        assert!(ran.stdout.contains("fits:     MLflow 3.18.x"), "{}", ran.stdout);
        let checked = sandbox.run(&["check", "mlruns.db"]);
        assert_eq!(checked.code, 0, "{sample}: {}", checked.stdout);
    }
}

#[test]
fn an_upgrade_tells_each_step_and_a_summary() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--to", "1.7"]);
    assert_snapshot!(settled(&ran.untimed()));
    assert_snapshot!(settled(&ran.stdout));
    let again = sandbox.run(&["upgrade", "mlruns.db", "--to", "1.7"]);
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
    assert_snapshot!(settled(&again.stdout));
}

#[test]
fn a_quiet_upgrade_tells_the_summary_only() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let ran = sandbox.run(&["--quiet", "upgrade", "mlruns.db", "--backup"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.starts_with("mlruns.db: upgraded"), "{}", ran.stdout);
    let quiet_json = sandbox.run(&["-q", "--json", "upgrade", "mlruns.db"]);
    assert_eq!(quiet_json.json().len(), 1);
}

#[test]
fn json_has_every_event_and_the_report() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let lines = ran.json();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events.first(), Some(&"planned"));
    assert!(events.contains(&"step_started") && events.contains(&"step_finished"));
    assert_eq!(&events[events.len() - 2..], ["verified", "finished"]);
    let report = lines.last().unwrap();
    assert_eq!(report["database"], "mlruns.db");
    assert_eq!(report["from"], "7ac759974ad8");
    assert_eq!(report["to"], HEAD);
    assert_eq!(report["releases"], serde_json::json!(["3.18.x"]));
    assert_eq!(report["revisions"].as_array().unwrap().len(), 65);
}

#[test]
fn a_missing_database_is_created() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["upgrade", "--create", "sqlite:///new%20one.db", "--to", "2.9.2"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_snapshot!(settled(&ran.stdout));
    let current = sandbox.run(&["current", "new one.db"]);
    assert_snapshot!(current.stdout);
}

#[test]
fn a_backup_is_the_database_before() {
    let sandbox = Sandbox::with_sample("mlruns-0.9.1.db");
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--backup=before.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("backup:   before.db"), "{}", ran.stdout);
    assert!(sandbox.run(&["current", "before.db"]).stdout.starts_with("base "));
    let sandbox_of_option = Sandbox::with_sample("mlruns-0.9.1.db");
    let ran = sandbox_of_option.run(&["upgrade", "mlruns.db", "--backup-to", "before.db"]);
    assert!(ran.stdout.contains("backup:   before.db"), "{}", ran.stdout);
    let again = sandbox.run(&["upgrade", "mlruns.db", "--backup"]);
    assert_eq!(again.stderr, "note: no backup: there is nothing to upgrade\n");
    assert_eq!(sandbox.files().len(), 2);
}

#[test]
fn a_backup_without_a_name_is_beside_the_database() {
    let sandbox = Sandbox::with_sample("mlruns-0.9.1.db");
    assert_eq!(sandbox.run(&["upgrade", "--backup", "mlruns.db"]).code, 0);
    let names: Vec<String> = sandbox.files().into_keys().collect();
    assert_eq!(names.len(), 2);
    assert!(names[1].starts_with("mlruns.db.2") && names[1].ends_with("Z.backup"), "{names:?}");
}

#[test]
fn an_upgrade_into_a_new_file_leaves_the_source() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let before = sandbox.files();
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--into", "new.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_snapshot!(settled(&ran.stdout));
    let mut after = sandbox.files();
    assert!(after.remove("new.db").is_some());
    assert!(after == before);
    assert_eq!(sandbox.run(&["check", "new.db"]).code, 0);
}

#[test]
fn current_tells_where_a_database_is() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_snapshot!(sandbox.run(&["current", "mlruns.db"]).stdout);
    assert_snapshot!(sandbox.run(&["current", "mlruns.db", "--json"]).json()[0].to_string());
    let base = Sandbox::with_sample("mlruns-0.9.1.db");
    assert_snapshot!(base.run(&["current", "mlruns.db"]).stdout);
}

#[test]
fn history_lists_every_revision_and_marks_the_databases() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let plain = sandbox.run(&["history"]).stdout;
    assert_eq!(plain.lines().count(), 71);
    assert!(plain.lines().next().unwrap().contains(HEAD));
    let marked = sandbox.run(&["history", "mlruns.db"]).stdout;
    let marks: Vec<&str> = marked.lines().filter(|line| line.starts_with('*')).collect();
    assert_snapshot!(marks.join("\n"));
    let json = sandbox.run(&["history", "--json"]).json();
    assert_eq!(json[0]["history"].as_array().unwrap().len(), 70);
}

#[test]
fn looking_changes_nothing() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let before = sandbox.files();
    for command in ["plan", "estimate", "current", "history", "check"] {
        let ran = sandbox.run(&[command, "mlruns.db"]);
        assert_eq!(ran.code, i32::from(command == "check"), "{command}: {}", ran.stderr);
        assert!(sandbox.files() == before, "{command}");
        assert!(!ran.stdout.is_empty());
    }
}

#[test]
fn a_plan_tells_each_step() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_snapshot!(sandbox.run(&["plan", "mlruns.db", "--to", "1.7"]).stdout);
    let with_sql = sandbox.run(&["plan", "mlruns.db", "--to", "+1", "--sql"]).stdout;
    assert!(with_sql.contains("CREATE TABLE latest_metrics"), "{with_sql}");
    let plan = &sandbox.run(&["plan", "mlruns.db", "--json"]).json()[0];
    assert_eq!(plan["event"], "plan");
    assert_eq!(plan["planned_steps"][0]["method"]["summary"], "create");
}

#[test]
fn an_estimate_answers_mlflows_questions() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let estimate = sandbox.run(&["estimate", "mlruns.db", "--no-calibration"]).stdout;
    assert_snapshot!(settled(&estimate));
    let measured = sandbox.run(&["estimate", "mlruns.db"]).stdout;
    let without_times = |line: &&str| {
        !["takes", "time in", "checks", "all other steps", "measured"]
            .iter()
            .any(|word| line.trim_start().starts_with(word))
    };
    let rest: Vec<&str> = measured.lines().filter(without_times).collect();
    assert_eq!(measured.lines().count(), rest.len() + 6 + 4, "{measured}");
    assert!(measured.contains("measured on samples of"), "{measured}");
    let json = &sandbox.run(&["estimate", "mlruns.db", "--no-calibration", "--json"]).json()[0];
    assert_snapshot!(serde_json::to_string_pretty(json).unwrap());
    let estimate = &sandbox.run(&["estimate", "mlruns.db", "--json"]).json()[0];
    assert!(estimate["predicted_seconds"]["expected"].as_f64().unwrap() > 0.0);
    assert_eq!(estimate["calibration"]["outcome"], "measured");
    let metrics = serde_json::json!(
        {"entries": 4800, "pairs": 96, "runs": 24, "entries_per_pair": 50.0}
    );
    assert_eq!(estimate["metrics"], metrics);
    assert!(estimate["costs"][0]["read"]["bytes"].as_u64().unwrap() >= 4096);
}

#[test]
fn check_tells_head_behind_and_drift_apart() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let behind = sandbox.run(&["check", "mlruns.db"]);
    assert_eq!(behind.code, 1);
    assert_snapshot!(behind.stdout);

    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    sandbox.sql("CREATE TABLE mine (id INTEGER); CREATE INDEX mine_too ON runs (name)");
    let head = sandbox.run(&["check", "mlruns.db"]);
    assert_eq!(head.code, 0);
    assert_snapshot!(head.stdout);

    sandbox.sql("DROP INDEX index_metrics_run_uuid; ALTER TABLE runs DROP COLUMN deleted_time");
    let drift = sandbox.run(&["check", "mlruns.db"]);
    assert_eq!(drift.code, 2);
    assert_snapshot!(drift.stdout);
    assert_eq!(sandbox.run(&["check", "mlruns.db", "--json"]).json()[0]["verdict"], "drifted");
}

/// A container that waits for its database asks whether it fits the MLflow beside it.
#[test]
fn check_compares_with_a_target() {
    const NEWER: i32 = 13;
    const UNKNOWN: i32 = 12;
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    for (target, code, said) in [
        ("1.2.0", 0, "at 7ac759974ad8 (MLflow 1.2.x), which is the target"),
        ("mlflow==1.2.x", 0, "which is the target"),
        ("+0", 0, "which is the target"),
        ("1.3.0", 1, "1 revision behind 89d4b8295536 (MLflow 1.3.x)"),
        ("head", 1, "65 revisions behind "),
        ("1.0.0", NEWER, "the database is at 7ac759974ad8, which is newer than 90e64c465722"),
        ("9.9", UNKNOWN, "MLflow 9.9 is not known"),
    ] {
        let ran = sandbox.run(&["check", "mlruns.db", "--to", target]);
        assert_eq!(ran.code, code, "{target}: {}{}", ran.stdout, ran.stderr);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(said), "{target}: {ran:?}");
    }
    let json = sandbox.run(&["check", "mlruns.db", "--to", "1.3.0", "--json"]).json();
    assert_eq!(json[0]["verdict"], "behind");
    assert_eq!(json[0]["target"]["due"], serde_json::json!(["89d4b8295536"]));
    sandbox.sql("ALTER TABLE runs DROP COLUMN name");
    assert_eq!(sandbox.run(&["check", "mlruns.db", "--to", "1.2.0"]).code, 2);
    assert_eq!(sandbox.run(&["check", "none.db", "--to", "1.2.0"]).code, 14);
}

#[test]
fn an_unstamped_database_is_upgraded_from_what_the_user_says() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    sandbox.sql("DROP TABLE alembic_version");
    assert_eq!(sandbox.run(&["check", "mlruns.db", "--assume", "1.2"]).code, 1);
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--assume", "7ac759974ad8"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(sandbox.run(&["check", "mlruns.db"]).code, 0);
}

#[test]
fn the_environment_names_the_database() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let mut command = sandbox.command(&["current"]);
    command.env("MLFLOW_BACKEND_STORE_URI", "sqlite:///mlruns.db");
    command.env("MLFLOW_TRACKING_URI", "http://localhost:5000");
    let ran = crate::sandbox::Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stderr, "note: using sqlite:///mlruns.db from MLFLOW_BACKEND_STORE_URI\n");

    let mut command = sandbox.command(&["current"]);
    command.env("MLFLOW_TRACKING_URI", "http://localhost:5000");
    assert_snapshot!(crate::sandbox::Ran::from(command.output().unwrap()).stderr);
}

#[test]
fn a_report_is_written_beside_the_text() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let arguments = ["upgrade", "mlruns.db", "--to", "2.9.2", "--report", "report.json"];
    for expected in ["7ac759974ad8", "acf3f17fdcc7"] {
        let ran = sandbox.run(&arguments);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let text = std::fs::read_to_string(sandbox.path("report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["event"], "finished");
        assert_eq!(report["from"], expected);
        assert_eq!(report["to"], "acf3f17fdcc7");
    }
    let behind = sandbox.run(&["upgrade", "mlruns.db", "--to", "1.2.0", "--report", "report.json"]);
    assert_eq!(behind.code, 13);
    let text = std::fs::read_to_string(sandbox.path("report.json")).unwrap();
    assert!(text.contains("\"target_behind\""), "{text}");
}

#[test]
fn a_report_replaces_nothing_but_a_report() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let told = sandbox.refused(&["upgrade", "mlruns.db", "--report", "mlruns.db"]);
    assert!(told.contains("the file exists, and holds no report"), "{told}");
    assert!(told.ends_with("-> 74\n"), "{told}");
}

/// Writes the metadata of an installed package, and returns a command for its environment.
fn with_installed(sandbox: &Sandbox, package: &str, version: &str, arguments: &[&str]) -> Ran {
    let folder = sandbox.path(&format!("site/{package}-{version}.dist-info"));
    std::fs::create_dir_all(&folder).unwrap();
    let metadata = format!("Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n");
    std::fs::write(folder.join("METADATA"), metadata).unwrap();
    let mut command = sandbox.command(arguments);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("PYTHONPATH", sandbox.path("site")).env("HOME", sandbox.path("."));
    Ran::from(command.output().unwrap())
}

#[test]
fn the_installed_mlflow_is_a_target() {
    for package in ["mlflow", "mlflow-skinny"] {
        for arguments in [&["--to", "mlflow"][..], &["--for", "python3"]] {
            let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
            let upgrade = [&["upgrade", "mlruns.db"], arguments].concat();
            let ran = with_installed(&sandbox, package, "2.9.2", &upgrade);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            assert!(ran.stderr.contains("note: the installed MLflow is 2.9.2"), "{}", ran.stderr);
            assert!(ran.stdout.contains("MLflow 2.8.x to 2.12.x"), "{}", ran.stdout);
            let check = [&["check", "mlruns.db"], arguments].concat();
            assert_eq!(with_installed(&sandbox, package, "2.9.2", &check).code, 0);
        }
    }
}

#[test]
fn an_installation_that_is_not_there_is_no_target() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let told = [
        sandbox.refused(&["upgrade", "mlruns.db", "--for", "./no-such-python"]),
        sandbox.refused(&["upgrade", "mlruns.db", "--to", "mlflow"]),
        sandbox.refused(&["upgrade", "mlruns.db", "--for", "/bin/false"]),
    ];
    assert_snapshot!(told.join("\n"));
}
