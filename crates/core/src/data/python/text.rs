//! Implements Python's `str` methods on text from the database, which has no lone surrogates.

use std::borrow::Cow;

use super::unicode;

/// Returns `text.strip()`: without surrounding white space, by [Python's notion] of white space.
///
/// Rust's `str::trim` would leave U+001C to U+001F in place.
///
/// [Python's notion]: https://docs.python.org/3.11/library/stdtypes.html#str.isspace
pub fn strip(text: &str) -> &str {
    text.trim_matches(unicode::is_space)
}

/// Returns `text.lower()`: the full lowercase mapping of Unicode 14.
///
/// A capital sigma at the end of a word becomes a final sigma, and U+0130 two code points.
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    if text.chars().any(|character| unicode::stand_in(character).is_some()) {
        return Cow::Owned(lower_with_stand_ins(text));
    }
    Cow::Owned(text.to_lowercase())
}

/// Returns `lower` of a text with characters whose properties changed after Unicode 14.
///
/// A stand-in with the old properties goes through Rust's mapping, and the character then takes the
/// place of the stand-in.
fn lower_with_stand_ins(text: &str) -> String {
    let substituted: String =
        text.chars().map(|character| unicode::stand_in(character).unwrap_or(character)).collect();
    let lowered = substituted.to_lowercase();
    let mut lowered = lowered.chars();
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        if unicode::stand_in(character).is_some() {
            lowered.next();
            result.push(character);
        } else {
            result.extend(lowered.by_ref().take(character.to_lowercase().count()));
        }
    }
    result
}

/// Returns `len(text)`: the number of code points.
pub(crate) fn code_points(text: &str) -> usize {
    text.chars().count()
}

/// Returns `text[:length]`: the first `length` code points, or all if the text has fewer.
pub fn truncate(text: &str, length: usize) -> &str {
    // A code point takes at least one byte, so a text this short needs no counting.
    if text.len() <= length {
        return text;
    }
    let end = text.char_indices().nth(length).map_or(text.len(), |(offset, _)| offset);
    text.get(..end).unwrap_or(text)
}
