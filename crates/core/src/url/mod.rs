//! Parses database URLs as users of SQLAlchemy and MLflow write them.
//!
//! `dialect+driver://user:password@host:port/database?parameter=value`: the driver is Python's, and
//! is ignored. User, password and parameters are percent-encoded; the name of the database is not
//! (SQLAlchemy manual, "Database URLs").

mod database_url;
mod shown;

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::error::Error;

pub use database_url::DatabaseUrl;
pub use shown::without_password;
use shown::{HIDDEN, SECRET_WORDS, value_of_secret};

/// The schemes that are recognised without slashes after the colon.
///
/// Any other word before a colon may be part of a path.
const KNOWN_SCHEMES: [&str; 8] =
    ["sqlite", "postgresql", "postgres", "mysql", "mariadb", "mssql", "databricks", "file"];

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The parts of the URL of a database on a server.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// The dialect, in lower case, without the driver.
    pub dialect: String,
    /// The user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The host: an IPv6 address without brackets, or libpq's `h1:p1,h2:p2` unchanged.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The database.
    pub database: Option<String>,
    /// The parameters after the `?`, decoded, in order.
    pub parameters: Vec<(String, String)>,
    shown: String,
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl ServerUrl {
    /// Parses the URL of a database on a server.
    ///
    /// # Errors
    /// If the text is no such URL, or its port is not a number.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let shown = without_password(url);
        let refuse = |problem: &str, remedy: &str| Error::Url {
            url: shown.clone(),
            problem: problem.to_owned(),
            remedy: remedy.into(),
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            let remedy = "write dialect://user:password@host:port/database";
            return Err(refuse("this is no URL of a database on a server", remedy));
        };
        let (credentials, rest) = split_credentials(rest);
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = address.split_once('/').unwrap_or((address, ""));
        let dialect = scheme.split('+').next().unwrap_or(scheme).to_lowercase();
        let wrong_port =
            || refuse("its port is no number from 1 to 65535", "write host:port/database");
        let hosts = list_of_hosts(authority).filter(|_| dialect.starts_with("postgres"));
        let (host, port) = match &hosts {
            Some(hosts) if hosts.iter().any(|(_, port)| !is_port(port)) => return Err(wrong_port()),
            Some(_) => (authority, ""),
            None => split_host(authority),
        };
        let port = match port {
            "" => None,
            port => Some(port.parse().map_err(|_| wrong_port())?),
        };
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(Secret(decode(password)))),
            None => (credentials, None),
        };
        let parsed = Self {
            dialect,
            user: non_empty(&decode(user)),
            password,
            host: non_empty(&decode(host)),
            port,
            database: non_empty(database),
            parameters: query.split('&').filter(|one| !one.is_empty()).map(parameter).collect(),
            shown: shown.clone(),
        };
        if parsed.may_hold_the_rest_of_a_password(rest) {
            let remedy = "write @ as %40, / as %2F, : as %3A and ? as %3F in a password";
            return Err(refuse("it has an @ after its user and password", remedy));
        }
        if parsed.password.is_none() && parsed.user.as_deref().is_some_and(|it| it.contains(':')) {
            let remedy = "write the : between user and password as it is";
            return Err(refuse("the : after its user is encoded", remedy));
        }
        if parsed.holds_an_assigned_password() {
            let remedy = "write dialect://user:password@host:port/database";
            return Err(refuse("a part of it holds a password=value", remedy));
        }
        Ok(parsed)
    }

    /// Returns whether a visible part contains a password as in other connection strings.
    fn holds_an_assigned_password(&self) -> bool {
        let parts = [&self.user, &self.host, &self.database].into_iter().flatten();
        let values = self.parameters.iter().filter(|(name, _)| {
            name != "options" && !SECRET_WORDS.iter().any(|word| name.to_lowercase().contains(word))
        });
        parts
            .chain(values.map(|(_, value)| value))
            .any(|text| value_of_secret(text).is_some() || value_of_secret(&decode(text)).is_some())
    }

    /// Returns whether a visible part may belong to a password that was not encoded.
    ///
    /// `rest` is what follows the credentials.
    fn may_hold_the_rest_of_a_password(&self, rest: &str) -> bool {
        let has_at = |text: &str| text.contains('@');
        let database = self.database.as_deref().unwrap_or_default();
        let names = self.parameters.iter().map(|(name, _)| name.as_str());
        self.host.as_deref().is_some_and(has_at)
            || (has_at(database) && self.password.is_some())
            || (database.contains(':') && has_at(rest))
            || (self.password.is_some() && names.into_iter().any(has_at))
    }

    /// Returns the URL without its password, for messages.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Returns the value of a parameter; of several values, the last counts.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().rev();
        found.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Splits off the credentials as SQLAlchemy does.
