//! Which file a URL or a path means, and that the user is told of a new one.

use std::fs;

use crate::sandbox::{HEAD, Sandbox};

const URL: i32 = 10;

/// A URL ends its path at a `?`, as SQLAlchemy has it: what follows is never dropped without a word.
#[test]
fn no_file_is_made_under_the_beginning_of_its_name() {
    for name in ["q2?x=1.db", "q2?x.db", "q2?TIMEOUT=5", "q2?timeout=5&x=1.db", "q2?=.db"] {
        let sandbox = Sandbox::new();
        for url in
            [format!("sqlite:///{name}"), format!("sqlite:///{}", sandbox.path(name).display())]
        {
            for command in ["upgrade", "current"] {
                let told = sandbox.refused(&[command, &url]);
                assert!(told.ends_with(&format!("-> {URL}\n")), "{told}");
                assert!(told.contains("/q2'") && told.contains(&format!("/{name}'")), "{told}");
            }
        }
        // The hint's path is all that it takes.
        let ran = sandbox.run(&["upgrade", "--create", &format!("./{name}")]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("note: created ./{name}: ")), "{}", ran.stderr);
        assert_eq!(sandbox.files().keys().collect::<Vec<_>>(), [name]);
    }
}

/// The parameters may even be known ones.
#[test]
fn a_file_whose_name_goes_on_after_a_question_mark_is_not_left_aside() {
    for name in ["q2?x=1.db", "q2?timeout=5", "q2?", "q2?check_same_thread=False&timeout=3.db"] {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        fs::rename(sandbox.path("mlruns.db"), sandbox.path(name)).unwrap();
        let told = sandbox.refused(&["upgrade", &format!("sqlite:///{name}")]);
        assert!(told.ends_with(&format!("-> {URL}\n")), "{told}");
        assert!(told.contains(&format!("./{name}'")), "{told}");
        let ran = sandbox.run(&["upgrade", "--create", &format!("./{name}")]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(!ran.stderr.contains("there was no such file"), "{}", ran.stderr);
        assert!(sandbox.run(&["current", name]).stdout.starts_with(HEAD));
    }
}

/// What else cuts other kinds of URLs is a part of the name.
#[test]
fn a_file_has_the_name_that_its_url_gives() {
    for (given, name) in [
        ("sqlite:///a#b.db", "a#b.db"),
        ("sqlite:///a;b&c=d+e.db", "a;b&c=d+e.db"),
        ("sqlite:///a%3Fb.db", "a?b.db"),
        ("sqlite:///a%23b%2541.db", "a#b%41.db"),
        ("sqlite:///a.db?timeout=5", "a.db"),
        ("sqlite:///a.db?", "a.db"),
        ("a%20b#c?d=e.db", "a%20b#c?d=e.db"),
        ("./file:a.db?mode=memory", "file:a.db?mode=memory"),
    ] {
        let sandbox = Sandbox::new();
        let ran = sandbox.run(&["upgrade", "--create", given, "--to", "451aebb31d03"]);
        assert_eq!(ran.code, 0, "{given}: {}", ran.stderr);
        assert!(ran.stderr.contains("note: created "), "{given}: {}", ran.stderr);
        assert!(
            ran.stderr.contains(&format!("{name}: there was no such file\n")),
            "{}",
            ran.stderr
        );
        assert_eq!(sandbox.files().keys().collect::<Vec<_>>(), [name], "{given}");
    }
}
