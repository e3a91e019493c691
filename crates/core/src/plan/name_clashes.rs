//! Detects new names that a user's own object has already.

use super::Plan;
use crate::error::{Error, TakenObject};
use crate::plan::TableChange;
use crate::schema::platform::Dialect;
use crate::schema::quote;

/// The kind of an object with a name.
///
/// Which kinds share a name space differs between databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// A table, a view, or another object in the name space of tables.
    Relation,
    /// An index.
    Index,
    /// A primary or unique key.
    Key,
    /// A foreign key.
    ForeignKey,
    /// A CHECK constraint.
    Check,
    /// A trigger.
    Trigger,
}

impl NameKind {
    /// Returns what a backend's word for an object stands for; what is none of these is a relation.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "index" => Self::Index,
            "foreign key" => Self::ForeignKey,
            "CHECK" => Self::Check,
            "trigger" => Self::Trigger,
            _ => Self::Relation,
        }
    }
}

impl TakenName {
    /// Returns a name that is in use by what `word` says.
    #[must_use]
    pub fn new(word: String, name: String, table: String) -> Self {
        Self { kind: NameKind::of(&word), word, name, table }
    }

    /// Describes the object as one that has to give up its name.
    ///
    /// `is_used` returns whether a name is in use already.
    #[must_use]
    pub fn as_taken(&self, dialect: Dialect, is_used: impl Fn(&str) -> bool) -> TakenObject {
        let Self { word, name, table, .. } = self;
        let free = quote(&free_name(name, is_used), dialect);
        let [quoted, table] = [name, table].map(|name| quote(name, dialect));
        let kind = word.to_uppercase();
        let (remedy, is_dropped) = match (dialect, word.as_str()) {
            (Dialect::Mysql, "foreign key" | "CHECK") => {
                (format!("ALTER TABLE {table} DROP {kind} {quoted}"), true)
            }
            (Dialect::Mysql, "view") => (format!("RENAME TABLE {quoted} TO {free}"), false),
            (Dialect::Postgres, _) | (_, "table") => {
                (format!("ALTER {kind} {quoted} RENAME TO {free}"), false)
            }
            (_, _) => (format!("DROP {kind} {quoted}"), true),
        };
        TakenObject { kind: word.clone(), name: name.clone(), remedy, is_dropped }
    }
}

/// Returns a name like another one that is not in use.
///
/// The program's own names are known by their beginning, so the new name has another one.
pub(crate) fn free_name(name: &str, is_used: impl Fn(&str) -> bool) -> String {
    let numbers = (2..).map(|number: u32| format!("old{number}_{name}"));
    let mut names = std::iter::once(format!("old_{name}")).chain(numbers);
    names.find(|name| !is_used(name)).unwrap_or_default()
}

/// A name that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenName {
    /// The kind of the object.
    pub kind: NameKind,
    /// The kind in the database's own words.
    pub word: String,
    /// The name.
    pub name: String,
    /// The table that the object belongs to.
    pub table: String,
}

/// A name that the plan will use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NewName<'a> {
    kind: NameKind,
    name: &'a str,
    table: &'a str,
}

impl Plan {
    /// Refuses new names that existing objects have, where both kinds cannot share a name.
    ///
    /// `clash` gets the kind of the existing object first. An object of the changed table itself is
    /// what the plan wants, or is dropped. `is_reserved` finds the names that the program itself
    /// needs while it upgrades.
    ///
    /// # Errors
    /// If a new name is in use.
    pub fn refuse_taken_names(
        &self,
        held: &[TakenName],
        dialect: Dialect,
        clash: impl Fn(NameKind, NameKind) -> bool,
        is_reserved: impl Fn(&TakenName) -> bool,
    ) -> Result<(), Error> {
        let new: Vec<NewName<'_>> = self.changes().flat_map(new_names).collect();
        let is_taken = |held: &&TakenName| {
            new.iter().any(|new| {
                clash(held.kind, new.kind)
                    && held.name.eq_ignore_ascii_case(new.name)
                    && (held.kind == NameKind::Relation
                        || !held.table.eq_ignore_ascii_case(new.table))
            })
        };
        let taken = held.iter().filter(|held| is_reserved(held) || is_taken(held));
        let is_used = |name: &str| held.iter().any(|held| held.name.eq_ignore_ascii_case(name));
        let objects: Vec<TakenObject> = taken.map(|held| held.as_taken(dialect, is_used)).collect();
        if objects.is_empty() { Ok(()) } else { Err(Error::NamesTaken { objects }) }
    }
}

fn new_names(change: &TableChange) -> Vec<NewName<'_>> {
    let after = &change.after;
    let table = after.name.as_str();
    let new = |kind, name| NewName { kind, name, table };
    let mut names: Vec<NewName<'_>> = Vec::new();
    if change.before.is_none() {
        names.push(new(NameKind::Relation, table));
    }
    let keys = after.primary_key.iter().filter_map(|key| key.name.as_deref());
    let uniques = after.uniques.iter().filter_map(|unique| unique.name.as_deref());
    let indexes = after.indexes.iter().map(|index| index.name.as_str());
    names.extend(keys.chain(uniques).map(|name| new(NameKind::Key, name)));
    names.extend(indexes.map(|name| new(NameKind::Index, name)));
    let references = after.foreign_keys.iter().filter_map(|key| key.name.as_deref());
    names.extend(references.map(|name| new(NameKind::ForeignKey, name)));
    let checks = after.checks.iter().filter_map(|check| check.name.as_deref());
    names.extend(checks.map(|name| new(NameKind::Check, name)));
    names.extend(after.triggers.iter().map(|one| new(NameKind::Trigger, one.name.as_str())));
    names
}
