//! A build speaks to the databases of its cargo features, and says what it takes to speak to others.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

/// A URL under which there is nothing, the feature that it needs, and whether this build has it.
const URLS: [(&str, &str, bool); 3] = [
    ("sqlite:////no/such/folder/mlruns.db", "sqlite", cfg!(feature = "sqlite")),
    ("postgresql://me:secret@127.0.0.1:1/mlflow", "postgres", cfg!(feature = "postgres")),
    ("mysql+pymysql://me:secret@127.0.0.1:1/mlflow", "mysql", cfg!(feature = "mysql")),
];

#[test]
fn a_url_for_a_backend_that_was_left_out_names_the_feature() {
    const UNSUPPORTED: i32 = 11;
    const UNREACHABLE: i32 = 14;
    for (url, feature, is_built) in URLS {
        let output = Command::new(env!("CARGO_BIN_EXE_mlflow-migrate"))
            .env_clear()
            .args(["check", url])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let expected = if is_built { UNREACHABLE } else { UNSUPPORTED };
        assert_eq!(output.status.code(), Some(expected), "{url}: {told}");
        let names_it = told.contains(&format!("cargo feature `{feature}`"));
        assert_eq!(names_it, !is_built, "{url}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
}
