//! Words of a shell, for the commands in hints.

/// A name as a shell takes it for one word.
pub(crate) fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "'\\''"))
}
