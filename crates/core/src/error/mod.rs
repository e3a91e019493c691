//! Defines the errors, each with its cause.

mod constraint;
mod copy;
mod copy_finding;
mod downgrade;
mod graph;
mod kind;
mod location;
mod queries;
mod remedy;
mod row_problem;
mod shown;
mod taken_object;
mod target;
mod unfinished;
mod verification;
mod violation;

pub use constraint::ConstraintError;
pub use copy::CopyError;
pub use copy_finding::{CopyFinding, CopyRemedy};
pub use downgrade::{DowngradeError, Loss};
pub use graph::{GraphError, OneGraphDone};
pub use kind::ErrorKind;
pub use location::{LocationError, Restamp};
pub use remedy::{Remedy, shell_word};
pub use row_problem::RowProblem;
pub(crate) use shown::{label, quoted};
pub use taken_object::TakenObject;
pub use target::TargetError;
pub(crate) use unfinished::described;
pub use unfinished::{Operation, Unfinished};
pub use verification::VerificationError;
pub use violation::Violation;

use crate::schema::{Dependent, Difference, EditError};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An error of this crate or of a backend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database URL cannot be parsed.
    #[error("{url}: {problem}")]
    Url {
        /// The URL, without any password.
        url: String,
        /// The fault of the URL.
        problem: String,
        /// The correct form.
        remedy: Remedy,
    },
    /// This build does not support the kind of database.
    #[error("{url}: {problem}")]
    Unsupported {
        /// The URL, without any password.
        url: String,
        /// The kind of the database.
        problem: String,
        /// The alternative.
        remedy: Remedy,
    },
    /// The revisions do not form a graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The target does not exist, or the database cannot reach it.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The database's revision is unknown, or the database is not MLflow's.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The schema differs from the stamped revision.
    #[error(
        "the schema is not that of {revision}, which {table} names: {}",
        differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Drift {
        /// The version table.
        table: crate::graphs::VersionTable,
        /// The stamped revision.
        revision: String,
        /// The differing objects.
        differences: Vec<Difference>,
        /// Whether an upgrade can continue if the user accepts the drift.
        is_acceptable: bool,
        /// The statements that remove the drift, where the user can run them.
        repairs: Vec<String>,
        /// Whether a repair removes all of the drift.
        is_repairable: bool,
    },
    /// A revision's operation does not fit the live schema.
    #[error("revision {revision} does not fit this database: {source}")]
    Edit {
        /// The revision.
        revision: String,
        /// The reason.
        source: EditError,
        /// The statements that give an object in the place of the revision's another name.
        remedies: Vec<String>,
    },
    /// The backend cannot make a change to a table.
    #[error("table {table} cannot be changed: it has {}", obstacles.join(", "))]
    Inexpressible {
        /// The table.
        table: String,
        /// The properties that prevent the change.
        obstacles: Vec<String>,
    },
    /// The user's own objects depend on something that is dropped or cannot be changed.
    #[error(
        "{}table {table} {fate}, and these depend on it: {}",
        part.as_ref().map(|part| format!("{part} of ")).unwrap_or_default(),
        dependents.iter().map(|it| it.object.as_str()).collect::<Vec<_>>().join(", ")
    )]
    Dependents {
        /// The table.
        table: String,
        /// The column, the key or the row type; `None` for the whole table.
        part: Option<String>,
        /// The change: `is renamed to x`, for example.
        fate: String,
        /// The dependent objects.
        dependents: Vec<Dependent>,
    },
    /// A data migration refuses rows.
    #[error("{}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused {
        /// The refused rows, one entry per kind.
        findings: Vec<RowProblem>,
    },
    /// A downgrade cannot be made, or would lose something.
    #[error(transparent)]
    Downgrade(#[from] DowngradeError),
    /// A copy cannot be made, or differs from its source.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// Rows violate a constraint.
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
    /// The upgrade would leave a foreign key without what it references.
    #[error("foreign key {key} of table {table} needs {lacks}")]
    StrandedReference {
        /// The referencing table, with its database if that is another one.
        table: String,
        /// The foreign key: its name, or its columns.
        key: String,
        /// What the foreign key needs, and the revisions that remove it.
        lacks: String,
        /// What puts it right.
        remedy: Remedy,
    },
    /// The user's own objects have names that the upgrade needs.
    #[error(
        "names that the upgrade needs are taken: {}",
        objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    NamesTaken {
        /// The objects with such names.
        objects: Vec<TakenObject>,
    },
    /// The result differs from the plan.
    #[error(transparent)]
    Verification(#[from] VerificationError),
    /// The file or server does not exist.
    #[error("{name}: {problem}")]
    Unreachable {
        /// The database.
        name: String,
        /// The cause.
        problem: String,
        /// What puts it right.
        remedy: Remedy,
    },
    /// The server accepts no connections at the moment: it is starting, or at its limit.
    #[error("{name}: {problem}")]
    Unavailable {
        /// The database.
        name: String,
        /// The cause.
        problem: String,
        /// What puts it right.
        remedy: Remedy,
    },
    /// The file is not an SQLite database.
    #[error("{name}: not an SQLite database")]
    NotADatabase {
        /// The database.
        name: String,
    },
    /// The database is damaged.
    #[error("{name}: the database is damaged: {problem}")]
    Corrupt {
        /// The database.
        name: String,
        /// The database's message.
        problem: String,
    },
    /// The database is not writable.
    #[error("{name}: the database cannot be written: {problem}")]
    ReadOnly {
        /// The database.
        name: String,
        /// The cause.
        problem: String,
        /// What puts it right.
        remedy: Remedy,
    },
    /// Another session holds the database.
    #[error(
        "{name}: {} ({waited_seconds} s waited)",
        if holders.is_empty() { "another process holds the database".to_owned() }
        else { format!("locks are held by {}", holders.join("; ")) }
    )]
    Locked {
        /// The database.
        name: String,
        /// The time waited for the lock, in seconds.
        waited_seconds: u64,
        /// The holders as the server shows them: process, user, application, age of the query.
        holders: Vec<String>,
    },
    /// Another upgrade has taken over the lock of this one.
    #[error("{name}: another upgrade has acquired the lock, because this one stopped renewing it")]
    LockLost {
        /// The database.
        name: String,
    },
    /// The disk is full.
    #[error("{name}: the disk is full: {problem}")]
    Full {
        /// The database.
        name: String,
        /// The database's message.
        problem: String,
    },
    /// A value in the database is not of the expected type.
    #[error("{name}: {problem}")]
    BadValue {
        /// The database.
        name: String,
        /// The value and its place.
        problem: String,
    },
    /// The server does not accept the user.
    #[error("{name}: {problem}")]
    AccessDenied {
        /// The database.
        name: String,
        /// The server's message.
        problem: String,
    },
    /// The user lacks a privilege.
    #[error("{name}: {user} lacks {}", missing.join(", "))]
    Privileges {
        /// The database.
        name: String,
        /// The user, as the server knows it.
        user: String,
        /// The missing privileges with their tables: `CREATE on mlflow.*`.
        missing: Vec<String>,
        /// The statement that grants them.
        remedy: Remedy,
    },
    /// Statements could execute code of roles with fewer privileges than the user.
    #[error("{name}: {user} would run code of other roles: {}", objects.join("; "))]
    Untrusted {
        /// The database.
        name: String,
        /// The user of the upgrade.
        user: String,
        /// The first such objects, each with its owner.
        objects: Vec<String>,
        /// What puts it right.
        remedy: Remedy,
    },
    /// The server cannot hold what a revision requires.
    #[error("{name}: {problem}")]
    ServerLimit {
        /// The database.
        name: String,
        /// The limit of the server, and the revision that exceeds it.
        problem: String,
        /// What puts it right.
        remedy: Remedy,
    },
    /// The server does not accept a transaction of this size.
    #[error("{name}: {action} is more than the server takes in one transaction: {problem}")]
    TooLarge {
        /// The database.
        name: String,
        /// The action in progress.
        action: String,
        /// The server's message.
        problem: String,
        /// What puts it right.
        remedy: Remedy,
    },
    /// The connection cannot be encrypted as required.
    #[error("{name}: {problem}")]
    Tls {
        /// The database.
        name: String,
        /// The cause.
        problem: String,
        /// What puts it right.
        remedy: Remedy,
    },
    /// The server does not answer in time, or its answer does not end.
    #[error("{name}: while {action}: {why}")]
    Unanswered {
        /// The database.
        name: String,
        /// The action in progress.
        action: String,
        /// What happened instead of an answer.
        why: String,
    },
    /// The connection was lost.
    #[error("{name}: the connection was lost while {action}: {problem}")]
    ConnectionLost {
        /// The database.
        name: String,
        /// The action in progress.
        action: String,
        /// The known cause.
        problem: String,
    },
    /// The connection was lost during the COMMIT of a finished upgrade.
    #[error("{source}; the upgrade may or may not be committed")]
    InDoubt {
        /// The error that ended the connection.
        source: Box<Error>,
    },
    /// The server has rolled back the action because of a conflict with another session.
    ///
    /// The cause is a deadlock, or transactions that cannot be serialized.
    #[error("{name}: the server has rolled back {action}: {problem}")]
    Conflict {
        /// The database.
        name: String,
        /// The action in progress.
        action: String,
        /// The server's message.
        problem: String,
    },
    /// An upgrade is unfinished, so the database is at no revision.
    #[error(
        "{name}: {} is unfinished{}", unfinished.describe(), unfinished.progress()
    )]
    Unfinished {
        /// The database.
        name: String,
        /// The state of the unfinished upgrade.
        unfinished: Box<Unfinished>,
    },
    /// An interrupted upgrade cannot be resumed or rolled back.
    #[error("{name}: {problem}")]
    Journal {
        /// The database.
        name: String,
        /// The cause.
        problem: String,
        /// What puts it right.
        remedy: Remedy,
    },
    /// The user has stopped the upgrade.
    #[error("interrupted")]
    Stopped,
    /// An upgrade without transactional DDL was interrupted, and is unfinished.
    #[error("the {operation} stopped at step {step} of {steps} ({title}): {source}")]
    Interrupted {
        /// What was interrupted.
        operation: Operation,
        /// The number of the step.
        step: usize,
        /// The number of steps.
        steps: usize,
        /// A short description of the step.
        title: String,
        /// The cause.
        source: Box<Error>,
    },
    /// The upgrade of one graph failed after that of another, which is done.
    #[error(transparent)]
    OneGraphDone(OneGraphDone),
    /// The database refused a statement.
    #[error("{action} failed")]
    Database {
        /// The action in progress.
        action: String,
        /// The database's error.
        #[source]
        source: Cause,
    },
}

impl Error {
    /// Returns the error for an operation of a revision that does not fit a schema.
    #[must_use]
    pub fn edit(revision: &str, source: EditError) -> Self {
        Self::Edit { revision: revision.to_owned(), source, remedies: Vec::new() }
    }
}
