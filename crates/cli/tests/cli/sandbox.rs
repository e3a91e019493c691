//! Runs the built binary in a folder of its own, without any of the caller's environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mlflow_migrate_tests::json_schema::checked;
use rusqlite::Connection;
use tempfile::TempDir;

/// The exit codes of runs that write no report: of wrong arguments, and without a place for it.
const UNREPORTED: [i32; 2] = [64, 74];

pub(crate) const HEAD: &str = "f4a9b2c7d1e6";

/// A folder, and the binary that runs in it.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// What a run of the binary has left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// With a copy of a sample database, named `mlruns.db`.
    pub(crate) fn with_sample(sample: &str) -> Self {
        let sandbox = Self::new();
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let bytes = std::fs::read(samples.join(sample)).unwrap();
        std::fs::write(sandbox.path("mlruns.db"), bytes).unwrap();
        sandbox
    }

    /// With a file `mlruns.db` that these statements make.
    pub(crate) fn with_database(statements: &str) -> Self {
        let sandbox = Self::new();
        sandbox.sql(statements);
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn sql(&self, statements: &str) {
        self.connect().execute_batch(statements).unwrap();
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.path("mlruns.db")).unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mlflow-migrate"));
        command.current_dir(self.folder.path()).env_clear().args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let ran = Ran::from(self.command(arguments).output().unwrap());
        let is_json = arguments.contains(&"--json");
        assert!(!is_json || ran.stdout.is_empty() || ran.is_json(), "no JSON: {}", ran.stdout);
        let mut files = arguments.iter().skip_while(|argument| **argument != "--report").skip(1);
        if let Some(report) = files.next()
            && !UNREPORTED.contains(&ran.code)
        {
            let report = std::fs::read_to_string(self.path(report)).unwrap();
            report.lines().for_each(|line| drop(checked(line)));
        }
        ran
    }

    /// Every file with its content.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        files
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, std::fs::read(entry.path()).unwrap())
            })
            .collect()
    }

    /// Runs a command that must be refused, checks that it changes no file, and tells what the
    /// user sees.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let before = self.files();
        let ran = self.run(arguments);
        assert!(self.files() == before, "files have changed");
        ran.transcript(arguments)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        if ran.is_json() {
            ran.lines();
        }
        ran
    }
}

impl Ran {
    /// What the user of a refused command has typed and seen.
    #[track_caller]
    pub(crate) fn transcript(&self, arguments: &[&str]) -> String {
        assert_eq!(self.stdout, "");
        let typed: Vec<String> = arguments.iter().map(|one| shell_word(one)).collect();
        format!("$ mlflow-migrate {}\n{}-> {}\n", typed.join(" "), self.untimed(), self.code)
    }

    /// What stderr says, without the times at which lines of progress begin.
    pub(crate) fn untimed(&self) -> String {
        let is_time = |word: &str| word.len() == 20 && word.ends_with('Z') && word.contains('T');
        let lines = self.stderr.lines().map(|line| match line.split_once(' ') {
            Some((word, rest)) if is_time(word) => rest,
            _ => line,
        });
        lines.map(|line| format!("{line}\n")).collect()
    }

    fn is_json(&self) -> bool {
        self.stdout.starts_with("{\"schema_version\":")
    }

    /// The JSON Lines of stdout, each as in the schema.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        // A program that was killed may leave a part of its last line.
        let whole = self.stdout.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(checked).collect()
    }

    /// The JSON Lines of stdout, without what every line has.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let lines = self.lines().into_iter().map(|mut line| {
            let keys = line.as_object_mut().unwrap();
            keys.remove("schema_version");
            assert_eq!(keys.remove("tool_version"), Some(env!("CARGO_PKG_VERSION").into()));
            keys.remove("time");
            line
        });
        lines.collect()
    }
}

fn shell_word(word: &str) -> String {
    if word.is_empty() { "''".to_owned() } else { word.to_owned() }
}
