//! Errors of reading a statement.

use thiserror::Error;

/// The number of the statement's characters that an error quotes.
const EXCERPT_LENGTH: usize = 32;

/// Why a statement could not be read. Offsets count bytes of the statement.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DdlError {
    /// The text at the offset is not a token of SQLite's SQL, such as an unterminated string.
    #[error("at byte {offset}: not a token of SQLite's SQL: {found}")]
    IllegalToken {
        /// The offset of the text.
        offset: usize,
        /// The beginning of the text, quoted.
        found: String,
    },
    /// The grammar requires something else at the offset.
    #[error("at byte {offset}: expected {expected}, found {found}")]
    Unexpected {
        /// The offset at which the statement departs from the grammar.
        offset: usize,
        /// What the grammar requires at the offset.
        expected: &'static str,
        /// The beginning of the text at the offset, quoted, or the words "the end of the
        /// statement".
        found: String,
    },
    /// The statement is of a kind that this module does not support.
    #[error("{statement} statements are not supported")]
    Unsupported {
        /// The kind of statement, such as `CREATE VIRTUAL TABLE`.
        statement: &'static str,
    },
}

impl DdlError {
    pub(super) fn illegal_token(sql: &str, offset: usize) -> Self {
        Self::IllegalToken { offset, found: excerpt(sql, offset) }
    }

    pub(super) fn unexpected(sql: &str, offset: usize, expected: &'static str) -> Self {
        Self::Unexpected { offset, expected, found: excerpt(sql, offset) }
    }
}

/// Returns the beginning of the text at `offset`, escaped so that it stays on one line.
fn excerpt(sql: &str, offset: usize) -> String {
    let rest = sql.get(offset..).unwrap_or_default();
    if rest.is_empty() {
        return "the end of the statement".to_owned();
    }
    let mut characters = rest.chars();
    let beginning: String = characters.by_ref().take(EXCERPT_LENGTH).collect();
    let ellipsis = if characters.next().is_some() { "…" } else { "" };
    format!("{beginning:?}{ellipsis}")
}
