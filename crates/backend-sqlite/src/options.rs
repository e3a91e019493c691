//! Options for opening a database.

use std::time::Duration;

/// Options for opening a database.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// How long to wait for another process that holds the file.
    pub busy_timeout: Duration,
    /// Whether a missing file is created.
    pub create: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10), create: false }
    }
}
