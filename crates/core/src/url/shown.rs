//! Removes passwords from URLs, and from texts that a user gave as a URL.

use super::{decode, is_path, is_port, list_of_hosts, scheme, split_host};

/// Parts of the names of parameters whose values are secret.
pub(super) const SECRET_WORDS: [&str; 5] = ["pass", "pw", "secret", "token", "credential"];

/// Names that are secret as a whole, and harmless as a part of another name.
const SECRET_NAMES: [&str; 3] = ["key", "hexkey", "textkey"];

pub(super) const HIDDEN: &str = "***";
const HIDDEN_REST: &str = "***@…";

/// Returns a URL without its password, for messages.
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
        // After three slashes, the rest is a path.
        Some(scheme) if scheme == "sqlite" && !has_authority(url) => address.to_owned(),
        None if is_path(url) => address.to_owned(),
        // A URL without its colon.
        None if has_authority(url) && url.contains('@') => without_user_password(url, address),
        None => without_misspelt(address),
        _ => without_user_password(url, address),
    };
    // A password in the arguments of a command.
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

/// Hides what may be credentials in a URL with a misspelt scheme.
///
/// These may follow the colon, or precede the host.
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

/// Returns a text up to the value of the first `password=`, as in any connection string.
///
/// If the name is percent-encoded, the whole text is hidden.
fn without_assigned(text: &str) -> String {
    match value_of_secret(text) {
        Some(start) => format!("{}{HIDDEN}", &text[..start]),
        None if value_of_secret(&decode(text)).is_some() => HIDDEN.to_owned(),
        None => text.to_owned(),
    }
}

/// Returns the position of the value of a secret name in a text.
pub(super) fn value_of_secret(text: &str) -> Option<usize> {
    // Keeps the length of the text, unlike `to_lowercase`.
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

/// Returns whether two slashes follow, after which credentials may begin.
fn has_authority(url: &str) -> bool {
    url.split_once("//").is_some_and(|(_, rest)| !rest.starts_with('/'))
}

/// Hides the password of a URL.
///
/// A password may contain characters that should have been encoded. If it seems to, everything
/// after it is hidden too.
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

/// Hides an invalid port, which may be a password if the host after it is missing.
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
    // The name ends at the first other character, whatever separates it from the value.
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
    use super::without_password;

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
}
