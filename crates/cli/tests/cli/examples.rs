//! Every example of the help and of the pages runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::sandbox::{Ran, Sandbox};

/// The pages with examples.
const PAGES: [&str; 15] = [
    "README.md",
    "docs/quick_start.md",
    "docs/usage.md",
    "docs/how_to.md",
    "docs/moving.md",
    "docs/containers.md",
    "docs/recovery.md",
    "docs/exit_codes.md",
    "docs/connections.md",
    "docs/scripting.md",
    "docs/downgrading.md",
    "docs/auth.md",
    "docs/sql_scripts.md",
    "docs/python.md",
    "migrations/README.md",
];

/// The beginnings of other lines in blocks of a shell, and what runs them.
const RUN_ELSEWHERE: [(&str, &str); 11] = [
    ("cp examples/mlruns-1.2.0.db /tmp/mlruns.db && cargo run -- upgrade", ".ci/run"),
    ("tests/servers/run.sh cargo test --locked --workspace", ".ci/run"),
    ("python -m mlflow_migrate db upgrade", ".ci/wheel"),
    ("docker build --file Containerfile", "the workflow that releases"),
    ("cargo add mlflow-migrate", "nothing, before the crate is published"),
    ("psql -X -d mlflow -f", "tests/tests/servers/scripts, with the same options"),
    ("mlflow server --backend-store-uri", "nothing: a server does not end by itself"),
    ("sqlite3 mlruns.db 'SELECT artifact_location", "nothing: it only shows rows"),
    ("aws s3 sync", "nothing: it needs a bucket"),
    ("RUST_LOG=", "`run`, without the variable"),
    (NAMED, "`run`, as a variable of each example"),
];

/// The line after which a page's examples name no database.
const NAMED: &str = "export MLFLOW_BACKEND_STORE_URI=";

/// What stands for the user's database on a server.
///
/// An example's database is one that only its reader has, so each runs on a file here.
const SERVERS: [&str; 4] = ["postgresql://", "postgres://", "mysql+pymysql://", "mysql://"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The exit codes of commands that found something, which is a result.
fn expected_codes(command: &str) -> &'static [i32] {
    match command {
        "check" | "verify" | "diff" | "stamp" => &[0, 1, 2],
        "status" => &[0, 3, 4],
        // On a server these succeed; a file takes no writer meanwhile, and the exit code says so.
        "prepare" | "cleanup" => &[11],
        _ => &[0],
    }
}

/// Returns the code blocks of a page.
fn code(page: &str) -> String {
    let mut is_code = false;
    let is_inside = |line: &&str| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        is_code && !is_fence
    };
    page.lines().filter(is_inside).map(|line| format!("{line}\n")).collect()
}

/// Returns the examples of a text: the lines that call the program, without comments.
///
/// An example that shows an error is left out: its reader has no such database.
fn examples(text: &str) -> Vec<String> {
    let following = text.lines().skip(1).chain([""]);
    let lines = text.lines().zip(following).filter(|(_, next)| !next.starts_with("error: "));
    let lines = lines.map(|(line, _)| line.trim()).filter_map(|line| {
        let line = line.strip_prefix("$ ").unwrap_or(line);
        let of_log = line.strip_prefix("RUST_LOG=").and_then(|rest| rest.split_once(' '));
        let line = of_log.map_or(line, |(_, rest)| rest);
        line.strip_prefix("mlflow-migrate ").map(|rest| rest.split(" #").next().unwrap().trim())
    });
    lines.map(ToOwned::to_owned).collect()
}

/// Returns the words of a line, as a shell separates them; `None` if it has placeholders.
fn words(line: &str) -> Option<Vec<String>> {
    let words: Vec<String> = line
        .split(" > ")
        .next()?
        .split_whitespace()
        .map(|word| word.trim_matches('\'').to_owned())
        .collect();
    let is_placeholder = |word: &String| {
        word.contains(['…', '<', '$', '|']) || word.contains("REV") || word == "URL"
    };
    (!words.iter().any(is_placeholder)).then_some(words)
}

fn local(word: &str) -> String {
    if SERVERS.iter().any(|scheme| word.starts_with(scheme)) {
        return "mlruns.db".to_owned();
    }
    word.to_owned()
}

