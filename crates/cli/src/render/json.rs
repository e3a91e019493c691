//! JSON Lines on stdout: every event as it happens, then the result, or the error.

use mlflow_migrate_core::error::{
    CopyError, CopyFinding, DowngradeError, ErrorKind, LocationError, Loss, RowProblem,
    VerificationError, Violation,
};
use std::io::{self, Write};
use std::time::SystemTime;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Event, Observer};
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::schema::Difference;
use serde::Serialize;

use super::{Renderer, causes, unless_reader_is_gone, visible};
use crate::outcome::Outcome;

/// The renderer for programs.
pub(super) struct Json {
    quiet: bool,
}

impl Json {
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet }
    }
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "error")]
struct ErrorLine<'a> {
    kind: ErrorKind,
    exit_code: u8,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    findings: &'a [RowProblem],
    #[serde(rename = "copy_findings", skip_serializing_if = "<[_]>::is_empty")]
    of_copy: &'a [CopyFinding],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    differences: &'a [Difference],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    losses: &'a [Loss],
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest_target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    violations: &'a [Violation],
}

/// An error outside of the commands.
#[derive(Serialize)]
#[serde(tag = "event", rename = "error")]
struct OtherErrorLine<'a> {
    kind: OtherErrorKind,
    exit_code: u8,
    message: &'a str,
    causes: [String; 0],
    hint: Option<&'a str>,
}

/// The kind of an error outside of the commands.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OtherErrorKind {
    /// The arguments are not understood.
    Usage,
    /// The result could not be written to its destination.
    Output,
    /// A bug in this program.
    Internal,
}

impl Observer for Json {
    fn notify(&self, event: &Event) {
        if !self.quiet {
            // A closed stdout does not stop the upgrade.
            let _ = write_line(event);
        }
    }
}

/// Something about one graph.
#[derive(Serialize)]
struct OfGraph<'a, T> {
    graph: GraphName,
    #[serde(flatten)]
    content: &'a T,
}

impl Renderer for Json {
    fn outcome(&self, outcome: &Outcome) -> io::Result<()> {
        let Outcome::Graphs(outcomes) = outcome else {
            return unless_reader_is_gone(write_line(outcome));
        };
        outcomes.iter().try_for_each(|(graph, outcome)| {
            let line = OfGraph { graph: *graph, content: outcome };
            unless_reader_is_gone(write_line(&line))
        })
    }

    fn notify_of(&self, graph: GraphName, event: &Event) {
        if !self.quiet {
            // A closed stdout does not stop the upgrade.
            let _ = write_line(&OfGraph { graph, content: event });
        }
    }

    fn error(&self, error: &Error, exit_code: u8) -> io::Result<()> {
        unless_reader_is_gone(write_line(&ErrorLine::of(error, exit_code)))
    }
}

impl<'a> ErrorLine<'a> {
    fn of(error: &'a Error, exit_code: u8) -> Self {
        let reason = match error {
            Error::Interrupted { source, .. } => source,
            Error::OneGraphDone(failed) => &failed.source,
            error => error,
        };
        Self {
            kind: error.kind(),
            exit_code,
            message: error.to_string(),
            causes: causes(error),
            hint: mlflow_migrate::hint(error),
            findings: match reason {
                Error::Refused { findings } => findings,
                _ => &[],
            },
            of_copy: match reason {
                Error::Copy(CopyError::Uncopied { findings }) => findings,
                _ => &[],
            },
            differences: match reason {
                Error::Drift { differences, .. }
                | Error::Location(LocationError::Unrecognised { differences, .. })
                | Error::Verification(VerificationError::Unverified { differences }) => differences,
                _ => &[],
            },
            losses: match reason {
                Error::Downgrade(DowngradeError::Losses { losses }) => losses,
                _ => &[],
            },
            nearest_target: match reason {
                Error::Downgrade(DowngradeError::Irreversible { nearest, .. }) => {
                    nearest.as_deref()
                }
                _ => None,
            },
            // Each finding has its own query.
            query: match error {
                Error::Constraint(error) => error.query(),
                _ => None,
            },
            violations: match reason {
                Error::Verification(VerificationError::UnverifiedRows { violations }) => violations,
                _ => &[],
            },
        }
    }
}

/// Returns a result as one line of JSON, or one for each graph.
pub(super) fn outcome_line(outcome: &Outcome) -> io::Result<String> {
    let Outcome::Graphs(outcomes) = outcome else { return line(outcome) };
    let lines: io::Result<Vec<String>> = outcomes
        .iter()
        .map(|(graph, outcome)| line(&OfGraph { graph: *graph, content: outcome }))
        .collect();
    Ok(lines?.join("\n"))
}

/// Returns an error as one line of JSON.
pub(super) fn error_line(error: &Error, exit_code: u8) -> io::Result<String> {
    line(&ErrorLine::of(error, exit_code))
}

/// Writes an error outside of the commands.
pub(super) fn write_other_error(
    kind: OtherErrorKind,
    message: &str,
    exit_code: u8,
    hint: Option<&str>,
) -> io::Result<()> {
    let line = OtherErrorLine { kind, exit_code, message, causes: [], hint };
    unless_reader_is_gone(write_line(&line))
}

/// The version of the lines' shape; it changes when a key goes or gets another meaning.
const SCHEMA_VERSION: u32 = 1;

/// What every line has besides its content.
#[derive(Serialize)]
struct Line<'a, T> {
    schema_version: u32,
    tool_version: &'static str,
    time: String,
    #[serde(flatten)]
    content: &'a T,
}

fn line(content: &impl Serialize) -> io::Result<String> {
    let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let tool_version = env!("CARGO_PKG_VERSION");
    let line = Line { schema_version: SCHEMA_VERSION, tool_version, time, content };
    Ok(visible::json(&serde_json::to_string(&line)?))
}

fn write_line(value: &impl Serialize) -> io::Result<()> {
    let line = line(value)?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
