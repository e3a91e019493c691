//! Reads where and how to connect: from the URL, a service, and the environment's defaults.
//!
//! They are read in psycopg2's order of precedence, because MLflow's users write URLs for psycopg2.

mod demands;
pub(crate) mod endpoint;
mod parameters;
mod service_file;
pub(crate) mod session_kind;
pub(crate) mod settings;
mod sources;
mod verification;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::{Secret, ServerUrl};

use self::endpoint::{Endpoint, endpoints};
use self::session_kind::SessionKind;
use self::settings::{Authority, Settings, TlsMode};
use self::sources::Sources;
use self::verification::{tls_mode, verification};

pub use self::parameters::ENVIRONMENT;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads a URL as [`crate::Postgres::connect`] does, without connecting.
///
/// Returns warnings about parts that have no effect. The environment holds defaults for what the
/// URL leaves out.
///
/// # Errors
/// If a parameter's value is invalid, or asks for an unsupported protection.
pub fn read_url(
    url: &ServerUrl,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<String>, Error> {
    Ok(read(url, environment)?.warnings)
}

/// Reads a URL.
///
/// # Errors
/// If a parameter's value is invalid, or asks for an unsupported protection.
pub(crate) fn read(
    url: &ServerUrl,
    environment: &BTreeMap<String, String>,
) -> Result<Settings, Error> {
    let sources = Sources::new(url, environment)?;
    let warnings = demands::check(&sources)?;
    let options = match sources.find("options", None, "PGOPTIONS") {
        Some(text) => parse_options(&text).map_err(|problem| {
            sources.refuse(problem, "write options=-csearch_path%3Dname, or -c name=value")
        })?,
        None => Vec::new(),
    };
    let endpoints = endpoints(&sources)?;
    // As with libpq, a socket is never encrypted.
    let (tls_mode, authority) = if endpoints.iter().all(Endpoint::is_socket) {
        (tls_mode(&sources)?.unwrap_or(TlsMode::Prefer), Authority::Anybody)
    } else {
        verification(&sources)?
    };
    let sends_certificate =
        sources.find("sslcertmode", None, "PGSSLCERTMODE").is_none_or(|mode| mode != "disable");
    Ok(Settings {
        endpoints,
        user: sources.find("user", url.user.clone(), "PGUSER").or_else(|| sources.variable("USER")),
        password: sources
            .parameter("password")
            .map(Secret)
            .or_else(|| url.password.clone())
            .or_else(|| sources.of_service("password").map(Secret))
            .or_else(|| sources.variable("PGPASSWORD").map(Secret)),
        passfile: sources
            .find("passfile", None, "PGPASSFILE")
            .map(PathBuf::from)
            .or_else(|| sources.home().map(|home| home.join(".pgpass"))),
        database: sources.find("dbname", url.database.clone(), "PGDATABASE"),
        tls_mode,
        authority,
        certificate: sources
            .find("sslcert", None, "PGSSLCERT")
            .map(PathBuf::from)
            .or_else(|| sources.default_file("postgresql.crt"))
            .filter(|_| sends_certificate),
        key: sources
            .find("sslkey", None, "PGSSLKEY")
            .map(PathBuf::from)
            .or_else(|| sources.default_file("postgresql.key"))
            .filter(|_| sends_certificate),
        options,
        application_name: sources
            .find("application_name", None, "PGAPPNAME")
            .or_else(|| sources.parameter("fallback_application_name"))
            .unwrap_or_else(|| "mlflow-migrate".to_owned()),
        timeout: timeout(&sources)?,
        session_kind: SessionKind::wanted(&sources)?,
        warnings,
    })
}

fn timeout(sources: &Sources<'_>) -> Result<Option<Duration>, Error> {
    let Some(text) = sources.find("connect_timeout", None, "PGCONNECT_TIMEOUT") else {
        return Ok(Some(CONNECT_TIMEOUT));
    };
    let seconds: i64 = text.trim().parse().map_err(|_| {
        let problem = "its connect_timeout is no number of seconds".to_owned();
        sources.refuse(problem, "write connect_timeout=10")
    })?;
    // As in libpq, one second becomes two, and zero or less sets no limit.
    Ok(u64::try_from(seconds).ok().filter(|it| *it > 0).map(|it| Duration::from_secs(it.max(2))))
}

/// Splits `-c name=value --name=value`, where a backslash escapes the next character.
fn parse_options(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        match one {
            '\\' => word.get_or_insert_default().extend(characters.next()),
            _ if one.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(one),
        }
    }
    words.extend(word);
    let mut options = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--") {
            Some(setting) => setting.to_owned(),
            None if word == "-c" => words.next().unwrap_or_default(),
            None => word.strip_prefix("-c").map(ToOwned::to_owned).unwrap_or_default(),
        };
        let Some((name, value)) = setting.split_once('=') else {
            return Err("its options are not of the form -c name=value".to_owned());
        };
        options.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(options)
}

#[cfg(test)]
mod tests;
