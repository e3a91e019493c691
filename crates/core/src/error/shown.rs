//! How messages show revisions.

/// How much of a version a message shows: a revision has 12 characters.
const SHOWN_CHARACTERS: usize = 60;

/// A revision in words.
#[must_use]
pub(crate) fn label(revision: Option<&str>) -> &str {
    revision.unwrap_or("base")
}

/// What a version table holds, so that blanks, newlines and nothing at all are seen.
#[must_use]
pub(crate) fn quoted(version: &str) -> String {
    let short: String = version.chars().take(SHOWN_CHARACTERS).collect();
    let rest = if short.len() < version.len() { "…" } else { "" };
    format!("'{}{rest}'", short.escape_debug())
}
