//! Python's `json.loads` of a `str`, and the values it makes.
//!
//! Python's decoder accepts more than JSON (`NaN`, lone surrogates, integers of any size up to a
//! limit), and where it does not accept a text MLflow goes another way, so both sides of that
//! border matter.
//!
//! One difference is deliberate: at about a thousand nested containers CPython raises
//! `RecursionError`, which would abort the migration; here any depth is a value.

mod scanner;
mod value;

pub(crate) use value::{Json, Malformed, Object};

use scanner::Scanner;

/// `json.loads(text)`.
///
/// * White space is space, tab, line feed and carriage return; a byte order mark is not.
/// * `NaN`, `Infinity` and `-Infinity` are floats; a float too large for its type is infinite.
/// * An integer of more than 4300 digits, leaving its sign aside, is a `ValueError`.
/// * A control character in a string must be escaped.
/// * `\ud83d\ude00` is one character; a surrogate outside such a pair stays as it is.
/// * Of equal keys in an object the last value stays, in the place of the first.
///
/// # Errors
///
/// Where Python raises `ValueError` (of which `JSONDecodeError` is one).
pub(crate) fn loads(text: &str) -> Result<Json<'_>, Malformed> {
    Scanner::new(text).document()
}
