//! Database URLs as SQLAlchemy's and MLflow's users write them.
//!
//! `dialect+driver://user:password@host:port/database?parameter=value`: the driver is Python's and
//! does not count here. User, password and parameters are percent-encoded; the name of the database
//! is not (SQLAlchemy manual, "Database URLs").

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::error::Error;

/// Schemes that need no slashes after their colon to be one. What else comes before a colon may be
/// a part of a path.
const KNOWN_SCHEMES: [&str; 8] =
    ["sqlite", "postgresql", "postgres", "mysql", "mariadb", "mssql", "databricks", "file"];

/// What the name of a parameter contains whose value nobody may see.
const SECRET_WORDS: [&str; 5] = ["pass", "pw", "secret", "token", "credential"];

/// Names that are secret as a whole, and harmless as a part of another.
const SECRET_NAMES: [&str; 3] = ["key", "hexkey", "textkey"];

const HIDDEN: &str = "***";
const HIDDEN_REST: &str = "***@…";

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
    /// The host, an address without brackets if it is one of IPv6; or libpq's `h1:p1,h2:p2`, as it is.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The database.
    pub database: Option<String>,
    /// The parameters after the `?`, decoded, in their order.
    pub parameters: Vec<(String, String)>,
    shown: String,
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl ServerUrl {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// If it is none, or its port is no number.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let shown = without_password(url);
        let refuse = |problem: &str, hint: &str| Error::Url {
            url: shown.clone(),
            problem: problem.to_owned(),
            hint: hint.to_owned(),
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            let hint = "write dialect://user:password@host:port/database";
            return Err(refuse("this is no URL of a database on a server", hint));
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
            let hint = "write @ as %40, / as %2F, : as %3A and ? as %3F in a password";
            return Err(refuse("it has an @ after its user and password", hint));
        }
        if parsed.password.is_none() && parsed.user.as_deref().is_some_and(|it| it.contains(':')) {
            let hint = "write the : between user and password as it is";
            return Err(refuse("the : after its user is encoded", hint));
        }
        if parsed.holds_an_assigned_password() {
            let hint = "write dialect://user:password@host:port/database";
            return Err(refuse("a part of it holds a password=value", hint));
        }
        Ok(parsed)
    }

    /// Whether a part that is shown in messages gives a password as other connection strings do.
    fn holds_an_assigned_password(&self) -> bool {
        let parts = [&self.user, &self.host, &self.database].into_iter().flatten();
        let values = self.parameters.iter().filter(|(name, _)| {
            name != "options" && !SECRET_WORDS.iter().any(|word| name.to_lowercase().contains(word))
        });
        parts
            .chain(values.map(|(_, value)| value))
            .any(|text| value_of_secret(text).is_some() || value_of_secret(&decode(text)).is_some())
    }

    /// Whether a part that is shown in messages may be of a password that was not encoded. The rest is
    /// what follows the credentials.
    fn may_hold_the_rest_of_a_password(&self, rest: &str) -> bool {
        let has_at = |text: &str| text.contains('@');
        let database = self.database.as_deref().unwrap_or_default();
        let names = self.parameters.iter().map(|(name, _)| name.as_str());
        self.host.as_deref().is_some_and(has_at)
            || (has_at(database) && self.password.is_some())
            || (database.contains(':') && has_at(rest))
            || (self.password.is_some() && names.into_iter().any(has_at))
    }

    /// The URL as it may be shown: without its password.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The last value of a parameter: of several the last counts.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().rev();
        found.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// As SQLAlchemy does it: a user has neither `:` nor `/`, a password ends at the first `@`.
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

/// The hosts and ports of libpq's `h1:p1,h2:p2`. Where only the last one has a port, SQLAlchemy takes that
/// for all of them.
fn list_of_hosts(authority: &str) -> Option<Vec<(&str, &str)>> {
    let entries: Vec<&str> = authority.split(',').collect();
    let (_, all_but_last) = entries.split_last()?;
    let is_list = !all_but_last.is_empty()
        && (authority.contains('[') || all_but_last.iter().any(|entry| entry.contains(':')));
    is_list.then(|| entries.into_iter().map(split_host).collect())
}

