//! Implements Python's `json.loads` of a `str`, and the values it returns.
//!
//! Python's decoder accepts more than JSON: `NaN`, lone surrogates, and integers of any size up to
//! a limit. MLflow treats a refused text differently, so both sides of the border matter.
//!
//! One difference is deliberate: at about a thousand nested containers, CPython raises
//! `RecursionError`, which would abort the migration. This decoder accepts any depth.

mod scanner;
mod value;

pub use value::{Array, Json, Malformed, Object};

use scanner::Scanner;

/// Parses a document as `json.loads(text)` does.
///
/// * White space is space, tab, line feed and carriage return; a byte order mark is not.
/// * `NaN`, `Infinity` and `-Infinity` are floats; a float too large for its type is infinite.
/// * An integer of more than 4300 digits, leaving its sign aside, is a `ValueError`.
/// * A control character in a string must be escaped.
/// * `\ud83d\ude00` is one character; a surrogate outside such a pair is kept.
/// * Of equal keys in an object, the last value is kept, at the position of the first.
///
/// # Errors
///
/// If Python raises `ValueError` (of which `JSONDecodeError` is one).
pub fn loads(text: &str) -> Result<Json<'_>, Malformed> {
    Scanner::new(text).document()
}
