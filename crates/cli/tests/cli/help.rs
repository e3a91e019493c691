//! The help texts.

use crate::sandbox::Sandbox;

const COMMANDS: [&str; 22] = [
    "upgrade",
    "plan",
    "check",
    "current",
    "history",
    "estimate",
    "doctor",
    "verify",
    "status",
    "abort",
    "downgrade",
    "restore",
    "completions",
    "man",
    "sql",
    "show",
    "diff",
    "prepare",
    "cleanup",
    "repair",
    "stamp",
    "copy",
];

#[test]
fn every_command_has_its_help() {
    let help = |arguments: &[&str]| {
        let ran = Sandbox::new().run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        ran.stdout
    };
    insta::assert_snapshot!("help", help(&["--help"]));
    for command in COMMANDS {
        let text = help(&[command, "--help"]);
        assert_eq!(help(&["help", command]), text);
        insta::assert_snapshot!(format!("help_{command}"), text);
    }
}

#[test]
fn what_is_not_understood_is_a_usage_error() {
    let sandbox = Sandbox::new();
    for arguments in [
        &["downgrade"][..],
        &[],
        &["upgrade", "--nonsense"],
        &["upgrade", "a.db", "b.db"],
        &["upgrade", "a.db", "--into", "b.db", "--backup"],
        &["check", "a.db", "--lock-timeout", "soon"],
        &["check", "a.db", "--lock-timeout", "0.5"],
        &["check", "a.db", "--lock-timeout", "1500ms"],
        &["upgrade", "a.db", "--retry-for", "-1"],
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, 64, "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn durations_have_units() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    for duration in ["0", "7", "7s", "1m 30s", "2min", "1h"] {
        let arguments = ["check", "mlruns.db", "--lock-timeout", duration, "--lock-wait", duration];
        assert_eq!(sandbox.run(&arguments).code, 1, "{duration}");
    }
}

#[test]
fn words_of_other_tools_get_an_answer() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let told = [
        sandbox.refused(&["heads"]),
        sandbox.refused(&["version"]),
        sandbox.refused(&["migrate", "mlruns.db"]),
        sandbox.refused(&["upgrade", "mlruns.db", "--dry-run"]),
    ];
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn the_version_names_releases_and_databases() {
    let sandbox = Sandbox::new();
    let long = sandbox.run(&["--version"]).stdout;
    let expected = [
        &format!("mlflow-migrate {}", env!("CARGO_PKG_VERSION")),
        "MLflow: 0.9.1 to 3.18.0",
        "head: f4a9b2c7d1e6",
    ];
    let lines: Vec<&str> = long.lines().collect();
    assert_eq!(lines[..3], expected);
    assert!(lines[3].starts_with("databases: sqlite"), "{long}");
    assert_eq!(sandbox.run(&["-V"]).stdout.lines().count(), 1);
}

#[test]
fn colors_are_chosen() {
    let sandbox = Sandbox::new();
    let has_colors = |arguments: &[&str]| sandbox.run(arguments).stderr.contains('\u{1b}');
    assert!(!has_colors(&["check", "missing.db"]));
    assert!(has_colors(&["check", "missing.db", "--color", "always"]));
    assert!(!has_colors(&["check", "missing.db", "--color", "never"]));
}

#[test]
fn completions_and_pages_are_written() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox.run(&["completions", shell]);
        assert_eq!((script.code, script.stderr.as_str()), (0, ""));
        assert!(script.stdout.contains("mlflow-migrate"), "{shell}");
        assert!(script.stdout.contains("downgrade"), "{shell}");
    }
    let page = sandbox.run(&["man"]).stdout;
    assert!(page.contains(".TH mlflow-migrate 1"), "{page}");
    std::fs::create_dir(sandbox.path("man1")).unwrap();
    assert_eq!(sandbox.run(&["man", "--pages", "man1"]).code, 0);
    let pages = std::fs::read_dir(sandbox.path("man1")).unwrap().count();
    assert!(pages > 10, "{pages}");
}
