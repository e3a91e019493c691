//! Options for opening a database, apart from its URL.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use mlflow_migrate_backend_server::certificates::SystemAuthorities;

/// The environment variables that affect a connection.
///
/// MLflow, MySQL's client library and OpenSSL read options from them. Two name this machine's user.
pub const ENVIRONMENT: &[&str] = &[
    "MLFLOW_MYSQL_SSL_CA",
    "MLFLOW_MYSQL_SSL_CERT",
    "MLFLOW_MYSQL_SSL_KEY",
    "MYSQL_PWD",
    "MYSQL_TCP_PORT",
    "MYSQL_UNIX_PORT",
    "LOGNAME",
    "SSL_CERT_FILE",
    "USER",
];

const DEFAULT_JOBS: usize = 2;
/// A smaller table is copied before a second connection is open.
const DEFAULT_SWAP_FROM_ROWS: u64 = 20_000;
const DEFAULT_RANGE_ROWS: u32 = 50_000;

/// How to open a database.
#[derive(Clone)]
#[non_exhaustive]
pub struct OpenOptions {
    /// How long the server waits for a lock on a table or a row.
    pub lock_timeout: Duration,
    /// How long to wait for another upgrader.
    pub lock_wait: Duration,
    /// How long the server may take to answer a short statement, beside waiting for a lock.
    pub answer_timeout: Duration,
    /// The number of connections that copy and compute rows.
    pub jobs: usize,
    /// The row count from which a table is swapped for a new one, where the server would copy it.
    pub swap_from_rows: u64,
    /// How many rows of such a table are copied in one transaction.
    ///
    /// Enough to make the cost of a transaction negligible. Few enough that little is copied again
    /// after an interruption, and that the server's undo log stays short.
    pub range_rows: u32,
    /// Whether to create the database if the server lacks it.
    pub create: bool,
    /// The variables of [`ENVIRONMENT`] that are set.
    pub environment: BTreeMap<String, String>,
    /// What happens to the system's authorities where the URL names another one.
    pub system_authorities: SystemAuthorities,
}

/// Shows only the names of environment variables: one of the values is a password.
impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions")
            .field("lock_timeout", &self.lock_timeout)
            .field("lock_wait", &self.lock_wait)
            .field("answer_timeout", &self.answer_timeout)
            .field("jobs", &self.jobs)
            .field("swap_from_rows", &self.swap_from_rows)
            .field("range_rows", &self.range_rows)
            .field("create", &self.create)
            .field("environment", &self.environment.keys())
            .field("system_authorities", &self.system_authorities)
            .finish()
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(10),
            lock_wait: Duration::from_secs(60),
            answer_timeout: Duration::from_secs(60),
            jobs: DEFAULT_JOBS,
            swap_from_rows: DEFAULT_SWAP_FROM_ROWS,
            range_rows: DEFAULT_RANGE_ROWS,
            create: false,
            environment: BTreeMap::new(),
            system_authorities: SystemAuthorities::default(),
        }
    }
}

impl OpenOptions {
    /// Returns an environment variable, if it is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
