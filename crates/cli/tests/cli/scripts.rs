//! `sql`, `plan --sql` and `show`.

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

const TARGET: i32 = 12;

#[test]
fn a_script_needs_no_database() {
    let sandbox = Sandbox::new();
    let arguments = ["sql", "--dialect", "postgres", "--from", "1.2", "--to", "1.3"];
    let script = sandbox.run(&arguments).stdout;
    assert!(script.contains("\\set ON_ERROR_STOP on\nBEGIN;"), "{script}");
    assert!(script.contains("CREATE TABLE \"latest_metrics\""), "{script}");
    let json = &sandbox.run(&[&arguments[..], &["--json"]].concat()).json()[0];
    assert_eq!(json["event"], "sql");
    assert_eq!(json["dialect"], "postgres");
    assert_eq!((&json["part"], &json["parts"]), (&1.into(), &1.into()));
    assert_eq!((&json["from"], &json["to"]), (&"7ac759974ad8".into(), &"89d4b8295536".into()));
    assert_eq!(json["script"], script.as_str());
}

#[test]
fn parts_name_the_command_between_them() {
    let sandbox = Sandbox::new();
    let part = |number: &str| {
        let to = ["--from", "17e22815139b", "--to", "dc11669786a5", "--part", number];
        sandbox.run(&[&["sql", "--dialect", "sqlite"][..], &to].concat())
    };
    let header = |text: &str| {
        let lines = text.lines().take_while(|line| line.starts_with("--"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let (first, second, third) = (part("1").stdout, part("2").stdout, part("3"));
    let last = first.lines().last().unwrap();
    assert_snapshot!(format!("{}\n\n{last}\n\n{}", header(&first), header(&second)));
    assert_eq!(third.code, TARGET);
    assert_snapshot!(third.stderr);
    let only_program = ["--from", "b7e2c1a4d9f3", "--to", "75868b020152"];
    let refused = sandbox.run(&[&["sql", "--dialect", "mysql8"][..], &only_program].concat());
    assert_eq!(refused.code, TARGET);
    assert_snapshot!(refused.stderr);
}

#[test]
fn every_dialect_gets_a_script_from_empty_to_head() {
    let sandbox = Sandbox::new();
    for dialect in ["mysql5.7", "mysql8", "mariadb", "postgres", "sqlite"] {
        let ran = sandbox.run(&["sql", "--dialect", dialect, "--from", "empty"]);
        assert_eq!(ran.code, 0, "{dialect}: {}", ran.stderr);
        assert!(ran.stdout.contains("skill"), "{dialect}");
    }
}

#[test]
fn a_live_plan_becomes_a_script_too() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let before = sandbox.files();
    sandbox.sql("ALTER TABLE metrics ADD COLUMN mine INTEGER");
    let script = sandbox.run(&["plan", "mlruns.db", "--to", "1.15", "--sql"]).stdout;
    assert!(script.contains("mine INTEGER"), "{script}");
    let json = &sandbox.run(&["plan", "mlruns.db", "--to", "1.15", "--sql", "--json"]).json()[0];
    assert_eq!(json["event"], "plan");
    assert_eq!(json["sql"]["script"], script.as_str());
    assert_eq!(json["sql"]["dialect"], "sqlite");
    assert!(sandbox.files().len() == before.len());
    assert!(sandbox.run(&["plan", "mlruns.db", "--json"]).json()[0]["sql"].is_null());
}

#[test]
fn a_revision_is_shown() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["show", "451aebb31d03"]).stdout);
    assert_snapshot!(sandbox.run(&["show", "cfd24bdc0731", "--dialect", "mysql8"]).stdout);
    assert_snapshot!(sandbox.run(&["show", "8b6ad64", "--dialect", "postgres"]).stdout);
    let json = &sandbox.run(&["show", "1.3", "--dialect", "sqlite", "--json"]).json()[0];
    assert_eq!(json["event"], "show");
    assert_eq!(json["revision"], "89d4b8295536");
    assert_eq!(json["parents"], serde_json::json!(["7ac759974ad8"]));
    assert_eq!(json["dialect_sql"]["dialect"], "sqlite");
    assert_eq!(sandbox.run(&["show", "base"]).code, TARGET);
}
