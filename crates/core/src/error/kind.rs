//! Classifies errors: each kind has an exit code of its own on the command line.

use serde::Serialize;

use super::{Error, OneGraphDone};

/// The kind of an error, which decides the exit code, and which a program can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The URL is wrong.
    Url,
    /// This build does not support the kind of database.
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
    /// The database is not writable.
    ReadOnly,
    /// Another session holds the database.
    Locked,
    /// The disk is full.
    Full,
    /// The version table names an unknown revision.
    UnknownRevision,
    /// The version table names several revisions.
    SeveralRevisions,
    /// The database is newer than the newest known revision.
    Newer,
    /// The database belongs to another program.
    OtherProgram,
    /// The schema is not that of the expected revision, or of any revision.
    Drift,
    /// Rows would violate the new schema.
    Refused,
    /// The destination of a copy is not empty.
    NotEmpty,
    /// The result differs from the plan.
    Unverified,
    /// The database refused a statement.
    Database,
    /// The catalogue contradicts itself: a defect of this program.
    Internal,
    /// The server does not accept the user, its password or its host.
    AccessDenied,
    /// The user lacks a privilege.
    Privileges,
    /// The server cannot hold what a revision requires.
    ServerLimit,
    /// The connection cannot be encrypted as required.
    Tls,
    /// The connection was lost.
    ConnectionLost,
    /// An upgrade is unfinished, or cannot be resumed.
    Journal,
    /// The user has stopped the upgrade.
    Stopped,
}

impl Error {
    /// Returns the kind of the error.
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
            Self::Refused { .. } | Self::Constraint(_) | Self::BadValue { .. } => {
                ErrorKind::Refused
            }
            Self::Copy(error) => error.kind(),
            Self::Downgrade(error) => error.kind(),
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
            Self::Interrupted { source, .. } | Self::OneGraphDone(OneGraphDone { source, .. }) => {
                source.kind()
            }
            Self::Stopped => ErrorKind::Stopped,
        }
    }
}
