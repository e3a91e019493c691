//! Compares two schemas object by object.

use serde::Serialize;

use super::{ForeignKey, Index, Schema, Table};
use crate::platform::Platform;

/// How an object differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DifferenceKind {
    /// It is expected, but not there.
    Missing,
    /// It is there, but not expected.
    Extra,
    /// It is there, but not as expected.
    Changed,
}

/// One object that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Missing, extra or changed.
    pub kind: DifferenceKind,
    /// The table that holds the object, or is it.
    pub table: String,
    /// The object's kind and name.
    pub object: String,
    /// For a changed object, what is there and what was expected.
    pub detail: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            DifferenceKind::Missing => "missing",
            DifferenceKind::Extra => "extra",
            DifferenceKind::Changed => "changed",
        };
        write!(f, "{kind}: {}", self.table)?;
        if self.object != "table" {
            write!(f, ": {}", self.object)?;
        }
        self.detail.iter().try_for_each(|detail| write!(f, ": {detail}"))
    }
}

/// What of `found` is not as `expected` says.
#[must_use]
pub fn differences(expected: &Schema, found: &Schema, platform: &Platform) -> Vec<Difference> {
    let mut all = Vec::new();
    for (name, table) in &expected.tables {
        match found.table(name) {
            Some(found) => Comparison { platform, table: name, all: &mut all }.tables(table, found),
            None => all.push(whole_table(DifferenceKind::Missing, name)),
        }
    }
    let unexpected = found.tables.keys().filter(|name| !expected.tables.contains_key(*name));
    all.extend(unexpected.map(|name| whole_table(DifferenceKind::Extra, name)));
    all
}

fn whole_table(kind: DifferenceKind, name: &str) -> Difference {
    Difference { kind, table: name.to_owned(), object: "table".to_owned(), detail: None }
}

struct Comparison<'a> {
    platform: &'a Platform,
    table: &'a str,
    all: &'a mut Vec<Difference>,
}

impl Comparison<'_> {
    fn tables(&mut self, expected: &Table, found: &Table) {
        self.columns(expected, found);
        self.keys(expected, found);
        self.objects(
            expected.foreign_keys.iter().map(describe_foreign_key),
            found.foreign_keys.iter().map(describe_foreign_key),
        );
        self.objects(
            expected.uniques.iter().map(|unique| {
                describe_constraint("unique", unique.name.as_deref(), &unique.columns.join(", "))
            }),
            found.uniques.iter().map(|unique| {
                describe_constraint("unique", unique.name.as_deref(), &unique.columns.join(", "))
            }),
        );
        let describe_check = |check: &super::Check| {
            describe_constraint("CHECK", check.name.as_deref(), &check.normalized())
        };
        self.objects(
            expected.checks.iter().map(describe_check),
            found.checks.iter().map(describe_check),
        );
        // InnoDB drops an index of its own making once another one covers it: a user's, perhaps.
        let is_due = |index: &&Index| {
            let columns: Vec<&str> = index.column_names().collect();
            !index.automatic || index_is_there(index, found) || !found.is_covered(&columns)
        };
        self.objects(
            expected.indexes.iter().filter(is_due).map(Index::describe),
            found.indexes.iter().map(Index::describe),
        );
        self.objects(
            expected.triggers.iter().map(|trigger| format!("trigger {}", trigger.name)),
            found.triggers.iter().map(|trigger| format!("trigger {}", trigger.name)),
        );
    }

    fn columns(&mut self, expected: &Table, found: &Table) {
        for column in &expected.columns {
            let object = || format!("column {}", column.name);
            match found.find_column(&column.name) {
                None => self.push(DifferenceKind::Missing, object(), None),
                Some(existing) => {
                    let mut column = column.clone();
                    // Where it is the whole table's, the column shows none of its own.
                    if column.collation == found.collation {
                        column.collation = None;
                    }
                    if let Some(detail) = column.difference(existing, self.platform) {
                        self.push(DifferenceKind::Changed, object(), Some(detail));
                    }
                }
            }
        }
        for column in &found.columns {
            if expected.find_column(&column.name).is_none() {
                self.push(DifferenceKind::Extra, format!("column {}", column.name), None);
            }
        }
        let shared = |table: &Table, other: &Table| -> Vec<String> {
            let names = table.columns.iter().map(|column| column.name.clone());
            names.filter(|name| other.find_column(name).is_some()).collect()
        };
        if shared(expected, found) != shared(found, expected) {
            let detail = format!("({})", shared(found, expected).join(", "));
            self.push(DifferenceKind::Changed, "order of columns".to_owned(), Some(detail));
        }
    }

    fn keys(&mut self, expected: &Table, found: &Table) {
        if expected.primary_key != found.primary_key {
            let describe = |table: &Table| match &table.primary_key {
                Some(key) => format!(
                    "{} ({})",
                    key.name.as_deref().unwrap_or("unnamed"),
                    key.columns.join(", ")
                ),
                None => "none".to_owned(),
            };
            let detail = format!("{}, expected {}", describe(found), describe(expected));
            self.push(DifferenceKind::Changed, "primary key".to_owned(), Some(detail));
        }
    }

    /// Compares objects by their whole description: such an object is replaced, never altered.
    fn objects(
        &mut self,
        expected: impl Iterator<Item = String>,
        found: impl Iterator<Item = String>,
    ) {
        let mut unmatched: Vec<String> = found.collect();
        for object in expected {
            match unmatched.iter().position(|other| *other == object) {
                Some(position) => {
                    unmatched.remove(position);
                }
                None => self.push(DifferenceKind::Missing, object, None),
            }
        }
        for object in unmatched {
            self.push(DifferenceKind::Extra, object, None);
        }
    }

    fn push(&mut self, kind: DifferenceKind, object: String, detail: Option<String>) {
        self.all.push(Difference { kind, table: self.table.to_owned(), object, detail });
    }
}

fn index_is_there(index: &Index, table: &Table) -> bool {
    table.indexes.iter().any(|found| found.describe() == index.describe())
}

fn describe_constraint(kind: &str, name: Option<&str>, content: &str) -> String {
    match name {
        Some(name) => format!("{kind} {name} ({content})"),
        None => format!("unnamed {kind} ({content})"),
    }
}

fn describe_foreign_key(key: &ForeignKey) -> String {
    let content = format!(
        "{} -> {} ({}) ON DELETE {} ON UPDATE {}",
        key.columns.join(", "),
        key.referred_table,
        key.referred_columns.join(", "),
        key.on_delete.sql(),
        key.on_update.sql()
    );
    describe_constraint("foreign key", key.name.as_deref(), &content)
}
