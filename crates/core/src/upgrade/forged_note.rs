//! Detects notes of an unfinished upgrade that this program never writes.

use crate::error::Error;

/// The number of characters of a text that a message shows.
const SHOWN: usize = 60;

/// The length of the longest revision or version, in bytes.
const MAX_LABEL: usize = 64;

/// Returns the part of a note that this program never writes, if any.
pub(super) fn malformed(from: Option<&str>, to: Option<&str>, version: &str) -> Option<String> {
    let labels = [("revision", from), ("revision", to), ("version", Some(version))];
    let is_bad = |(_, label): &(&str, Option<&str>)| label.is_some_and(|label| !is_label(label));
    let (kind, label) = labels.into_iter().find(is_bad)?;
    Some(format!("{kind} {}", shown(label.unwrap_or_default())))
}

/// Returns the error for a note that another program or a person has changed.
pub(super) fn forged(name: String, problem: &str) -> Error {
    Error::Journal {
        name,
        problem: format!(
            "the note of an unfinished upgrade in table alembic_mlflow_migrate was changed by another program: {problem}"
        ),
        remedy: "the database is unchanged; find out who may write to that table, and restore a backup of the \
               database"
            .into(),
    }
}

fn is_label(text: &str) -> bool {
    let is_of_label = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte);
    !text.is_empty() && text.len() <= MAX_LABEL && text.bytes().all(is_of_label)
}

/// Returns a text of a note, shortened and escaped for a message.
pub(super) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("\"{}{dots}\"", cut.escape_debug())
}
