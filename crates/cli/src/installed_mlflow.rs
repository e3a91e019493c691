//! Finds which MLflow a Python environment has.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::TargetError;

/// The interpreters of the current environment, of which the first that runs counts.
const INTERPRETERS: [&str; 2] = ["python3", "python"];

/// Prints the version that the distribution's metadata names, without an import of MLflow.
///
/// The working directory is not searched: a file in it would run in place of Python's own modules.
const PROGRAM: &str = "\
import sys
sys.path = [entry for entry in sys.path if entry]
from importlib.metadata import PackageNotFoundError, version
for name in ('mlflow', 'mlflow-skinny'):
    try:
        print(version(name))
        break
    except PackageNotFoundError:
        pass
else:
    sys.exit('no package mlflow is installed there')
";

/// Returns the release of MLflow that an interpreter has, or that the current environment's has.
///
/// # Errors
/// If no interpreter runs, or MLflow is not installed there.
pub(crate) fn release(python: Option<&Path>) -> Result<String, Error> {
    if let Some(python) = python {
        return ask(python.as_os_str())?.ok_or_else(|| unknown(python, "there is no such program"));
    }
    for python in INTERPRETERS {
        if let Some(release) = ask(OsStr::new(python))? {
            return Ok(release);
        }
    }
    Err(unknown(Path::new(INTERPRETERS[0]), "there is no such program in PATH"))
}

/// Returns the release that an interpreter prints; `None` if there is no such interpreter.
fn ask(python: &OsStr) -> Result<Option<String>, Error> {
    let output = Command::new(python).args(["-c", PROGRAM]).stdin(Stdio::null()).output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unknown(Path::new(python), &error.to_string())),
    };
    if output.status.success() {
        return Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()));
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let last = printed.trim().lines().next_back().unwrap_or("it failed");
    Err(unknown(Path::new(python), last))
}

fn unknown(python: &Path, problem: &str) -> Error {
    Error::Target(TargetError::UnknownInstallation {
        python: python.display().to_string(),
        problem: problem.to_owned(),
    })
}
