//! Foreign keys that are added without a copy of the table.
//!
//! InnoDB checks a new foreign key only by copying all rows into a new table. With
//! `foreign_key_checks` off, every version adds the key at once, and still refuses a key whose
//! columns do not match. From then on, the server refuses new rows that refer to a missing row. A
//! single query afterwards finds older rows that do.

use mlflow_migrate_core::schema::ForeignKey;

use super::constraint;
use super::statement::alter_table;
use crate::quoting::quote;

/// The foreign keys of one table.
#[derive(Clone, Debug)]
pub(crate) struct UncheckedForeignKeys<'a> {
    /// The table's name.
    pub(crate) table: &'a str,
    /// Each key, and whether the statement has to name it.
    pub(crate) keys: Vec<(&'a ForeignKey, bool)>,
}

impl UncheckedForeignKeys<'_> {
    /// Precedes the statement that adds the keys.
    pub(crate) const CHECKS_OFF: &'static str = "SET SESSION foreign_key_checks = 0";
    /// Follows the statement that adds the keys.
    pub(crate) const CHECKS_ON: &'static str = "SET SESSION foreign_key_checks = 1";

    /// Returns the statement that adds all keys.
    pub(crate) fn add(&self) -> String {
        let clause =
            |(key, is_named): &(&ForeignKey, bool)| constraint::foreign_key(key, *is_named);
        alter_table(self.table, self.keys.iter().map(|key| format!("ADD {}", clause(key))))
    }

    /// Returns the statement that drops the keys again.
    pub(crate) fn drop(&self) -> String {
        let names = self.keys.iter().filter_map(|(key, _)| key.name.as_deref());
        let clauses = names.map(|name| format!("DROP FOREIGN KEY {}", quote(name)));
        alter_table(self.table, clauses)
    }

    /// Returns for each key a query that counts rows which refer to a missing row.
    pub(crate) fn orphans(&self) -> impl Iterator<Item = (&ForeignKey, String)> {
        self.keys.iter().map(|(key, _)| (*key, orphans(self.table, key)))
    }
}

/// Counts rows that refer to a missing row; a row with a NULL in the key refers to none.
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
