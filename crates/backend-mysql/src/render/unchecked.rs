//! Foreign keys that are added without a copy of the table.
//!
//! InnoDB checks a new foreign key only by copying all rows into a new table. With
//! `foreign_key_checks` off it takes the key at once, on every version, and still refuses one whose
//! columns do not match. From then on no row comes without the one that it references, so one query
//! afterwards finds all that were there before.

use mlflow_migrate_core::schema::ForeignKey;

use super::constraint;
use super::statement::alter_table;
use crate::quoting::quote;

/// The foreign keys of one table.
#[derive(Clone, Debug)]
pub(crate) struct UncheckedForeignKeys<'a> {
    /// The table.
    pub(crate) table: &'a str,
    /// Each key, and whether the statement has to name it.
    pub(crate) keys: Vec<(&'a ForeignKey, bool)>,
}

impl UncheckedForeignKeys<'_> {
    /// Before the statement that adds them.
    pub(crate) const CHECKS_OFF: &'static str = "SET SESSION foreign_key_checks = 0";
    /// After it.
    pub(crate) const CHECKS_ON: &'static str = "SET SESSION foreign_key_checks = 1";

    /// The statement that adds them all.
    pub(crate) fn add(&self) -> String {
        let clause =
            |(key, is_named): &(&ForeignKey, bool)| constraint::foreign_key(key, *is_named);
        alter_table(self.table, self.keys.iter().map(|key| format!("ADD {}", clause(key))))
    }

    /// The statement that takes them away again.
    pub(crate) fn drop(&self) -> String {
        let names = self.keys.iter().filter_map(|(key, _)| key.name.as_deref());
        let clauses = names.map(|name| format!("DROP FOREIGN KEY {}", quote(name)));
        alter_table(self.table, clauses)
    }

    /// For each key a query for the number of rows without the one that they reference.
    pub(crate) fn orphans(&self) -> impl Iterator<Item = (&ForeignKey, String)> {
        self.keys.iter().map(|(key, _)| (*key, orphans(self.table, key)))
    }
}

/// A row with a NULL in the key references nothing.
fn orphans(table: &str, key: &ForeignKey) -> String {
    let pairs = || key.columns.iter().zip(&key.referred_columns);
    let joined: Vec<String> = pairs()
        .map(|(column, other)| format!("parent.{} = child.{}", quote(other), quote(column)))
        .collect();
    let references: Vec<String> =
        key.columns.iter().map(|column| format!("child.{} IS NOT NULL", quote(column))).collect();
    let is_missing = key
        .referred_columns
        .first()
        .map_or_else(String::new, |other| format!(" AND parent.{} IS NULL", quote(other)));
    format!(
        "SELECT COUNT(*) FROM {} AS child LEFT JOIN {} AS parent ON {} WHERE {}{is_missing}",
        quote(table),
        quote(&key.referred_table),
        joined.join(" AND "),
        references.join(" AND ")
    )
}