/// Whether a text can stand where a port is.
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

/// A URL's scheme in lower case, without SQLAlchemy's driver; `None` for a bare path.
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

/// A URL as it may be shown.
#[must_use]
pub fn without_password(url: &str) -> String {
    if scheme(url).is_none() && !is_path(url) && scheme(&decode(url)).is_some() {
        return HIDDEN.to_owned();
    }
    let (address, parameters) = match url.split_once('?') {
        Some((address, parameters)) => (address, Some(parameters)),
        None => (url, None),
    };
    let mut shown = match scheme(url) {
        // What follows three slashes is a path.
        Some(scheme) if scheme == "sqlite" && !has_authority(url) => address.to_owned(),
        None if is_path(url) => address.to_owned(),
        // A URL whose colon is missing.
        None if has_authority(url) && url.contains('@') => without_user_password(url, address),
        None => without_misspelt(address),
        _ => without_user_password(url, address),
    };
    // Of a command's arguments.
    if let Some((command, _)) = shown.split_once(" -p") {
        shown = format!("{command} -p{HIDDEN}");
    }
    shown = without_assigned(&shown);
    if let Some(parameters) = parameters.filter(|_| !shown.ends_with(HIDDEN_REST)) {
        let parameters: Vec<String> = parameters.split('&').map(without_secret).collect();
        shown = format!("{shown}?{}", parameters.join("&"));
    }
    shown
}

/// Whether a text without a scheme can only be the path of a file.
#[must_use]
pub fn is_path(text: &str) -> bool {
    let is_drive = matches!(text.as_bytes(), [b'a'..=b'z' | b'A'..=b'Z', b':', b'/' | b'\\', ..]);
    let has_credentials = text.starts_with("//") && text.contains('@');
    is_drive || (text.starts_with(['/', '.', '~', '\\']) && !has_credentials)
}

/// Whether a text gives an address as `name=value`, as drivers' own connection strings do.
#[must_use]
pub fn is_connection_string(text: &str) -> bool {
    const NAMES: [&str; 10] = [
        "host", "hostaddr", "server", "user", "uid", "dbname", "database", "port", "driver",
        "service",
    ];
    let name = text.split('=').next().filter(|name| name.len() < text.len()).unwrap_or_default();
    NAMES.contains(&name.trim().to_lowercase().as_str())
}

/// What follows the colon of a misspelt scheme may be a user and a password, and so may what stands
/// before the host.
fn without_misspelt(address: &str) -> String {
    match address.split_once(':') {
        Some((word, rest)) if !rest.is_empty() && (word.len() > 1 || rest.contains('@')) => {
            match word.split_once('@') {
                Some((_, host)) => format!("{HIDDEN}@{host}:{HIDDEN}"),
                None => format!("{word}:{HIDDEN}"),
            }
        }
        _ => address.to_owned(),
    }
}

/// A text up to the value of the first `password=`, of whatever kind of connection string. One whose
/// name is encoded is not shown at all.
fn without_assigned(text: &str) -> String {
    match value_of_secret(text) {
        Some(start) => format!("{}{HIDDEN}", &text[..start]),
        None if value_of_secret(&decode(text)).is_some() => HIDDEN.to_owned(),
        None => text.to_owned(),
    }
}

/// Where the value begins that a secret name has in a text.
fn value_of_secret(text: &str) -> Option<usize> {
    // As long as the text itself, unlike `to_lowercase`.
    let lower = text.to_ascii_lowercase();
    let words = SECRET_WORDS.iter().flat_map(|word| lower.match_indices(word));
    let values = words.filter_map(|(at, _)| {
        let is_of_name = |one: char| one.is_alphanumeric() || "_-\"' \t".contains(one);
        let rest = lower[at..].trim_start_matches(is_of_name);
        let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix("%3d"))?;
        Some(text.len() - value.len())
    });
    values.filter(|start| !text[*start..].starts_with(HIDDEN)).min()
}

