//! Expressions, without what the server adds to their text.
//!
//! MySQL stores an expression in its own spelling. Each string gets the character set of the
//! session that defined it (`_utf8mb4'active'`). `information_schema` puts a backslash before each
//! quote of a string. Neither says anything about the constraint.

use crate::features::Features;

/// Returns a stored expression without the server's additions; MariaDB adds no backslashes.
pub(super) fn of_server(stored: &str, features: &Features) -> String {
    if features.is_mariadb() { without_introducers(stored) } else { plain(stored) }
}

/// Returns an expression without MySQL's additions.
pub(super) fn plain(stored: &str) -> String {
    let text = if stored.contains("\\'") { unescaped(stored) } else { stored.to_owned() };
    without_introducers(&text)
}

/// Removes one level of backslashes.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('0') => plain.push('\0'),
            Some(other) => plain.push(other),
            None => plain.push('\\'),
        }
    }
    plain
}

/// Removes the `_charset` before each string.
fn without_introducers(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '`' => quoted_length(rest, first),
            _ if is_word(first) => rest.find(|one| !is_word(one)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if !(first == '_' && after.starts_with('\'')) {
            plain.push_str(token);
        }
        rest = after;
    }
    plain
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

/// Returns the length of a quoted text with its quotes; a backslash escapes a quote in a string.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (position, character) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if character == '\\' && quote == '\'' {
            is_escaped = true;
        } else if character == quote {
            return position + character.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_the_server_has_put_in_goes() {
        for (stored, expected) in [
            (
                r"(`lifecycle_stage` in (_utf8mb4\'active\',_utf8mb4\'deleted\'))",
                "(`lifecycle_stage` in ('active','deleted'))",
            ),
            (r"(`a` <> _latin1'it\'s')", "(`a` <> 'it's')"),
            ("`_a` = `b_` + _c", "`_a` = `b_` + _c"),
            (r"(`_utf8mb4` = _utf8mb4\'_utf8mb4\')", "(`_utf8mb4` = '_utf8mb4')"),
            ("(`end` - `start`)", "(`end` - `start`)"),
            ("'unfinished", "'unfinished"),
        ] {
            assert_eq!(plain(stored), expected);
        }
    }
}
