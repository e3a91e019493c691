//! Describes an object that has a name which an upgrade needs.

use std::fmt;

/// An object with a name that an upgrade needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenObject {
    /// The kind of the object, in the database's own words.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The statement that frees the name.
    pub remedy: String,
    /// Whether the statement drops the object, because the database cannot rename it.
    pub is_dropped: bool,
}

impl fmt::Display for TakenObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}
