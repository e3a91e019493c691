//! The help texts.

use crate::sandbox::Sandbox;

const COMMANDS: [&str; 11] = [
    "upgrade", "plan", "check", "current", "history", "estimate", "doctor", "verify", "status",
    "abort", "restore",
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
        insta::assert_snapshot!(format!("help_{command}"), help(&[command, "--help"]));
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
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, 64, "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}