fn run(line: &str, is_named: bool) -> bool {
    let Some(words) = words(line) else { return false };
    let command = words[0].as_str();
    // Only a server has an upgrade that can be taken back; `--for` and `--to mlflow` need MLflow.
    if command == "abort" || words.iter().any(|word| word == "mlflow") {
        return false;
    }
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    for copy in ["copy.db", "other.db"] {
        std::fs::copy(sandbox.path("mlruns.db"), sandbox.path(copy)).unwrap();
    }
    if command == "restore" {
        assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--backup"]).code, 0);
    }
    if words.iter().any(|word| word == "basic_auth.db") {
        let made = ["upgrade", "basic_auth.db", "--create", "--graph", "auth", "--to", "8606"];
        assert_eq!(sandbox.run(&made).code, 0);
    }
    if command == "downgrade" {
        assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    }
    if words.iter().any(|word| word.starts_with("--backup")) {
        std::fs::remove_file(sandbox.path("copy.db")).unwrap();
    }
    let mut arguments: Vec<String> = words.iter().map(|word| local(word)).collect();
    if command == "copy" {
        "destination.db".clone_into(&mut arguments[2]);
        let store = sandbox.path("mlruns/0");
        std::fs::create_dir_all(&store).unwrap();
        std::fs::write(store.join("meta.yaml"), "name: Default\n").unwrap();
        if words.iter().any(|word| word == "--verify-only") {
            assert_eq!(sandbox.run(&["copy", &arguments[1], "destination.db"]).code, 0);
        }
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut program = sandbox.command(&arguments);
    if is_named {
        program.env("MLFLOW_BACKEND_STORE_URI", "mlruns.db");
    }
    let ran = Ran::from(program.output().unwrap());
    assert!(
        expected_codes(command).contains(&ran.code),
        "mlflow-migrate {line}: exit code {}\n{}{}",
        ran.code,
        ran.stdout,
        ran.stderr
    );
    true
}

#[test]
fn every_example_of_the_help_runs() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(&["--help"]).stdout;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            line.strip_prefix("  ")?.split(' ').next().filter(|word| !word.is_empty())
        })
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let help = sandbox.run(&[command, "--help"]).stdout;
        let (_, examples_of_help) =
            help.split_once("Examples:").unwrap_or_else(|| panic!("{command}"));
        let examples = examples(examples_of_help);
        assert_eq!(examples.len(), 2, "{command}");
        for line in examples {
            assert!(line.starts_with(command), "{command}: {line}");
            run(&line, false);
        }
    }
}

#[test]
fn every_example_of_the_pages_runs() {
    let mut lines = BTreeSet::new();
    for page in PAGES {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let is_named = text.contains(NAMED);
        lines.extend(examples(&code(&text)).into_iter().map(|line| (line, is_named)));
    }
    let ran = lines.iter().filter(|(line, is_named)| run(line, *is_named)).count();
    assert!(ran >= 30, "only {ran} of {}", lines.len());
}

/// Returns the lines of a page's blocks for a shell, without prompts and empty lines.
fn shell_lines(text: &str) -> Vec<&str> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_line_for_a_shell_is_run_somewhere() {
    let mut pages = vec![root().join("README.md")];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        pages.push(entry.unwrap().path());
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    let mut unknown = Vec::new();
    let mut used = BTreeSet::new();
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        let is_a_page_of_examples = PAGES.iter().any(|name| page.ends_with(name));
        for line in shell_lines(&text) {
            let elsewhere = RUN_ELSEWHERE.iter().find(|(begin, _)| line.starts_with(begin));
            used.extend(elsewhere.map(|(begin, _)| *begin));
            let is_an_example = is_a_page_of_examples && line.starts_with("mlflow-migrate ");
            if elsewhere.is_none() && !is_an_example {
                unknown.push(format!("{}: {line}", page.display()));
            }
        }
    }
    assert!(unknown.is_empty(), "nothing runs these:\n{}", unknown.join("\n"));
    assert_eq!(used.len(), RUN_ELSEWHERE.len(), "only {used:?} are on a page");
}