/// Whether two slashes follow, of which the rest may begin with a user and a password.
fn has_authority(url: &str) -> bool {
    url.split_once("//").is_some_and(|(_, rest)| !rest.starts_with('/'))
}

/// A password may contain what should have been encoded; if it seems to, all that follows it is
/// hidden too.
fn without_user_password(url: &str, address: &str) -> String {
    let start = match (scheme(url), url.find("//")) {
        (None, Some(slashes)) => slashes,
        _ => url.find(':').map_or(0, |colon| colon + 1),
    };
    let start = start + url[start..].bytes().take_while(|byte| *byte == b'/').count();
    let (prefix, rest) = url.split_at(start);
    let Some(at) = rest.rfind('@') else {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if decode(authority).contains('@') {
            return format!("{prefix}{HIDDEN_REST}");
        }
        return without_wrong_port(address, start);
    };
    if start + at > address.len() || rest[..at].contains(['/', '@']) {
        return format!("{prefix}{HIDDEN_REST}");
    }
    let host = &address[start + at..];
    match rest[..at].split_once(':') {
        Some((user, _)) => format!("{prefix}{user}:{HIDDEN}{host}"),
        None => format!("{prefix}{HIDDEN}{host}"),
    }
}

/// Where a port should be and none is, the host that belongs to a user and a password may be missing.
fn without_wrong_port(address: &str, start: usize) -> String {
    let (prefix, rest) = address.split_at(start.min(address.len()));
    let authority = rest.split('/').next().unwrap_or_default();
    let is_list = |hosts: Vec<(&str, &str)>| hosts.iter().all(|(_, port)| is_port(port));
    if list_of_hosts(authority).is_some_and(is_list) {
        return address.to_owned();
    }
    let (_, port) = split_host(authority);
    if port.bytes().all(|byte| byte.is_ascii_digit()) {
        return address.to_owned();
    }
    let host = authority.strip_suffix(port).unwrap_or_default();
    format!("{prefix}{host}{HIDDEN}")
}

