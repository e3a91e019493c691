//! Quotes names for the shell commands in remedies.

/// Quotes a name as one word of a shell.
pub(crate) fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "'\\''"))
}
