//! Explains why a login fails.

use std::io::ErrorKind;

use mlflow_migrate_backend_server::name_lookup::NameLookup;
use mlflow_migrate_core::Error;
use sqlx::postgres::{PgDatabaseError, PgSslMode};

use super::target::Target;
use super::url::endpoint::Endpoint;
use crate::error::from_server;

/// `invalid_catalog_name`.
const MISSING_DATABASE: &str = "3D000";

const HOST_REMEDY: &str = "check the host's name";

/// A failed login.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether a connection of the other kind, with or without encryption, may succeed.
    pub(super) may_be_encryption: bool,
    /// Whether the server has no database of this name.
    pub(crate) is_missing_database: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, may_be_encryption: false, is_missing_database: false }
    }
}

/// Explains a failure, and how to fix its cause.
pub(super) fn explain(target: &Target<'_>, source: sqlx::Error, mode: PgSslMode) -> Failure {
    if let Some(error) = from_server(&source) {
        return Failure {
            error: refused(target, error, mode),
            may_be_encryption: error.code() == "28000",
            is_missing_database: error.code() == MISSING_DATABASE,
        };
    }
    match source {
        sqlx::Error::Io(error) if is_tls(&error) => tls_failure(target, &error.to_string()),
        sqlx::Error::Io(error) => Failure::from(no_connection(target, &error)),
        sqlx::Error::Tls(error) => tls_failure(target, &error.to_string()),
        sqlx::Error::Configuration(error) => tls_failure(target, &error.to_string()),
        // sqlx's own message names a place in its source code.
        _ => Failure::from(target.unreachable(
            "what answers does not speak PostgreSQL's protocol",
            "check the host and the port",
        )),
    }
}

fn tls_failure(target: &Target<'_>, problem: &str) -> Failure {
    let remedy = if problem.contains("does not support TLS") {
        "turn ssl on at the server, or say sslmode=prefer"
    } else if problem.contains("UnknownIssuer") || problem.contains("root") {
        "sslrootcert=FILE names the authority that has signed the server's certificate"
    } else if problem.contains("not valid for") {
        "use the host's name that the certificate is for, or say sslmode=verify-ca"
    } else {
        "check sslmode, sslrootcert, sslcert and sslkey"
    };
    Failure { may_be_encryption: true, ..Failure::from(target.tls(problem, remedy)) }
}

fn no_connection(target: &Target<'_>, error: &std::io::Error) -> Error {
    let Endpoint { host, port, .. } = target.endpoint;
    let text = error.to_string();
    if let Some(lookup) = NameLookup::of(error) {
        let (problem, remedy) = (format!("the host {host} is not known ({text})"), HOST_REMEDY);
        return match lookup {
            NameLookup::Unanswered => target.unavailable(&problem, remedy),
            NameLookup::Unknown => target.unreachable(&problem, remedy),
        };
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => target.unavailable(
            "the connection was refused",
            &format!("is the server running, and does it listen on {host}, port {port}?"),
        ),
        ErrorKind::NotFound if target.endpoint.is_socket() => target.unavailable(
            &format!("there is no socket {host}/.s.PGSQL.{port}"),
            "is the server running? Give its host if it is elsewhere",
        ),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => target.unavailable(
            "the server closed the connection at once",
            "see the server's log; is it PostgreSQL that listens there?",
        ),
        _ => target.unavailable(&text, "check the host and the port"),
    }
}

/// Explains the server's refusal.
fn refused(target: &Target<'_>, error: &PgDatabaseError, mode: PgSslMode) -> Error {
    let message = error.message();
    match error.code() {
        "28P01" if target.password.is_none() => {
            target.denied(&format!("{message} (no password was given)"))
        }
        "28000" if message.contains("no encryption") || message.contains("SSL off") => target.tls(
            message,
            if matches!(mode, PgSslMode::Disable) {
                "the server may take encrypted connections only: say sslmode=require"
            } else {
                "let pg_hba.conf of the server allow this connection"
            },
        ),
        "28000" if message.contains("client certificate") => {
            target.tls(message, "give sslcert=FILE and sslkey=FILE")
        }
        "28P01" | "28000" | "42501" => target.denied(message),
        MISSING_DATABASE => target.unreachable(
            message,
            &format!("create it with CREATE DATABASE \"{}\", or correct the URL", target.database),
        ),
        "53300" => target.unavailable(
            message,
            "close other connections, or raise max_connections of the server",
        ),
        // cannot_connect_now, and admin_shutdown and crash_shutdown while the server stops.
        "57P01" | "57P02" | "57P03" => {
            target.unavailable(message, "wait until the server is up, and try again")
        }
        code => target.unreachable(
            &format!("{message} ({code})"),
            "see the server's log, and the options in the URL",
        ),
    }
}

/// Returns whether the error is about TLS. rustls reports its errors through the socket.
fn is_tls(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::InvalidData
}
