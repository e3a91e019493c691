//! Kinds of errors: each has an exit code of its own on the command line.

use serde::Serialize;

use super::Error;

/// The kind of an error: what a program can act on, and what the exit code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The URL is wrong.
    Url,
    /// The database is of a kind that this build cannot upgrade.
    Unsupported,
    /// The target does not exist.
    Target,
    /// The target is older than the database.
    TargetBehind,
    /// The database cannot be reached or opened.
    Unreachable,
    /// The file is not a database.
    NotADatabase,
    /// The database is damaged.
    Corrupt,
    /// The database cannot be written.
    ReadOnly,
    /// Somebody else holds the database.
    Locked,
    /// There is no room left.
    Full,
    /// The version table names an unknown revision.
    UnknownRevision,
    /// The version table names several revisions.
    SeveralRevisions,
    /// The database is newer than the newest known revision.
    Newer,
    /// The database is another program's.
    OtherProgram,
    /// The schema is not that of the expected revision, or of any.
    Drift,
    /// Rows stand in the way.
    Refused,
    /// The result was not as planned.
    Unverified,
    /// The database refused a statement.
    Database,
    /// The catalogue is wrong: a bug.
    Internal,
    /// The server does not accept the user, its password or its host.
    AccessDenied,
    /// The user lacks a privilege.
    Privileges,
    /// The server cannot hold what a revision asks for.
    ServerLimit,
    /// The connection cannot be encrypted as it should.
    Tls,
    /// The connection was lost.
    ConnectionLost,
    /// An upgrade is unfinished, or cannot be taken up again.
    Journal,
    /// Somebody has asked the upgrade to end.
    Stopped,
}

impl Error {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Url { .. } => ErrorKind::Url,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Graph(_) => ErrorKind::Internal,
            Self::Target(error) => error.kind(),
            Self::Location(error) => error.kind(),
            Self::Drift { .. }
            | Self::Edit { .. }
            | Self::NamesTaken { .. }
            | Self::StrandedReference { .. }
            | Self::Dependents { .. }
            | Self::Inexpressible { .. } => ErrorKind::Drift,
            Self::Refused { .. }
            | Self::Constraint { .. }
            | Self::Orphans { .. }
            | Self::BadValue { .. } => ErrorKind::Refused,
            Self::Verification(_) => ErrorKind::Unverified,
            Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Unanswered { .. } => {
                ErrorKind::Unreachable
            }
            Self::NotADatabase { .. } => ErrorKind::NotADatabase,
            Self::Corrupt { .. } => ErrorKind::Corrupt,
            Self::ReadOnly { .. } => ErrorKind::ReadOnly,
            Self::Locked { .. } | Self::LockLost { .. } | Self::Conflict { .. } => {
                ErrorKind::Locked
            }
            Self::Full { .. } => ErrorKind::Full,
            Self::Database { .. } => ErrorKind::Database,
            Self::AccessDenied { .. } => ErrorKind::AccessDenied,
            Self::Privileges { .. } | Self::Untrusted { .. } => ErrorKind::Privileges,
            Self::ServerLimit { .. } | Self::TooLarge { .. } => ErrorKind::ServerLimit,
            Self::Tls { .. } => ErrorKind::Tls,
            Self::ConnectionLost { .. } | Self::InDoubt { .. } => ErrorKind::ConnectionLost,
            Self::Unfinished { .. } | Self::Journal { .. } => ErrorKind::Journal,
            Self::Interrupted { source, .. } => source.kind(),
            Self::Stopped => ErrorKind::Stopped,
        }
    }
}
