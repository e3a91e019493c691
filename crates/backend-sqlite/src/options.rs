//! Options for opening a database.

use std::time::Duration;

/// Options for opening a database.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenOptions {
    /// How long to wait for another process that holds the file.
    pub busy_timeout: Duration,
    /// Whether a missing file is created.
    pub create: bool,
}

impl OpenOptions {
    /// Returns options that wait so long for another process, and create no file.
    #[must_use]
    pub fn waiting(busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..Self::default() }
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10), create: false }
    }
}
