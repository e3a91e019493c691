//! A connection, and how long its server may take to answer.

use std::fmt;

use mlflow_migrate_backend_server::line::Line;
use sqlx::MySqlConnection;

/// The driver's connection, with the line that limits the server's answers.
pub(crate) struct Connection {
    pub(crate) driver: MySqlConnection,
    pub(crate) line: Line,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("line", &self.line).finish_non_exhaustive()
    }
}
