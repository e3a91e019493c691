//! Parses the output of `SHOW GRANTS`.

use crate::quoting::quote;

/// Where a privilege holds: everywhere, in databases that match a pattern, or on a table.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Everything,
    Databases(String),
    Table(String, String),
}

impl Scope {
    fn covers(&self, database: &str, table: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Databases(pattern) => matches(pattern, database),
            Self::Table(of, name) => of == database && name == table,
        }
    }
}

/// The privileges of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grants {
    granted: Vec<(Vec<String>, Scope)>,
    /// MySQL 8 can exclude a database from a privilege on everything.
    revoked: Vec<(Vec<String>, Scope)>,
}

impl Grants {
    /// Parses the lines of `SHOW GRANTS`; a line that is not understood grants nothing.
    pub(super) fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut grants = Self::default();
        for line in lines {
            if let Some(found) = line.strip_prefix("GRANT ").and_then(|rest| entry(rest, " TO ")) {
                grants.granted.push(found);
            } else if let Some(found) =
                line.strip_prefix("REVOKE ").and_then(|rest| entry(rest, " FROM "))
            {
                grants.revoked.push(found);
            }
        }
        grants
    }

    /// Returns whether the user holds a privilege for a table.
    pub(super) fn allow(&self, privilege: &str, database: &str, table: &str) -> bool {
        let has = |entries: &[(Vec<String>, Scope)], everywhere: bool| {
            entries.iter().any(|(privileges, scope)| {
                (*scope == Scope::Everything) == everywhere
                    && scope.covers(database, table)
                    && includes(privileges, privilege)
            })
        };
        has(&self.granted, false) || (has(&self.granted, true) && !has(&self.revoked, false))
    }

    /// Returns whether the user holds a privilege for the whole server.
    pub(super) fn allow_everywhere(&self, privilege: &str) -> bool {
        let mut entries = self.granted.iter();
        entries.any(|(held, scope)| *scope == Scope::Everything && includes(held, privilege))
    }
}

fn includes(privileges: &[String], privilege: &str) -> bool {
    privileges.iter().any(|held| held == privilege || held.starts_with("ALL PRIVILEGES"))
}

/// Parses `SELECT, INSERT ON `db`.* TO …`; `None` for a role and other objects than tables.
fn entry(line: &str, end: &str) -> Option<(Vec<String>, Scope)> {
    let (privileges, rest) = line.split_once(" ON ")?;
    let (database, rest) = name(rest.strip_prefix("TABLE ").unwrap_or(rest))?;
    let (table, rest) = name(rest.strip_prefix('.')?)?;
    if !rest.starts_with(end) {
        return None;
    }
    let scope = match (database.as_str(), table.as_str()) {
        ("*", _) => Scope::Everything,
        (_, "*") => Scope::Databases(database),
        _ => Scope::Table(database, table),
    };
    Some((without_columns(privileges), scope))
}

/// Splits off a name in backquotes, or `*`, and returns it with the rest.
fn name(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some(("*".to_owned(), rest));
    }
    let mut rest = text.strip_prefix('`')?;
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('`')?;
        name.push_str(part);
        match after.strip_prefix('`') {
            Some(after) => {
                name.push('`');
                rest = after;
            }
            None => return Some((name, after)),
        }
    }
}

/// Quotes each role of `CURRENT_ROLE()` again.
///
/// `None` if there is no role, or the text is not understood.
pub(super) fn roles(text: &str) -> Option<String> {
    let (mut roles, mut rest) = (Vec::new(), text);
    loop {
        let (role, after) = name(rest).filter(|_| rest.starts_with('`'))?;
        let (host, after) = name(after.strip_prefix('@')?).filter(|_| after.starts_with("@`"))?;
        roles.push(format!("{}@{}", quote(&role), quote(&host)));
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => return after.is_empty().then(|| roles.join(", ")),
        }
    }
}

