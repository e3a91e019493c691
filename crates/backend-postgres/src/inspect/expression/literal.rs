//! Literals and their casts, as the server prints them.

/// Splits a text into the quoted string at its start, unquoted, and the rest.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(next) => {
                value.push('\'');
                rest = next;
            }
            None => return Some((value, after)),
        }
    }
}

/// Returns whether a text can be the type name after `::`.
pub(super) fn is_type_name(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(" COLLATE ")
        && name.chars().all(|one| one.is_alphanumeric() || matches!(one, '_' | ' ' | '.' | '"'))
}
