//! Options for opening a database.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use mlflow_migrate_backend_server::certificates::SystemAuthorities;

/// Options for opening a database.
#[derive(Clone)]
#[non_exhaustive]
pub struct OpenOptions {
    /// How long to wait for the lock on a table.
    pub lock_timeout: Duration,
    /// How long to wait for another upgrader.
    pub lock_wait: Duration,
    /// How long the server may take for quick answers, beside waiting for a lock.
    ///
    /// Limits the login too, if the URL's `connect_timeout` is zero or less. Otherwise
    /// `connect_timeout` limits the login, by default to 10 s.
    pub answer_timeout: Duration,
    /// Whether to create the database if the server lacks it.
    pub create: bool,
    /// Defaults for what the URL leaves out: the variables in [`crate::ENVIRONMENT`].
    pub environment: BTreeMap<String, String>,
    /// How to treat the system's authorities when the URL names another authority.
    pub system_authorities: SystemAuthorities,
}

/// Shows only the names of the environment variables: one of the values is a password.
impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions")
            .field("lock_timeout", &self.lock_timeout)
            .field("lock_wait", &self.lock_wait)
            .field("answer_timeout", &self.answer_timeout)
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
            create: false,
            environment: BTreeMap::new(),
            system_authorities: SystemAuthorities::default(),
        }
    }
}
