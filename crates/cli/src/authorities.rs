//! Restricts the trusted authorities to the ones that the URL names.
//!
//! The driver adds the operating system's authorities to the ones in the URL, through
//! rustls-native-certs. If `SSL_CERT_FILE` is set, rustls-native-certs reads that file instead. No
//! program can safely change its own environment. So this program runs itself again with a file in
//! `SSL_CERT_FILE` that holds no authority.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::process::{Command, ExitCode};

use mlflow_migrate_backend_server::certificates::{NO_AUTHORITIES, SYSTEM_FILE};
use mlflow_migrate_core::url::DatabaseUrl;

use crate::url;

/// The variable that names a folder of authorities.
const SYSTEM_FOLDER: &str = "SSL_CERT_DIR";

/// The variable that keeps the user's [`SYSTEM_FILE`].
const FORMER_FILE: &str = "MLFLOW_MIGRATE_SSL_CERT_FILE";

/// Returns an environment variable with the value that the user has set.
pub(crate) fn variable(name: &str) -> Option<String> {
    let began_again = name == SYSTEM_FILE && has_none();
    env::var(if began_again { FORMER_FILE } else { name }).ok()
}

/// Runs the program again without the system's authorities, if a URL names a server.
///
/// Any argument may be a URL. Does nothing if the program already runs that way. If it cannot run
/// again, the backend refuses to connect where a URL names an authority.
///
/// # Errors
/// The exit code of the second run, on systems where it cannot replace this process.
pub(crate) fn rerun_without_system_authorities() -> Result<(), ExitCode> {
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
    // `exec` returns only if it failed.
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
