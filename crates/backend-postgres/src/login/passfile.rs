//! libpq's password file: lines of `host:port:database:user:password`, where `*` matches anything.
//!
//! sqlx looks up the password only for the connection that the environment describes, before sqlx
//! knows the URL. So this module reads the file.

use std::path::Path;

use mlflow_migrate_core::url::Secret;

/// The account to look up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a> {
    /// The host. The file writes `localhost` for a socket.
    pub(crate) host: &'a str,
    /// The host's port.
    pub(crate) port: u16,
    /// The database.
    pub(crate) database: &'a str,
    /// The user.
    pub(crate) user: &'a str,
}

/// Returns the password that a file holds. Ignores a file that others may read, as libpq does.
pub(crate) fn password(path: &Path, account: Account<'_>) -> Option<Secret> {
    if !is_private(path) {
        return None;
    }
    find(&std::fs::read_to_string(path).ok()?, account)
}

#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(path: &Path) -> bool {
    path.is_file()
}

fn find(text: &str, account: Account<'_>) -> Option<Secret> {
    let port = account.port.to_string();
    let host = if account.host.starts_with('/') { "localhost" } else { account.host };
    let wanted = [host, port.as_str(), account.database, account.user];
    let mut entries = text.lines().filter(|line| !line.starts_with('#')).map(fields);
    let found = entries.find(|fields| {
        fields.len() == 5
            && fields.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted)
    })?;
    found.into_iter().nth(4).map(Secret)
}

/// Splits a line into fields. A backslash escapes the next character.
///
/// The password is everything after the fourth colon.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(one) = characters.next() {
        let count = fields.len();
        let Some(field) = fields.last_mut() else { break };
        match one {
            '\\' => field.extend(characters.next()),
            ':' if count < 5 => fields.push(String::new()),
            _ => field.push(one),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{Account, find, password};

    const FILE: &str = "# comment:*:*:*:no\n\
                        db:5432:m:me:exact\n\
                        localhost:*:*:me:socket\n\
                        *:*:*:a\\:b:p:q\\\\r\n\
                        broken\n";

    const ACCOUNT: Account<'_> = Account { host: "db", port: 5432, database: "m", user: "me" };

    #[test]
    fn the_first_line_that_fits_counts() {
        let found = |account| find(FILE, account).map(|secret| secret.0);
        assert_eq!(found(ACCOUNT).as_deref(), Some("exact"));
        assert_eq!(found(Account { host: "/tmp", ..ACCOUNT }).as_deref(), Some("socket"));
        assert_eq!(found(Account { user: "a:b", ..ACCOUNT }).as_deref(), Some("p:q\\r"));
        assert_eq!(found(Account { port: 1, ..ACCOUNT }), None);
    }

    #[test]
    fn a_file_that_others_may_read_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        std::fs::write(&path, FILE).unwrap();
        for (mode, is_read) in [(0o600, true), (0o644, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(password(&path, ACCOUNT).is_some(), is_read);
        }
    }
}
