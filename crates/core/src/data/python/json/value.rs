//! Models the values that `json.loads` returns.

use std::collections::HashMap;
use std::{fmt, mem, slice};

use thiserror::Error;

use super::super::integer::Integer;
use super::super::string::PythonStr;

/// A value of `json.loads`; its strings borrow from the document where possible.
#[derive(Debug)]
pub enum Json<'a> {
    /// `None`
    Null,
    /// A `bool`
    Bool(bool),
    /// An `int`: a number without fraction and exponent
    Integer(Integer<'a>),
    /// A `float`: any other number, `NaN` or an infinity
    Float(f64),
    /// A `str`
    String(PythonStr<'a>),
    /// A `list`
    Array(Array<'a>),
    /// A `dict`
    Object(Object<'a>),
}

/// Python's `ValueError` from `json.loads`: the text is not a document that Python accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("malformed JSON near byte {position}")]
pub struct Malformed {
    /// The position at which reading stopped, in bytes from the start of the text.
    pub position: usize,
}

impl<'a> Json<'a> {
    /// Returns the `dict`, if the value is one.
    pub fn into_object(self) -> Option<Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns the `str`, if the value is one.
    pub fn as_string(&self) -> Option<&PythonStr<'a>> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    fn is_container(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_))
    }
}

/// A `list`.
#[derive(Default)]
pub struct Array<'a>(Vec<Json<'a>>);

impl<'a> Array<'a> {
    /// Returns the items as a slice.
    pub fn as_slice(&self) -> &[Json<'a>] {
        &self.0
    }

    /// Iterates over the items, in order.
    pub fn iter(&self) -> slice::Iter<'_, Json<'a>> {
        self.0.iter()
    }

    pub(super) fn push(&mut self, value: Json<'a>) {
        self.0.push(value);
    }
}

impl<'s, 'a> IntoIterator for &'s Array<'a> {
    type Item = &'s Json<'a>;
    type IntoIter = slice::Iter<'s, Json<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The number of keys from which an object has an index.
///
/// The index prevents a hostile document from making the work quadratic. Most objects have a
/// handful of keys, for which comparing is faster.
const INDEXED_FROM: usize = 32;

/// A `dict`: unique keys in the order of their first appearance.
#[derive(Default)]
pub struct Object<'a> {
    entries: Vec<(PythonStr<'a>, Json<'a>)>,
    index: Option<Box<Index<'a>>>,
}

/// The position of each key.
///
/// Boxed, since the few objects with an index must not make every value larger.
struct Index<'a>(HashMap<PythonStr<'a>, usize>);

impl<'a> Object<'a> {
    /// Returns `self.get(key)`.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        let position = self.position(&PythonStr::from(key))?;
        self.entries.get(position).map(|(_, value)| value)
    }

    /// Iterates over `self.items()`.
    pub fn iter(&self) -> impl Iterator<Item = (&PythonStr<'a>, &Json<'a>)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Returns `len(self)`.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns `not self`.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Executes `self[key] = value`.
    pub(super) fn insert(&mut self, key: PythonStr<'a>, value: Json<'a>) {
        let position = self.position(&key);
        if let Some((_, slot)) = position.and_then(|position| self.entries.get_mut(position)) {
            *slot = value;
            return;
        }
        if let Some(index) = &mut self.index {
            index.0.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.entries.len() == INDEXED_FROM {
            let keys = self.entries.iter().map(|(key, _)| key.clone());
            self.index = Some(Box::new(Index(keys.zip(0..).collect())));
        }
    }

    fn position(&self, key: &PythonStr<'_>) -> Option<usize> {
        match &self.index {
            Some(index) => index.0.get(key).copied(),
            None => self.entries.iter().position(|(candidate, _)| candidate == key),
        }
    }
}

/// Formats only the number of items: a nested value may be too deep to print.
impl fmt::Debug for Array<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{} items]", self.0.len())
    }
}

/// Formats only the number of keys: a nested value may be too deep to print.
impl fmt::Debug for Object<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{{} keys}}", self.entries.len())
    }
}

impl Drop for Array<'_> {
    fn drop(&mut self) {
        if self.0.iter().any(Json::is_container) {
            dismantle(mem::take(&mut self.0));
        }
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        if self.entries.iter().any(|(_, value)| value.is_container()) {
            dismantle(mem::take(&mut self.entries).into_iter().map(|(_, value)| value).collect());
        }
    }
}

/// Drops values without recursion, however deeply they are nested.
///
/// Each container is emptied before it is dropped.
fn dismantle(mut pending: Vec<Json<'_>>) {
    while let Some(value) = pending.pop() {
        match value {
            Json::Array(mut array) => pending.append(&mut array.0),
            Json::Object(mut object) => {
                pending.extend(object.entries.drain(..).map(|(_, value)| value));
            }
            Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Float(_) | Json::String(_) => {}
        }
    }
}
