//! The exit codes.

use std::fmt::Write;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::report::check::Verdict;
use mlflow_migrate_core::report::status::Status;

use crate::outcome::Outcome;
use crate::signals;

/// A schema or its rows are not as a revision says.
const DIFFERENT: u8 = 2;

/// `status` finds an upgrade that is running.
const RUNNING: u8 = 3;

/// `status` finds an upgrade that was interrupted.
const UNFINISHED: u8 = 4;

/// The arguments are not understood.
pub(crate) const USAGE: u8 = 64;

/// The result could not be written to its destination.
pub(crate) const OUTPUT: u8 = 74;

/// The hint after a bug of this program.
pub(crate) const AFTER_A_BUG: &str = "please report this line; `mlflow-migrate status` shows whether an upgrade is unfinished, and the \
     same command resumes it";

fn code_and_meaning(kind: ErrorKind) -> (u8, &'static str) {
    match kind {
        ErrorKind::Url => (10, "the URL is wrong, or there is none"),
        ErrorKind::Unsupported => (11, "this build does not support that kind of database"),
        ErrorKind::Target => (12, "the target does not exist"),
        ErrorKind::TargetBehind => (13, "the target is older than the database"),
        ErrorKind::Unreachable => (14, "the database cannot be reached or opened"),
        ErrorKind::NotADatabase => (15, "the file is not a database"),
        ErrorKind::Corrupt => (16, "the database is damaged"),
        ErrorKind::ReadOnly => (17, "the database cannot be written"),
        ErrorKind::Locked => (18, "another process holds the database"),
        ErrorKind::Full => (19, "no room is left"),
        ErrorKind::UnknownRevision => (20, "alembic_version names an unknown revision"),
        ErrorKind::SeveralRevisions => (21, "alembic_version names several revisions"),
        ErrorKind::Newer => (22, "the database is newer than this mlflow-migrate"),
        ErrorKind::OtherProgram => (23, "the database is another program's"),
        ErrorKind::Drift => (24, "the schema matches neither its revision nor any other"),
        ErrorKind::Refused => (25, "existing rows prevent the upgrade"),
        ErrorKind::Unverified => (26, "the result was not as planned"),
        ErrorKind::Database => (27, "the database refused a statement"),
        ErrorKind::Internal => (28, "a bug in mlflow-migrate"),
        ErrorKind::AccessDenied => (29, "the server does not accept the user or its password"),
        ErrorKind::Privileges => (30, "the user lacks a privilege"),
        ErrorKind::ServerLimit => (31, "the server cannot hold what a revision asks for"),
        ErrorKind::Tls => (32, "the connection cannot be encrypted as it should"),
        ErrorKind::ConnectionLost => (33, "the connection was lost"),
        ErrorKind::Journal => (34, "an upgrade is unfinished, or cannot be resumed"),
        ErrorKind::NotEmpty => (35, "the destination of a copy is not empty, or another database"),
        ErrorKind::Stopped => (signals::INTERRUPTED, "stopped by Ctrl-C"),
    }
}

/// Returns the exit code of an error.
pub(crate) fn code_of_error(kind: ErrorKind) -> u8 {
    code_and_meaning(kind).0
}

/// Returns the exit code of a command that succeeded.
pub(crate) fn code_of_outcome(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Graphs(outcomes) => {
            outcomes.iter().map(|(_, outcome)| code_of_outcome(outcome)).max().unwrap_or(0)
        }
        Outcome::Check(check) => match check.result.checked.verdict {
            Verdict::AtHead | Verdict::AtTarget => 0,
            Verdict::Behind => 1,
            _ => 2,
        },
        Outcome::Status(found) if !found.result.upgraders.is_empty() => RUNNING,
        Outcome::Status(found) => match found.result.status {
            Some(Status::Unfinished(_)) => UNFINISHED,
            _ => 0,
        },
        Outcome::Verify(found) => {
            if found.result.is_sound() {
                0
            } else {
                2
            }
        }
        Outcome::Repair(found) => match found.result.problems.first() {
            Some(problem) => code_of_error(problem.kind),
            None if found.result.report.is_sound() => 0,
            None => DIFFERENT,
        },
        Outcome::Stamp(found) if !found.result.is_stamped => DIFFERENT,
        Outcome::Diff(found) if !found.result.differences.is_empty() => DIFFERENT,
        Outcome::Doctor(found) => {
            found.result.problems.first().map_or(0, |one| code_of_error(one.kind))
        }
        Outcome::Plan(plan) if !plan.result.preview.findings.is_empty() => {
            code_of_error(ErrorKind::Refused)
        }
        Outcome::CopyComparison(found) if !found.result.is_equal() => DIFFERENT,
        Outcome::CopyPreview(found) if !found.result.is_possible() => {
            let first = found.result.problems.first();
            code_of_error(first.map_or(ErrorKind::Refused, |problem| problem.kind))
        }
        Outcome::DowngradePreview(found) => match found.result.problems.first() {
            Some(problem) => code_of_error(problem.kind),
            None if found.result.losses.is_empty() || found.result.discards => 0,
            None => code_of_error(ErrorKind::Refused),
        },
        Outcome::Copy(_)
        | Outcome::CopyPreview(_)
        | Outcome::CopyComparison(_)
        | Outcome::Finished(_)
        | Outcome::Downgrade(_)
        | Outcome::Prepare(_)
        | Outcome::Cleanup(_)
        | Outcome::Current(_)
        | Outcome::History(_)
        | Outcome::Plan(_)
        | Outcome::Sql(_)
        | Outcome::Show(_)
        | Outcome::Estimate(_)
        | Outcome::Diff(_)
        | Outcome::Stamp(_)
        | Outcome::Abort(_)
        | Outcome::Restore(_)
        | Outcome::Completions(_)
        | Outcome::Man(_) => 0,
    }
}

