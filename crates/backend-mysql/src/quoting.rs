//! Quotes names and texts for use in a statement.

/// Quotes a name for use in a statement.
pub(crate) fn quote(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

/// Returns a string literal. The session's `sql_mode` has no `NO_BACKSLASH_ESCAPES`.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::{literal, quote};

    #[test]
    fn what_is_quoted_stays_one_word() {
        assert_eq!(quote("a`b"), "`a``b`");
        assert_eq!(literal(r"it's \ here"), r"'it''s \\ here'");
    }
}
