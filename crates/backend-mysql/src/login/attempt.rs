//! Logs in to a server, or explains why the login fails.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_backend_server::line::Meter;
use mlflow_migrate_backend_server::name_lookup::NameLookup;
use mlflow_migrate_core::Error;
use sqlx::MySqlConnection;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use super::failure::Failure;
use super::greeting;
use super::url::Target;
use crate::error::{Context, describe_io, server_error};

/// The driver's connection, and the meter that counts what the server sends over it.
pub(crate) type Opened = (MySqlConnection, Arc<Meter>);

/// Logs in as the URL asks.
pub(crate) async fn open(target: &Target, context: &Context) -> Result<Opened, Error> {
    match attempt(target.connect_timeout, &target.options).await {
        Ok(connection) => Ok(connection),
        Err(failure) => Err(refusal(target, context, failure).await),
    }
}

/// Returns the error for a failed login, after a look at what the server demands.
pub(super) async fn refusal(target: &Target, context: &Context, failure: Failure) -> Error {
    if is_denied(&failure) && is_encryption_demanded(target).await {
        return Error::Tls {
            name: context.name.clone(),
            problem: "the server takes this user only over an encrypted connection".to_owned(),
            remedy: "remove ssl_disabled, or write ssl_mode=REQUIRED, in the URL".into(),
        };
    }
    explain(&target.options, context, failure)
}

/// Logs in with these options, within a timeout.
pub(super) async fn attempt(
    timeout: Duration,
    options: &MySqlConnectOptions,
) -> Result<Opened, Failure> {
    match tokio::time::timeout(timeout, greeting::connect(options)).await {
        Ok(result) => result,
        Err(_) => Err(Failure::Other(sqlx::Error::Io(no_answer(timeout)))),
    }
}

fn is_denied(failure: &Failure) -> bool {
    let Failure::Other(source) = failure else { return false };
    server_error(source).is_some_and(|(number, _)| number == 1045)
}

/// Returns whether the server lets the user in over an encrypted connection.
///
/// A server refuses a user created with `REQUIRE SSL` as if the password were wrong.
async fn is_encryption_demanded(target: &Target) -> bool {
    let disabled = matches!(target.options.get_ssl_mode(), MySqlSslMode::Disabled);
    let encrypted = target.options.clone().ssl_mode(MySqlSslMode::Required);
    disabled
        && target.options.get_socket().is_none()
        && attempt(target.connect_timeout, &encrypted).await.is_ok()
}

/// Returns the error for a failed login.
pub(crate) fn explain(options: &MySqlConnectOptions, context: &Context, failure: Failure) -> Error {
    let name = context.name.clone();
    let unreachable = |problem: String, remedy: &str| Error::Unreachable {
        name: name.clone(),
        problem,
        remedy: remedy.into(),
    };
    let encryption = |problem, remedy: &str| encryption_error(context, problem, remedy);
    let source = match failure {
        Failure::ClearPassword => return encryption(CLEAR_PASSWORD.to_owned(), AUTHORITY_REMEDY),
        Failure::ForeignKey => return encryption(FOREIGN_KEY.to_owned(), FOREIGN_KEY_REMEDY),
        Failure::Other(source) => source,
    };
    let remedy = encryption_remedy(options);
    match source {
        // The TLS library reports its errors as invalid data.
        sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => {
            encryption(format!("the connection cannot be encrypted: {cause}"), remedy)
        }
        sqlx::Error::Io(cause) => {
            let problem = match options.get_socket() {
                Some(path) => format!("{}: {}", path.display(), describe_io(&cause)),
                None => describe_io(&cause),
            };
            let remedy = "check host and port, and whether the server is running";
            if NameLookup::of(&cause) == Some(NameLookup::Unknown) {
                return unreachable(problem, remedy);
            }
            Error::Unavailable { name, problem, remedy: remedy.into() }
        }
        sqlx::Error::Tls(cause) => encryption(cause.to_string(), remedy),
        sqlx::Error::Configuration(cause) => encryption(cause.to_string(), remedy),
        sqlx::Error::Protocol(problem) if problem.contains("authentication plugin") => {
            Error::AccessDenied { name: name.clone(), problem }
        }
        sqlx::Error::Protocol(problem) => {
            let problem = format!("the server does not answer as MySQL does: {problem}");
            unreachable(problem, "check host and port")
        }
        source => context.error("connecting", source),
    }
}

/// The remedy on making a URL's own authority the only trusted one.
pub(crate) const ENVIRONMENT_REMEDY: &str =
    "mlflow-migrate itself starts that way; a program that embeds it has to, or to allow them";

const CLEAR_PASSWORD: &str =
    "the server asks for the password in clear text, and nothing shows that it is the right server";

const AUTHORITY_REMEDY: &str = "the password was not sent; check host and port, and write \
     ssl_ca=FILE with the authority that has signed the server's certificate";

const FOREIGN_KEY: &str = "the server asks for the password encrypted with a key of its own, over \
     a connection that is not encrypted, and nothing shows that it is the right server";

const FOREIGN_KEY_REMEDY: &str = "the password was not sent; let the server offer TLS, or write \
     ssl_mode=DISABLED if nobody else can be at the other end";

fn encryption_remedy(options: &MySqlConnectOptions) -> &'static str {
    match options.get_ssl_mode() {
        MySqlSslMode::VerifyIdentity => {
            "ssl_ca (or MLFLOW_MYSQL_SSL_CA) must be what signed the server's certificate, and that \
             must name the host; ssl_check_hostname=false does not look at the host"
        }
        MySqlSslMode::VerifyCa => {
            "ssl_ca (or MLFLOW_MYSQL_SSL_CA) must be what signed the server's certificate"
        }
        _ => {
            "the server must offer TLS 1.2 or later; ssl_mode=DISABLED asks for no encryption, where \
             nobody can read along"
        }
    }
}

/// Returns the error for a connection that cannot be encrypted as required.
pub(crate) fn encryption_error(context: &Context, problem: String, remedy: &str) -> Error {
    Error::Tls { name: context.name.clone(), problem, remedy: remedy.into() }
}

/// Returns the error for a server that did not answer within the timeout.
pub(crate) fn no_answer(timeout: Duration) -> io::Error {
    let problem = format!("no answer within {} s", timeout.as_secs_f64());
    io::Error::new(io::ErrorKind::TimedOut, problem)
}
