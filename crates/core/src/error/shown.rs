//! Formats revisions for messages.

/// The number of characters of a version that a message shows; a revision has 12.
const SHOWN_CHARACTERS: usize = 60;

/// Returns a revision in words.
#[must_use]
pub(crate) fn label(revision: Option<&str>) -> &str {
    revision.unwrap_or("base")
}

/// Quotes a version so that blanks, newlines and an empty text are visible.
#[must_use]
pub(crate) fn quoted(version: &str) -> String {
    let short: String = version.chars().take(SHOWN_CHARACTERS).collect();
    let rest = if short.len() < version.len() { "…" } else { "" };
    format!("'{}{rest}'", short.escape_debug())
}
