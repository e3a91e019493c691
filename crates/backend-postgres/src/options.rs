//! How to open a database.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use mlflow_migrate_backend_server::certificates::SystemAuthorities;

/// How to open a database.
#[derive(Clone)]
pub struct OpenOptions {
    /// How long to wait for the lock on a table.
    pub lock_timeout: Duration,
    /// How long to wait for another upgrader.
    pub lock_wait: Duration,
    /// How long the server may take to let us in, where the URL does not say, and to answer what is soon
    /// answered, beside waiting for a lock.
    pub answer_timeout: Duration,
    /// Defaults for what the URL leaves out: those of [`crate::ENVIRONMENT`].
    pub environment: BTreeMap<String, String>,
    /// What becomes of the system's authorities where the URL names another one.
    pub system_authorities: SystemAuthorities,
}

/// Of the environment only the names: one of the values is a password.
impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions")
            .field("lock_timeout", &self.lock_timeout)
            .field("lock_wait", &self.lock_wait)
            .field("answer_timeout", &self.answer_timeout)
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
            environment: BTreeMap::new(),
            system_authorities: SystemAuthorities::default(),
        }
    }
}
