//! Literals and their casts, as the server prints them.

/// A string in quotes at the beginning of a text, and what follows it.
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

/// Whether a text is the name of a type, as it follows `::`.
pub(super) fn is_type_name(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(" COLLATE ")
        && name.chars().all(|one| one.is_alphanumeric() || matches!(one, '_' | ' ' | '.' | '"'))
}
