//! Everything that can go wrong, with its cause and the next thing to do.

mod graph;
mod hint;
mod kind;
mod location;
mod row_problem;
mod shown;
mod target;
mod unfinished;
mod verification;
mod violation;

pub use graph::GraphError;
pub use kind::ErrorKind;
pub use location::LocationError;
pub use row_problem::RowProblem;
pub(crate) use shown::{label, quoted};
pub use target::TargetError;
pub use unfinished::Unfinished;
pub use verification::VerificationError;
pub use violation::Violation;

use crate::schema::{Dependent, Difference, EditError};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database URL is not one that this tool understands.
    #[error("{url}: {problem}")]
    Url {
        /// The URL, without any password.
        url: String,
        /// What is wrong with it.
        problem: String,
        /// What to write instead.
        hint: String,
    },
    /// The database is of a kind that this build cannot upgrade.
    #[error("{url}: {problem}")]
    Unsupported {
        /// The URL, without any password.
        url: String,
        /// Of which kind it is.
        problem: String,
        /// What to do instead.
        hint: String,
    },
    /// The revisions do not form a graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The target is none, or one that the database cannot go to.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The database does not say at which revision of MLflow's it is, or is none of MLflow's.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// What the stamped revision has is missing, or not as it says.
    #[error(
        "the schema is not that of {revision}, which alembic_version names: {}",
        differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Drift {
        /// The stamped revision.
        revision: String,
        /// Each object.
        differences: Vec<Difference>,
        /// Whether an upgrade can go on all the same.
        is_acceptable: bool,
        /// The statements that put it right, where a person can run them.
        repairs: Vec<String>,
    },
    /// A revision's operation does not fit the live schema.
    #[error("revision {revision} does not fit this database: {source}")]
    Edit {
        /// The revision.
        revision: String,
        /// Why.
        source: EditError,
    },
    /// A table cannot be changed in the way that is needed.
    #[error("table {table} cannot be changed: it has {}", obstacles.join(", "))]
    Inexpressible {
        /// The table.
        table: String,
        /// What stands in the way.
        obstacles: Vec<String>,
    },
    /// The user's own objects depend on something that goes, or that a server would not change for
    /// their sake.
    #[error(
        "{part} of table {table} {fate}, and these depend on it: {}",
        dependents.iter().map(|it| it.object.as_str()).collect::<Vec<_>>().join(", ")
    )]
    Dependents {
        /// The table.
        table: String,
        /// The column, the key or the row type.
        part: String,
        /// What becomes of it.
        fate: String,
        /// What depends on it.
        dependents: Vec<Dependent>,
    },
    /// Rows that a data migration cannot take.
    #[error("{}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused {
        /// What was found, a kind each.
        findings: Vec<RowProblem>,
    },
    /// Rows that a constraint to be added refuses.
    #[error("{table} holds rows ({count}) that {constraint} refuses")]
    Constraint {
        /// The table.
        table: String,
        /// The constraint.
        constraint: String,
        /// How many rows.
        count: u64,
        /// A query that finds them, where there is one.
        query: Option<String>,
    },
    /// Rows that reference none, under a foreign key that the upgrade adds or has checked again.
    #[error(
        "{table} holds rows ({count}) that {constraint} refuses: what they reference is not there"
    )]
    Orphans {
        /// The table.
        table: String,
        /// The foreign key.
        constraint: String,
        /// How many rows.
        count: u64,
        /// A query that finds them.
        query: String,
        /// A statement that deletes them.
        delete: String,
    },
    /// A foreign key that the upgrade would leave without what it references.
    #[error("foreign key {key} of table {table} needs {lacks}")]
    StrandedReference {
        /// The table that has it, with its database if that is another one.
        table: String,
        /// The foreign key: its name, or its columns.
        key: String,
        /// What it needs, and after which revisions that is not there.
        lacks: String,
        /// What to do, with the statement.
        hint: String,
    },
    /// The user's own objects bear names that the upgrade needs.
    #[error("names that the upgrade needs are taken: {}", objects.join(", "))]
    NamesTaken {
        /// What has such a name: `table runs_old`.
        objects: Vec<String>,
    },
    /// The result is not what was planned.
    #[error(transparent)]
    Verification(#[from] VerificationError),
    /// There is no such file or server.
    #[error("{name}: {problem}")]
    Unreachable {
        /// The database.
        name: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The server takes no connections at the moment: it is not up yet, or has no room for more.
    #[error("{name}: {problem}")]
    Unavailable {
        /// The database.
        name: String,
        /// What is wrong.
        problem: String,
        /// What to do if it stays so.
        hint: String,
    },
    /// The file is not of the database's kind.
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
        /// What the database says.
        problem: String,
    },
    /// The database cannot be written.
    #[error("{name}: the database cannot be written: {problem}")]
    ReadOnly {
        /// The database.
        name: String,
        /// What stands in the way.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// Somebody else holds the database.
    #[error(
        "{name}: {} ({waited_seconds} s waited)",
        if holders.is_empty() { "another process holds the database".to_owned() }
        else { format!("locks are held by {}", holders.join("; ")) }
    )]
    Locked {
        /// The database.
        name: String,
        /// How long the lock was waited for.
        waited_seconds: u64,
        /// Who holds it, where the server tells: process, user, application, age of the query.
        holders: Vec<String>,
    },
    /// Another upgrade has taken over the lock of this one.
    #[error("{name}: another upgrade has taken over the lock of this one, which was not heard of")]
    LockLost {
        /// The database.
        name: String,
    },
    /// There is no room left.
    #[error("{name}: no room left: {problem}")]
    Full {
        /// The database.
        name: String,
        /// What the database says.
        problem: String,
    },
    /// The database holds a value that cannot be read as what it should be.
    #[error("{name}: {problem}")]
    BadValue {
        /// The database.
        name: String,
        /// What and where.
        problem: String,
    },
    /// The server does not accept the user.
    #[error("{name}: {problem}")]
    AccessDenied {
        /// The database.
        name: String,
        /// What the server says.
        problem: String,
    },
    /// The user lacks a privilege.
    #[error("{name}: {user} lacks {}", missing.join(", "))]
    Privileges {
        /// The database.
        name: String,
        /// The user, as the server knows it.
        user: String,
        /// What is missing, and for which table: `CREATE on mlflow.*`.
        missing: Vec<String>,
        /// The statement that grants it.
        hint: String,
    },
    /// Statements could call code of roles with fewer rights than the user has.
    #[error("{name}: {user} would run code of other roles: {}", objects.join("; "))]
    Untrusted {
        /// The database.
        name: String,
        /// Who upgrades.
        user: String,
        /// The first of the objects, each with its owner.
        objects: Vec<String>,
        /// What to do.
        hint: String,
    },
    /// The server cannot hold what a revision asks for.
    #[error("{name}: {problem}")]
    ServerLimit {
        /// The database.
        name: String,
        /// What the server cannot do, and which revision asks for it.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The server takes no transaction of such a size.
    #[error("{name}: {action} is more than the server takes in one transaction: {problem}")]
    TooLarge {
        /// The database.
        name: String,
        /// What was being done.
        action: String,
        /// What the server says.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The connection cannot be encrypted as it should.
    #[error("{name}: {problem}")]
    Tls {
        /// The database.
        name: String,
        /// What went wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The server does not answer what is soon answered, or does not end to.
    #[error("{name}: while {action}: {why}")]
    Unanswered {
        /// The database.
        name: String,
        /// What was being done.
        action: String,
        /// What came instead of an answer.
        why: String,
    },
    /// The connection was lost.
    #[error("{name}: the connection was lost while {action}: {problem}")]
    ConnectionLost {
        /// The database.
        name: String,
        /// What was being done.
        action: String,
        /// What is known of the cause.
        problem: String,
    },
    /// The connection was lost while an upgrade that was done was to be made permanent.
    #[error("{source}; whether the upgrade is done, only the database knows")]
    InDoubt {
        /// How the connection was lost.
        source: Box<Error>,
    },
    /// The server has taken back what was being done, since it and another session were in each
    /// other's way: a deadlock, or transactions that cannot be put one after the other.
    #[error("{name}: the server has taken back {action}: {problem}")]
    Conflict {
        /// The database.
        name: String,
        /// What was being done.
        action: String,
        /// What the server says.
        problem: String,
    },
    /// An upgrade is unfinished, so the database is at no revision.
    #[error(
        "{name}: an upgrade from {} to {} is unfinished: {} of {} steps are done",
        unfinished.from,
        label(unfinished.to.as_deref()),
        unfinished.done,
        unfinished.steps
    )]
    Unfinished {
        /// The database.
        name: String,
        /// How far it is.
        unfinished: Box<Unfinished>,
    },
    /// An upgrade that was interrupted cannot be taken up again, or taken back.
    #[error("{name}: {problem}")]
    Journal {
        /// The database.
        name: String,
        /// What was expected, and what is there.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// Somebody has asked the upgrade to end.
    #[error("stopped, as asked")]
    Stopped,
    /// An upgrade that cannot be taken back stopped on its way.
    #[error("the upgrade stopped at step {step} of {steps} ({title}): {source}")]
    Interrupted {
        /// The number of the step.
        step: usize,
        /// How many steps there are.
        steps: usize,
        /// What the step does.
        title: String,
        /// Why it stopped.
        source: Box<Error>,
    },
    /// The database refused a statement.
    #[error("{action} failed")]
    Database {
        /// What was being done.
        action: String,
        /// What the database says.
        #[source]
        source: Cause,
    },
}

impl Error {
    /// Queries that find all rows that stand in the way, where SQL can.
    #[must_use]
    pub fn queries(&self) -> Vec<&str> {
        match self {
            Self::Refused { findings } => {
                findings.iter().filter_map(|finding| finding.query.as_deref()).collect()
            }
            Self::Constraint { query, .. } => query.as_deref().into_iter().collect(),
            Self::Orphans { query, .. } => vec![query],
            _ => Vec::new(),
        }
    }

    /// The base tables contradict each other.
    pub(crate) fn base_edit(source: EditError) -> Self {
        Self::Edit { revision: "base".to_owned(), source }
    }
}
