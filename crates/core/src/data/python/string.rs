//! Implements Python's `str`, which may hold code points that no UTF-8 text can.
//!
//! `json.loads('"\\ud800"')` is a string of one lone surrogate. MLflow keeps the surrogate until
//! some code encodes the string, for a hash or a database parameter. Encoding then raises
//! `UnicodeEncodeError`, unless truncation has removed the surrogate before. So the surrogate must
//! survive parsing, and the code that needs UTF-8 must fail.

use std::borrow::Cow;

use thiserror::Error;

use super::text;

/// A sequence of code points, usually UTF-8 text borrowed from the document.
///
/// Two strings are equal if their code points are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PythonStr<'a>(Repr<'a>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Repr<'a> {
    Utf8(Cow<'a, str>),
    /// The code points of a string that has a lone surrogate.
    ///
    /// A string without a lone surrogate is never stored this way. So the derived comparison and
    /// hash are those of the code points.
    Surrogates(Vec<u32>),
}

/// Python's `UnicodeEncodeError` for a string with a lone surrogate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "'utf-8' codec can't encode character '\\u{code_point:x}' in position {position}: \
     surrogates not allowed"
)]
pub struct LoneSurrogate {
    /// The surrogate, from U+D800 to U+DFFF.
    pub code_point: u32,
    /// The number of code points before the surrogate.
    pub position: usize,
}

impl PythonStr<'_> {
    /// Returns the text as UTF-8, as Python's strict `str.encode()` does.
    ///
    /// # Errors
    ///
    /// The first lone surrogate, if the string has one.
    pub fn as_utf8(&self) -> Result<&str, LoneSurrogate> {
        match &self.0 {
            Repr::Utf8(text) => Ok(text),
            Repr::Surrogates(points) => Err(first_surrogate(points)),
        }
    }

    /// Returns `len(self)`: the number of code points.
    pub fn code_points(&self) -> usize {
        match &self.0 {
            Repr::Utf8(text) => text::code_points(text),
            Repr::Surrogates(points) => points.len(),
        }
    }

    /// Iterates over the code points. Python iterates over strings of one character instead.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let (text, points) = match &self.0 {
            Repr::Utf8(text) => (text.as_ref(), [].as_slice()),
            Repr::Surrogates(points) => ("", points.as_slice()),
        };
        text.chars().map(u32::from).chain(points.iter().copied())
    }

    /// Returns `self[:length]`: the first code points.
    ///
    /// The result may be free of lone surrogates even if the whole string is not.
    pub fn truncate(&self, length: usize) -> PythonStr<'_> {
        match &self.0 {
            Repr::Utf8(text) => PythonStr::from(text::truncate(text, length)),
            Repr::Surrogates(points) => {
                let mut truncated = PythonStr::from("");
                for point in points.iter().take(length) {
                    truncated.push_code_point(*point);
                }
                truncated
            }
        }
    }

    /// Appends UTF-8 text.
    pub(super) fn push_str(&mut self, more: &str) {
        match &mut self.0 {
            Repr::Utf8(text) => text.to_mut().push_str(more),
            Repr::Surrogates(points) => points.extend(more.chars().map(u32::from)),
        }
    }

    /// Appends one code point, which may be a surrogate.
    pub(super) fn push_code_point(&mut self, code_point: u32) {
        match (&mut self.0, char::from_u32(code_point)) {
            (Repr::Utf8(text), Some(character)) => text.to_mut().push(character),
            (Repr::Utf8(text), None) => {
                let points = text.chars().map(u32::from).chain([code_point]).collect();
                self.0 = Repr::Surrogates(points);
            }
            (Repr::Surrogates(points), _) => points.push(code_point),
        }
    }
}

fn first_surrogate(points: &[u32]) -> LoneSurrogate {
    let mut numbered = points.iter().enumerate();
    let found = numbered.find(|(_, point)| char::from_u32(**point).is_none());
    let (position, code_point) = found.map_or((0, 0), |(position, point)| (position, *point));
    LoneSurrogate { code_point, position }
}

impl<'a> From<&'a str> for PythonStr<'a> {
    fn from(text: &'a str) -> Self {
        Self(Repr::Utf8(Cow::Borrowed(text)))
    }
}

impl PartialEq<str> for PythonStr<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_utf8() == Ok(other)
    }
}

impl PartialEq<&str> for PythonStr<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}