/// Returns the privileges on whole tables, without privileges on columns: `SELECT (a, b)`.
fn without_columns(privileges: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0_u32;
    let mut current = String::new();
    for one in privileges.chars().chain([',']) {
        match one {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => found.push(std::mem::take(&mut current).trim().to_uppercase()),
            _ => {}
        }
        if one == '(' || depth > 0 {
            // Marks a privilege on columns, so that it equals no privilege on tables.
            current.push('(');
        } else if one != ',' && one != ')' {
            current.push(one);
        }
    }
    found.retain(|privilege| !privilege.is_empty() && !privilege.contains('('));
    found
}

/// Returns whether a name matches a `LIKE` pattern: `%`, `_`, and a backslash that escapes.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    // reachable[i]: the pattern so far matches the first i characters of the name.
    let mut reachable = vec![false; name.len() + 1];
    reachable[0] = true;
    let mut rest = pattern.into_iter();
    while let Some(one) = rest.next() {
        let mut next = vec![false; name.len() + 1];
        let expected = match one {
            '%' => {
                let mut any = false;
                for (reached, now) in next.iter_mut().zip(&reachable) {
                    any |= *now;
                    *reached = any;
                }
                reachable = next;
                continue;
            }
            '_' => None,
            '\\' => rest.next().or(Some('\\')),
            one => Some(one),
        };
        for (at, found) in name.iter().enumerate() {
            next[at + 1] = reachable[at] && expected.is_none_or(|expected| expected == *found);
        }
        reachable = next;
    }
    reachable.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::{Grants, matches, roles};

    fn grants(lines: &[&str]) -> Grants {
        Grants::parse(lines.iter().copied())
    }

    #[test]
    fn scopes_are_told_apart() {
        let grants = grants(&[
            "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB'",
            r"GRANT SELECT, CREATE TEMPORARY TABLES ON `ml\_flow%`.* TO `u`@`%`",
            "GRANT ALTER, SELECT (a, `b`), INSERT (c) ON `ml_flow`.`ru``ns` TO `u`@`%`",
            "GRANT `role`@`%` TO `u`@`%`",
            "GRANT EXECUTE ON PROCEDURE `ml_flow`.`p` TO `u`@`%`",
            "GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION",
        ]);
        assert!(grants.allow("SELECT", "ml_flow2", "runs"));
        assert!(!grants.allow("SELECT", "mlxflow", "runs"));
        assert!(!grants.allow("CREATE", "ml_flow", "runs"));
        assert!(grants.allow("ALTER", "ml_flow", "ru`ns"));
        assert!(!grants.allow("ALTER", "ml_flow", "runs"));
        assert!(!grants.allow("INSERT", "ml_flow", "ru`ns"));
        assert!(!grants.allow_everywhere("EXECUTE"));
    }

    #[test]
    fn all_privileges_are_all_but_what_is_revoked() {
        let everything = grants(&["GRANT ALL PRIVILEGES ON *.* TO 'root'@'h' WITH GRANT OPTION"]);
        assert!(everything.allow("TRIGGER", "any", "t") && everything.allow_everywhere("SUPER"));
        let but_one = grants(&[
            "GRANT CREATE, SUPER ON *.* TO `u`@`%`",
            "REVOKE CREATE ON `one`.* FROM `u`@`%`",
        ]);
        assert!(but_one.allow("CREATE", "two", "t") && !but_one.allow("CREATE", "one", "t"));
        let of_one = grants(&["GRANT ALL PRIVILEGES ON `one`.* TO `u`@`%`"]);
        assert!(of_one.allow("DROP", "one", "t") && !of_one.allow_everywhere("SUPER"));
    }

    #[test]
    fn roles_are_quoted_anew() {
        assert_eq!(roles("`a`@`%`,`b``c`@`h`").unwrap(), "`a`@`%`, `b``c`@`h`");
        for text in ["NONE", "", "`a`", "`a`@`%`; DROP", "`a`@`%`,", "a@b", "*@*", "`a`@`%` x"] {
            assert_eq!(roles(text), None, "{text}");
        }
    }

    #[test]
    fn patterns_are_those_of_like() {
        let cases = [
            ("mlflow", "mlflow", true),
            ("ml%", "mlflow", true),
            ("%", "", true),
            ("m_flow", "mlflow", true),
            (r"m\_flow", "mlflow", false),
            (r"m\_flow", "m_flow", true),
            ("ml%w", "mlflows", false),
            ("", "x", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
