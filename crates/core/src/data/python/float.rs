//! Implements Python's `float(text)`.

use std::borrow::Cow;

use super::literal::Literal;
use super::unicode;

/// No float, and no point halfway between two floats, has more significant digits.
const SIGNIFICANT_DIGITS: usize = 800;

/// The length up to which Rust's parser is trusted.
///
/// The parser stops reading an exponent at about 65536. That is correct only if the digits cannot
/// shift the value back into range.
const TRUSTED_LENGTH: usize = 32_768;

/// A power of ten that moves any `SIGNIFICANT_DIGITS` digits out of the range of a float.
const EXTREME_EXPONENT: i64 = 10_000;

/// Returns `float(text)`, or `None` where Python raises `ValueError`.
///
/// The text may have surrounding white space (but not U+001C to U+001F, which `str.strip` would
/// remove). It may have decimal digits of any script, and single underscores between digits. It may
/// spell an infinity or NaN. Too large a value is infinite.
pub(super) fn from_text(text: &str) -> Option<f64> {
    let ascii = unicode::to_ascii(text)?;
    let number = without_underscores(ascii.trim_matches(is_c_space))?;
    correctly_rounded(&number)
}

/// Returns the float nearest to a literal in the grammar that Rust and Python share, ties to even.
pub(super) fn correctly_rounded(text: &str) -> Option<f64> {
    if text.len() <= TRUSTED_LENGTH {
        return text.parse().ok();
    }
    let literal = Literal::parse(text)?;
    shortened(&literal).parse().ok()
}

/// Returns a short literal that rounds like the given one.
///
/// Beyond the significant digits, it only matters whether any digit is not zero.
fn shortened(literal: &Literal<'_>) -> String {
    let digits = [literal.integer, literal.fraction].concat();
    let significant = digits.trim_start_matches('0');
    let (kept, rest) =
        significant.split_at_checked(SIGNIFICANT_DIGITS).unwrap_or((significant, ""));
    let exponent = literal.scale().saturating_add_unsigned(rest.len() as u64);
    let exponent = exponent.clamp(-EXTREME_EXPONENT, EXTREME_EXPONENT);
    let sign = if literal.negative { "-" } else { "" };
    let sticky = u8::from(rest.bytes().any(|digit| digit != b'0'));
    format!("{sign}0{kept}.{sticky}e{exponent}")
}

/// Removes underscores; `None` if one does not stand between two digits.
fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let is_digit = |character: char| character.is_ascii_digit();
    let mut pairs = text.split('_').zip(text.split('_').skip(1));
    pairs
        .all(|(before, after)| before.ends_with(is_digit) && after.starts_with(is_digit))
        .then(|| Cow::Owned(text.replace('_', "")))
}

/// Returns whether C's `isspace` accepts a character.
///
/// CPython strips only these characters once the text is ASCII.
fn is_c_space(character: char) -> bool {
    matches!(character, '\t'..='\r' | ' ')
}
