//! Holds the values of `safe_load`.

use std::collections::HashMap;

use crate::reason::Reason;

/// The number of entries up to which comparing every pair of keys is fast.
const FEW: usize = 16;

/// A value of `safe_load`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Yaml {
    Null,
    Bool(bool),
    Integer(i64),
    /// An integer beyond 64 bits, in decimal digits.
    BigInteger(String),
    Float(f64),
    Text(String),
    /// A `datetime` or `date`, as Python's driver for SQLite writes it.
    Timestamp(String),
    Sequence(Vec<Yaml>),
    Mapping(Mapping),
}

impl Yaml {
    /// Returns `bool(self)`.
    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Integer(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Sequence(items) => !items.is_empty(),
            Self::Mapping(mapping) => !mapping.is_empty(),
            Self::BigInteger(_) | Self::Timestamp(_) => true,
        }
    }
}

/// A `dict`, in the order in which its keys first appear.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Mapping(Vec<(Yaml, Yaml)>);

impl Mapping {
    /// Makes a `dict` of pairs, of which the last one with a key counts.
    pub(super) fn from_pairs(pairs: Vec<(Yaml, Yaml)>) -> Result<Self, Reason> {
        let is_collection = |key: &Yaml| matches!(key, Yaml::Sequence(_) | Yaml::Mapping(_));
        if pairs.iter().any(|(key, _)| is_collection(key)) {
            return Err(Reason::InvalidYaml("a key is a collection".to_owned()));
        }
        if pairs.len() <= FEW {
            let mut unique: Vec<(Yaml, Yaml)> = Vec::with_capacity(pairs.len());
            for (key, value) in pairs {
                match unique.iter_mut().find(|(other, _)| is_same_key(other, &key)) {
                    Some((_, slot)) => *slot = value,
                    None => unique.push((key, value)),
                }
            }
            return Ok(Self(unique));
        }
        let mut positions: HashMap<String, usize> = HashMap::with_capacity(pairs.len());
        let mut unique: Vec<(Yaml, Yaml)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let position = *positions.entry(hashed(&key)).or_insert(unique.len());
            match unique.get_mut(position) {
                Some((_, slot)) => *slot = value,
                None => unique.push((key, value)),
            }
        }
        Ok(Self(unique))
    }

    /// Returns `self.get(key)`, where null and a missing key are the same.
    pub(crate) fn get(&self, key: &str) -> Option<&Yaml> {
        self.find(key).filter(|value| **value != Yaml::Null)
    }

    /// Returns `self.get(key)`, where only a missing key is `None`.
    pub(crate) fn find(&self, key: &str) -> Option<&Yaml> {
        let is_key = |other: &Yaml| matches!(other, Yaml::Text(other) if other == key);
        self.0.iter().find(|(other, _)| is_key(other)).map(|(_, value)| value)
    }

    /// Iterates over `self.items()`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Yaml, Yaml)> {
        self.0.iter()
    }

    /// Returns `not self`.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_pairs(self) -> Vec<(Yaml, Yaml)> {
        self.0
    }
}

/// Returns whether two keys are one: `1`, `1.0` and `True` are.
fn is_same_key(one: &Yaml, other: &Yaml) -> bool {
    match (one, other) {
        (Yaml::Text(one), Yaml::Text(other)) => one == other,
        (Yaml::Text(_), _) | (_, Yaml::Text(_)) => false,
        _ => hashed(one) == hashed(other),
    }
}

/// Returns a text that only equal keys have.
fn hashed(key: &Yaml) -> String {
    match key {
        Yaml::Text(text) => format!("text {text}"),
        Yaml::Bool(value) => format!("number {}", u8::from(*value)),
        Yaml::Integer(value) => format!("number {value}"),
        Yaml::BigInteger(digits) => format!("number {digits}"),
        // Rust writes all digits of a large float, and no point after a whole number.
        Yaml::Float(value) => format!("number {}", value + 0.0),
        other => format!("{other:?}"),
    }
}
