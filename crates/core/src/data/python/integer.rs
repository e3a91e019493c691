//! Implements Python's `int`, as far as a JSON document can hold one.
//!
//! A JSON integer may have thousands of digits. MLflow only converts an integer to a float, or
//! checks that it fits a `BIGINT`. So a large integer stays the text as written, with nothing to
//! compute or allocate.

use std::fmt;

use thiserror::Error;

use super::unicode;

/// An integer of any size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Integer<'a>(Repr<'a>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repr<'a> {
    Small(i64),
    /// An integer beyond `i64`: an optional minus sign, and digits that do not begin with a zero.
    Big(&'a str),
}

/// Python's `OverflowError: int too large to convert to float`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("int too large to convert to float")]
pub struct IntegerOverflow;

impl<'a> Integer<'a> {
    /// Reads text that JSON's grammar accepts as an integer, which the caller has checked.
    ///
    /// `-0` is the integer zero, which has no sign.
    pub(super) fn from_json(literal: &'a str) -> Self {
        Self(literal.parse().map_or(Repr::Big(literal), Repr::Small))
    }

    /// Returns `float(self)`: the nearest float, ties to even.
    ///
    /// # Errors
    ///
    /// If the nearest float would be `2**1024`, one past the largest. Python then raises
    /// `OverflowError`, whereas the float literal with the same digits would be infinite.
    pub fn to_f64(self) -> Result<f64, IntegerOverflow> {
        match self.0 {
            // A cast from an integer rounds to nearest, ties to even.
            Repr::Small(value) => Ok(value as f64),
            Repr::Big(digits) => match digits.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(value),
                _ => Err(IntegerOverflow),
            },
        }
    }

    /// Returns the value, if it fits a `BIGINT`.
    pub fn to_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Small(value) => Some(value),
            Repr::Big(_) => None,
        }
    }
}

/// Returns `int(text)`, if Python accepts the text and the value fits a `BIGINT`.
///
/// The text may have surrounding white space, a sign, decimal digits of any script, and single
/// underscores between digits.
pub fn from_text(text: &str) -> Option<i64> {
    let ascii = unicode::to_ascii(text)?;
    let number = ascii.trim_matches(|character: char| matches!(character, '\t'..='\r' | ' '));
    if !number.contains('_') {
        return number.parse().ok();
    }
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    let is_group = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    digits.split('_').all(is_group).then(|| number.replace('_', "").parse().ok())?
}

impl From<i64> for Integer<'_> {
    fn from(value: i64) -> Self {
        Self(Repr::Small(value))
    }
}

/// Formats as `str(self)`: the decimal digits.
impl fmt::Display for Integer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Small(value) => value.fmt(formatter),
            Repr::Big(digits) => formatter.write_str(digits),
        }
    }
}
