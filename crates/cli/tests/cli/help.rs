//! The help texts.

use crate::sandbox::Sandbox;

const COMMANDS: [&str; 14] = [
    "upgrade", "plan", "check", "current", "history", "estimate", "doctor", "verify", "status",
    "diff", "repair", "stamp", "abort", "restore",
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
