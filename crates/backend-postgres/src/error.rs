//! Translates PostgreSQL's SQLSTATE codes into errors that the user can act on.

use std::{fmt, io};

use mlflow_migrate_backend_server::line::NoAnswer;
use mlflow_migrate_core::Error;
use sqlx::postgres::PgDatabaseError;

/// A server's error message, without the source code line that sqlx adds.
#[derive(Debug)]
pub(crate) struct ServerMessage(String);

impl fmt::Display for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerMessage {}

impl ServerMessage {
    /// Wraps any other text as a cause.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn of(error: &PgDatabaseError) -> Self {
        let mut text = format!("{} ({})", error.message(), error.code());
        for more in error.detail().into_iter().chain(error.hint()) {
            text += &format!("; {more}");
        }
        Self(text)
    }
}

/// Returns the server's own error, if the server reported one.
pub(crate) fn from_server(source: &sqlx::Error) -> Option<&PgDatabaseError> {
    match source {
        sqlx::Error::Database(error) => error.try_downcast_ref(),
        _ => None,
    }
}

/// Returns whether a lock could not be acquired within `lock_timeout`.
pub(crate) fn is_lock_failure(source: &sqlx::Error) -> bool {
    from_server(source).is_some_and(|error| error.code() == "55P03")
}

/// Returns whether the server refused a statement from which row-level security would hide rows.
///
/// A missing privilege has the same code, so the name of the server's function decides.
pub(crate) fn is_row_security(source: &sqlx::Error) -> bool {
    from_server(source)
        .is_some_and(|error| error.code() == "42501" && error.routine() == Some("check_enable_rls"))
}

/// The action and the database that an error message names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) name: &'a str,
    pub(crate) user: &'a str,
    pub(crate) waited_seconds: u64,
    /// Whether the user has stopped the upgrade.
    pub(crate) is_stopped: bool,
}

impl Context<'_> {
    /// Returns the error for `source`, which occurred during `action`.
    pub(crate) fn error(self, action: &str, source: sqlx::Error) -> Error {
        if let Some(error) = from_server(&source) {
            return self.of_server(action, error);
        }
        match source {
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.lost(action, "the server closed the connection")
            }
            sqlx::Error::Io(error) => match NoAnswer::of(&error) {
                Some(why) => Error::Unanswered {
                    name: self.name.to_owned(),
                    action: action.to_owned(),
                    why: why.to_string(),
                },
                None => self.lost(action, &error.to_string()),
            },
            sqlx::Error::Tls(error) => self.lost(action, &error.to_string()),
            sqlx::Error::Protocol(problem) => self.lost(action, &problem),
            other => Error::Database { action: action.to_owned(), source: Box::new(other) },
        }
    }

    fn lost(self, action: &str, problem: &str) -> Error {
        Error::ConnectionLost {
            name: self.name.to_owned(),
            action: action.to_owned(),
            problem: problem.to_owned(),
        }
    }

    fn of_server(self, action: &str, error: &PgDatabaseError) -> Error {
        let name = self.name.to_owned();
        let message = ServerMessage::of(error);
        match error.code() {
            "55P03" => {
                Error::Locked { name, waited_seconds: self.waited_seconds, holders: Vec::new() }
            }
            // deadlock_detected, serialization_failure.
            "40P01" | "40001" => {
                Error::Conflict { name, action: action.to_owned(), problem: message.0 }
            }
            // query_canceled. An administrator can cancel a query too.
            "57014" if self.is_stopped => Error::Stopped,
            "42501" => Error::Privileges {
                name,
                user: self.user.to_owned(),
                missing: vec![format!("a privilege for {action} ({})", error.message())],
                remedy: format!(
                    "let the tables' owner grant it to {}, or upgrade as the owner",
                    self.user
                )
                .into(),
            },
            "25006" => read_only(name, error.message()),
            // The class 53 also holds configuration_limit_exceeded, out_of_memory and
            // too_many_connections. Only disk_full is about space on the disk.
            "53100" => Error::Full { name, problem: message.0 },
            // data_corrupted and index_corrupted.
            "XX001" | "XX002" => Error::Corrupt { name, problem: message.0 },
            // admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped,
            // idle_session_timeout, and the class of connection exceptions.
            code if code.starts_with("57P") || code.starts_with("08") => {
                self.lost(action, &message.0)
            }
            _ => Error::Database { action: action.to_owned(), source: Box::new(message) },
        }
    }
}

/// Builds the error for a database that cannot be written.
pub(crate) fn read_only(name: String, problem: &str) -> Error {
    Error::ReadOnly {
        name,
        problem: problem.to_owned(),
        remedy: "give the URL of the primary server; if this is one, see its \
               default_transaction_read_only"
            .into(),
    }
}
