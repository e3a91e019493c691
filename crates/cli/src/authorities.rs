//! Sees to it that a server is checked against whom the URL names, and nobody else.
//!
//! The driver adds the authorities of the operating system to that one, by way of rustls-native-certs,
//! which takes those in the file that `SSL_CERT_FILE` names instead. No program can safely change its own
//! environment, so this one begins again with a file there that holds none.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::process::{Command, ExitCode};

use mlflow_migrate_backend_server::certificates::{NO_AUTHORITIES, SYSTEM_FILE};
use mlflow_migrate_core::url::DatabaseUrl;

use crate::url;

/// The variable that names a folder of authorities.
const SYSTEM_FOLDER: &str = "SSL_CERT_DIR";

/// What [`SYSTEM_FILE`] was when the program began for the first time.
const FORMER_FILE: &str = "MLFLOW_MIGRATE_SSL_CERT_FILE";

/// A variable of the environment, as it was when the program began for the first time.
pub(crate) fn variable(name: &str) -> Option<String> {
    let began_again = name == SYSTEM_FILE && has_none();
    env::var(if began_again { FORMER_FILE } else { name }).ok()
}

/// Begins again, if there may be a server and that has not happened yet. If it cannot be done, the
/// backend refuses to connect where a URL names an authority.
///
/// # Errors
/// The exit code of the program that began again, where the system cannot let it take this one's place.
pub(crate) fn begin_again_without() -> Result<(), ExitCode> {
    let arguments = || env::args_os().skip(1);
    let variables = || url::VARIABLES.iter().filter_map(env::var_os);
    if has_none() || !arguments().chain(variables()).any(|text| names_a_server(&text)) {
        return Ok(());
    }
    let Ok(program) = env::current_exe() else { return Ok(()) };
    let mut again = Command::new(program);
    again
        .args(arguments())
        .env(SYSTEM_FILE, NO_AUTHORITIES)
        .env_remove(SYSTEM_FOLDER)
        .env_remove(FORMER_FILE);
    if let Some(former) = env::var_os(SYSTEM_FILE) {
        again.env(FORMER_FILE, former);
    }
    replace(again)
}

fn has_none() -> bool {
    env::var_os(SYSTEM_FILE).is_some_and(|file| file == NO_AUTHORITIES)
}

fn names_a_server(text: &OsStr) -> bool {
    let url = text.to_str().map(DatabaseUrl::parse);
    matches!(url, Some(Ok(DatabaseUrl::Postgres(_) | DatabaseUrl::Mysql(_))))
}

#[cfg(unix)]
fn replace(mut again: Command) -> Result<(), ExitCode> {
    use std::os::unix::process::CommandExt;
    if let Some(name) = env::args_os().next() {
        again.arg0(name);
    }
    // It only comes back from where it could not go.
    let _: io::Error = again.exec();
    Ok(())
}

#[cfg(not(unix))]
fn replace(mut again: Command) -> Result<(), ExitCode> {
    match again.status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            Err(code.map_or(ExitCode::FAILURE, ExitCode::from))
        }
        Err(_) => Ok(()),
    }
}
