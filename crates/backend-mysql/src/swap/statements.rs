//! The statements of a swap.

use mlflow_migrate_core::schema::{Column, Table};

use crate::features::Features;
use crate::quoting::quote;
use crate::render::{Alteration, ColumnAttributes, NewTable, UncheckedForeignKeys};
use crate::swap_tables::{NEW, OLD};

/// The statements that replace a table by another.
pub(crate) struct Swap<'a>(NewTable<'a>);

impl<'a> Swap<'a> {
    /// Replaces `before` by `after`.
    pub(crate) fn new(before: &'a Table, after: &'a Table, features: &'a Features) -> Self {
        Self(NewTable::new(before, after, features))
    }

    /// Returns the name of the new table until the swap.
    pub(crate) fn new_name(&self) -> String {
        format!("{NEW}{}", self.0.after.name)
    }

    /// Returns the name of the old table after the swap.
    pub(crate) fn old_name(&self) -> String {
        format!("{OLD}{}", self.0.after.name)
    }

    /// Creates the new table, empty, with only its columns, CHECKs and primary key.
    pub(crate) fn create(
        &self,
        alteration: &Alteration<'_>,
        attributes: &ColumnAttributes,
    ) -> Vec<String> {
        let (new, table) = (self.new_name(), &self.0.before.name);
        let create = format!("CREATE TABLE {} LIKE {}", quote(&new), quote(table));
        let shape = self.0.shape(&new, alteration, attributes);
        std::iter::once(create).chain(shape).collect()
    }

    /// Returns the `INSERT … SELECT`, in the order of the old primary key.
    pub(crate) fn fill(&self) -> String {
        let is_there = |column: &&Column| self.0.before.find_column(column.live_name()).is_some();
        let stored = self.0.after.columns.iter().filter(|column| column.generated.is_none());
        let copied: Vec<&Column> = stored.filter(is_there).collect();
        let list = |name: fn(&Column) -> &str| {
            let names: Vec<String> = copied.iter().map(|column| quote(name(column))).collect();
            names.join(", ")
        };
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} FORCE INDEX (PRIMARY)",
            quote(&self.new_name()),
            list(|column| &column.name),
            list(Column::live_name),
            quote(&self.0.before.name),
        )
    }

    /// Builds the indexes of the filled table, all in one statement.
    ///
    /// The server creates the automatic indexes of foreign keys when the foreign keys are added.
    pub(crate) fn add_indexes(&self) -> Option<String> {
        self.0.indexes(&self.new_name())
    }

    /// Returns how many indexes the filled table gets.
    pub(crate) fn index_count(&self) -> usize {
        self.0.index_count()
    }

    /// Returns all foreign keys of the table; the new table has none until the swap.
    pub(crate) fn foreign_keys(&self) -> UncheckedForeignKeys<'a> {
        self.0.foreign_keys()
    }

    /// Swaps the two tables.
    pub(crate) fn rename(&self) -> String {
        let (table, new, old) =
            (quote(&self.0.before.name), quote(&self.new_name()), quote(&self.old_name()));
        format!("RENAME TABLE {table} TO {old}, {new} TO {table}")
    }

    /// Returns the foreign keys that the old table lacks; only these can have missing rows.
    pub(crate) fn new_foreign_keys(&self) -> UncheckedForeignKeys<'a> {
        let mut new = self.foreign_keys();
        new.keys.retain(|(key, _)| {
            !self.0.before.foreign_keys.iter().any(|known| {
                known.columns == key.columns && known.referred_table == key.referred_table
            })
        });
        new
    }

    /// Returns all statements, to show them.
    pub(crate) fn statements(&self, alteration: &Alteration<'_>) -> Vec<String> {
        let mut statements = self.create(alteration, &ColumnAttributes::new());
        statements.push(self.fill());
        statements.extend(self.add_indexes());
        statements.push(self.rename());
        if !self.foreign_keys().keys.is_empty() {
            statements.push(UncheckedForeignKeys::CHECKS_OFF.to_owned());
            statements.push(self.foreign_keys().add());
            statements.push(UncheckedForeignKeys::CHECKS_ON.to_owned());
            statements.extend(self.new_foreign_keys().orphans().map(|(_, query)| query));
        }
        statements
    }
}