/// The groups of the exit codes, with the kinds of error in each; `docs/exit_codes.md` has the same.
const GROUPS: [(&str, &[ErrorKind]); 4] = [
    (
        "Arguments and target",
        &[ErrorKind::Url, ErrorKind::Unsupported, ErrorKind::Target, ErrorKind::TargetBehind],
    ),
    (
        "Reaching the database",
        &[
            ErrorKind::Unreachable,
            ErrorKind::NotADatabase,
            ErrorKind::Corrupt,
            ErrorKind::ReadOnly,
            ErrorKind::Locked,
            ErrorKind::Full,
            ErrorKind::AccessDenied,
            ErrorKind::Privileges,
            ErrorKind::Tls,
            ErrorKind::ConnectionLost,
        ],
    ),
    (
        "Whose database, and at which revision",
        &[
            ErrorKind::UnknownRevision,
            ErrorKind::SeveralRevisions,
            ErrorKind::Newer,
            ErrorKind::OtherProgram,
            ErrorKind::Drift,
            ErrorKind::NotEmpty,
        ],
    ),
    (
        "Rows, result and server",
        &[
            ErrorKind::Refused,
            ErrorKind::Unverified,
            ErrorKind::Database,
            ErrorKind::Internal,
            ErrorKind::ServerLimit,
            ErrorKind::Journal,
        ],
    ),
];

/// Returns a table of all exit codes and their meanings, for the help.
pub(crate) fn table() -> String {
    let mut table = String::from("Exit codes, which later versions keep:");
    write_group(
        &mut table,
        "Results",
        &[
            (0, "done; for `check`: at the newest revision, or at `--to`"),
            (1, "`check`: there are newer revisions"),
            (
                DIFFERENT,
                "`check`, `verify`, `repair`, `stamp`, `diff`, `copy`: the schema or rows differ",
            ),
            (RUNNING, "`status`: an upgrade is running"),
            (UNFINISHED, "`status`: an upgrade was interrupted"),
        ],
    );
    for (title, kinds) in GROUPS {
        let mut rows: Vec<_> = kinds.iter().map(|kind| code_and_meaning(*kind)).collect();
        if kinds.contains(&ErrorKind::Url) {
            rows.push((USAGE, "the arguments are not understood"));
        }
        write_group(&mut table, title, &rows);
    }
    let stopped = [
        (OUTPUT, "the result could not be written"),
        code_and_meaning(ErrorKind::Stopped),
        (signals::TERMINATED, "stopped by SIGTERM"),
    ];
    write_group(&mut table, "Stopped", &stopped);
    table
}

fn write_group(table: &mut String, title: &str, rows: &[(u8, &str)]) {
    // Writing to a String cannot fail.
    let _ = write!(table, "\n  {title}:");
    for (code, meaning) in rows {
        let _ = write!(table, "\n    {code:>3}  {meaning}");
    }
}

#[cfg(test)]
mod tests {
    use super::{GROUPS, code_of_error};

    #[test]
    fn every_kind_is_in_one_group_and_has_a_code_of_its_own() {
        let kinds = GROUPS.iter().flat_map(|(_, kinds)| *kinds);
        let mut codes: Vec<u8> = kinds.map(|kind| code_of_error(*kind)).collect();
        codes.sort_unstable();
        let expected: Vec<u8> = (10..).take(26).collect();
        assert_eq!(codes, expected);
    }
}