fn without_secret(parameter: &str) -> String {
    let decoded = decode(parameter);
    // Whatever else stands between a name and its value, it is no part of the name.
    let is_of_name = |one: char| one.is_alphanumeric() || "_-. ".contains(one);
    let end = decoded.find(|one| !is_of_name(one)).unwrap_or(decoded.len());
    let name = &decoded[..end];
    let lower = name.to_lowercase();
    let is_secret = SECRET_NAMES.contains(&lower.as_str());
    if is_secret || SECRET_WORDS.iter().any(|word| lower.contains(word)) {
        format!("{name}={HIDDEN}")
    } else {
        without_assigned(parameter)
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, ServerUrl, without_password};

    #[test]
    fn passwords_are_never_shown() {
        let shown = [
            ("mysql://me:secret@host:3306/db", "mysql://me:***@host:3306/db"),
            ("postgresql+psycopg2://me@host/db", "postgresql+psycopg2://***@host/db"),
            ("https://secret@host", "https://***@host"),
            (
                "postgresql://host/db?user=me&Password=secret",
                "postgresql://host/db?user=me&Password=***",
            ),
            ("postgresql://me:se/cret@host/db?x=1", "postgresql://***@…"),
            ("postgresql://me:se?cr@et@host/db", "postgresql://***@…"),
            ("postgresql://me:se@cret@host/db", "postgresql://***@…"),
            ("mysql:me:secret@host", "mysql:me:***@host"),
            ("postgresql://h/db?x=1&pass%77ord=secret", "postgresql://h/db?x=1&password=***"),
            ("postgresql://h/db?password%3Dsecret", "postgresql://h/db?password=***"),
            ("mysql://h/db?ssl_key_passphrase=secret", "mysql://h/db?ssl_key_passphrase=***"),
            ("mysql://me:secret", "mysql://me:***"),
            ("mysql://me:secret/db?x=1", "mysql://me:***?x=1"),
            ("mysql://[::1]:3306/db", "mysql://[::1]:3306/db"),
            ("postgresql//me:secret@host/db", "postgresql//me:***@host/db"),
            ("postgresql:///me:secret@host/db", "postgresql:///me:***@host/db"),
            ("sqlite://me:secret@host/x.db", "sqlite://me:***@host/x.db"),
            ("sqlite+pysqlcipher://:secret@/x.db", "sqlite+pysqlcipher://:***@/x.db"),
            ("sqlite:////home/me@work/x.db", "sqlite:////home/me@work/x.db"),
            ("a@b.db", "a@b.db"),
            ("host=db user=me password=secret dbname=m", "host=db user=me password=***"),
            ("host=db Password = 'secret x' dbname=m", "host=db Password =***"),
            ("Server=h;Uid=me;PWD=secret;Database=d", "Server=h;Uid=me;PWD=***"),
            ("mysql://h/db;user=me;password=secret", "mysql://h/db;user=me;password=***"),
            ("postgresql://h:5/db;pass%77ord=secret", "***"),
            ("postgresql://h/db#sslpassword%3dsecret", "postgresql://h/db#sslpassword%3d***"),
            (
                "postgresql://h/d?user=me;password=secret&a=b",
                "postgresql://h/d?user=me;password=***&a=b",
            ),
            ("mysqll:me:secret@h/d", "mysqll:***"),
            ("me:secret@h/d", "me:***"),
            ("mysqll:/me:secret@h/d", "mysqll:***"),
            ("jdbc:mysql://h/d?user=me&password=secret", "jdbc:***?user=me&password=***"),
            ("postgresql://h1:5432,h2:5433/d", "postgresql://h1:5432,h2:5433/d"),
            ("postgresql://me:secret@h1:1,h2:2/d", "postgresql://me:***@h1:1,h2:2/d"),
            ("postgresql://me:secret,h2:2/d", "postgresql://me:***"),
            ("./a:b.db", "./a:b.db"),
            ("u:secret@h", "u:***"),
            (":u:secret@h", ":***"),
            ("//me:secret@h/db", "//me:***@h/db"),
            ("me/secret@h:1521/db", "***@h:***"),
            ("me:secret@tcp(h:1)/db", "me:***"),
            ("mysql%3A%2F%2Fme%3Asecret%40h%2Fdb", "***"),
            ("mysql://me%3asecret%40h:1/db", "mysql://***@…"),
            ("mysql://me%3Asecret@h:1/db", "mysql://***@h:1/db"),
            ("mysql://me@h/db?pw=secret&sslkeypw=secret", "mysql://***@h/db?pw=***&sslkeypw=***"),
            ("mysql://me@h/db?password;secret", "mysql://***@h/db?password=***"),
            ("mysql://me@h/db?password:secret", "mysql://***@h/db?password=***"),
            ("sqlite+pysqlcipher:///x.db?key=secret", "sqlite+pysqlcipher:///x.db?key=***"),
            ("mysql://me@h/db?ssl_key=k.pem", "mysql://***@h/db?ssl_key=k.pem"),
            ("mysql -u me -psecret db", "mysql -u me -p***"),
            (r"C:\x\mlflow.db", r"C:\x\mlflow.db"),
        ];
        for (url, expected) in shown {
            assert_eq!(without_password(url), expected);
        }
    }

    #[test]
    fn urls_are_taken_apart_as_sqlalchemy_does_it() {
        let parse = |url: &str| ServerUrl::parse(url).unwrap();
        let url = parse(
            "MySQL+PyMySQL://me:p%40ss%2Fw+rd@db.example:3307/ml%20flow?charset=utf8mb4&a=b+c%26",
        );
        assert_eq!(url.dialect, "mysql");
        assert_eq!(url.user.as_deref(), Some("me"));
        assert_eq!(url.password, Some(Secret("p@ss/w+rd".to_owned())));
        assert_eq!((url.host.as_deref(), url.port), (Some("db.example"), Some(3307)));
        assert_eq!(url.database.as_deref(), Some("ml%20flow"));
        assert_eq!(url.parameter("charset"), Some("utf8mb4"));
        assert_eq!(url.parameter("a"), Some("b c&"));
        let url = parse("postgresql://me:a:b/c?d@[::1]:5433/db?options=-csearch_path%3Dml");
        assert_eq!(url.password, Some(Secret("a:b/c?d".to_owned())));
        assert_eq!((url.host.as_deref(), url.port), (Some("::1"), Some(5433)));
        assert_eq!(url.parameter("options"), Some("-csearch_path=ml"));
        let url = parse("postgresql:///db?host=/run/postgresql&host=/tmp");
        assert_eq!((url.user, url.host.clone(), url.port), (None, None, None));
        assert_eq!(url.parameters.len(), 2);
        let url = parse("mysql://h?unix_socket=/tmp/a@b.sock");
        assert_eq!((url.host.as_deref(), url.database), (Some("h"), None));
        let url = parse("postgresql://me:p@h1:1,[::1]:2,h3/d");
        assert_eq!((url.host.as_deref(), url.port), (Some("h1:1,[::1]:2,h3"), None));
        let url = parse("postgresql://h1,h2:3/d");
        assert_eq!((url.host.as_deref(), url.port), (Some("h1,h2"), Some(3)));
        for wrong in [
            "mysql:h/d",
            "mysql://h:port/d",
            "mysql://h:70000/d",
            "mysql://h1:1,h2:2/d",
            "postgresql://h1:1,h2:port/d",
            "postgresql://h1:70000,h2/d",
        ] {
            assert!(ServerUrl::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse("mysql://me@h/d@e").database.as_deref(), Some("d@e"));
    }

    #[test]
    fn what_may_be_the_rest_of_a_password_is_refused() {
        for url in [
            "postgresql://me:p@secret@host/db",
            "postgresql://me:p@h/secret@host/db",
            "postgresql://me:p@h/d?secret@host/db",
            "postgresql:///me:secret@host/db",
            "postgresql://me/x:secret@host/db",
            "postgresql:///me:secret?x=@host/db",
        ] {
            let error = ServerUrl::parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
            assert!(error.hint().unwrap().contains("%40"));
        }
    }

    #[test]
    fn a_user_with_an_encoded_colon_may_hold_a_password() {
        let error = ServerUrl::parse("mysql://me%3Asecret@h/d").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        let url = ServerUrl::parse("mysql://a%3Ab:p@h/d").unwrap();
        assert_eq!(url.user.as_deref(), Some("a:b"));
    }

    #[test]
    fn a_password_that_is_assigned_is_refused() {
        for url in [
            "mysql://h/d;user=me;password=secret",
            "mysql://h/d#pwd=secret",
            "mysql://h;password=secret/d",
            "postgresql://me%20password=secret@h/d",
            "postgresql://h/d?user=me;password=secret",
            "postgresql://h/d;pass%77ord=secret",
        ] {
            let error = ServerUrl::parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
        for url in ["postgresql://h/passwords", "postgresql://h/d?options=-capp.token%3Dx"] {
            assert!(ServerUrl::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_debug_text_shows_no_password() {
        let url = ServerUrl::parse("mysql://me:secret@h/d?password=secret").unwrap();
        assert!(!format!("{url:?} {:?}", url.password).contains("secret"));
        assert_eq!(url.shown(), "mysql://me:***@h/d?password=***");
    }
}