///
/// A user contains neither `:` nor `/`, and a password ends at the first `@`.
fn split_credentials(rest: &str) -> (&str, &str) {
    let user_end = rest.find([':', '/', '@', '?']).unwrap_or(rest.len());
    let credentials_end = match rest.as_bytes().get(user_end) {
        Some(b'@') => Some(user_end),
        Some(b':') => rest[user_end..].find('@').map(|at| user_end + at),
        _ => None,
    };
    credentials_end.map_or(("", rest), |end| (&rest[..end], &rest[end + 1..]))
}

fn split_host(authority: &str) -> (&str, &str) {
    if let Some((host, rest)) = authority.strip_prefix('[').and_then(|inner| inner.split_once(']'))
    {
        return (host, rest.strip_prefix(':').unwrap_or(rest));
    }
    authority.split_once(':').unwrap_or((authority, ""))
}

/// Returns the hosts and ports of libpq's `h1:p1,h2:p2`.
///
/// Where only the last host has a port, SQLAlchemy uses that port for all hosts.
fn list_of_hosts(authority: &str) -> Option<Vec<(&str, &str)>> {
    let entries: Vec<&str> = authority.split(',').collect();
    let (_, all_but_last) = entries.split_last()?;
    let is_list = !all_but_last.is_empty()
        && (authority.contains('[') || all_but_last.iter().any(|entry| entry.contains(':')));
    is_list.then(|| entries.into_iter().map(split_host).collect())
}

/// Returns whether a text is valid as a port.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.parse::<u16>().is_ok()
}

fn parameter(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let form_decode = |text: &str| decode(&text.replace('+', " "));
    (form_decode(name), form_decode(value))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Returns a URL's scheme in lower case, without SQLAlchemy's driver; `None` for a bare path.
#[must_use]
pub fn scheme(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|one| one.is_ascii_alphanumeric() || "+-._".contains(one));
    let name = scheme.split('+').next().unwrap_or(scheme).to_lowercase();
    let is_marked = rest.starts_with("//") || KNOWN_SCHEMES.contains(&name.as_str());
    (is_scheme && is_marked).then_some(name)
}

/// Returns whether a text without a scheme can only be the path of a file.
#[must_use]
pub fn is_path(text: &str) -> bool {
    let is_drive = matches!(text.as_bytes(), [b'a'..=b'z' | b'A'..=b'Z', b':', b'/' | b'\\', ..]);
    let has_credentials = text.starts_with("//") && text.contains('@');
    is_drive || (text.starts_with(['/', '.', '~', '\\']) && !has_credentials)
}

/// Returns whether a text is a `name=value` address, as in drivers' own connection strings.
#[must_use]
fn is_connection_string(text: &str) -> bool {
    const NAMES: [&str; 10] = [
        "host", "hostaddr", "server", "user", "uid", "dbname", "database", "port", "driver",
        "service",
    ];
    let name = text.split('=').next().filter(|name| name.len() < text.len()).unwrap_or_default();
    NAMES.contains(&name.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests;
