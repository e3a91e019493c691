//! Builds a table like another in the fastest order: columns, rows, indexes, foreign keys.

use mlflow_migrate_core::schema::Table;

use super::alter::Alteration;
use super::clause::{Clause, ColumnAttributes};
use super::foreign_key::AddedForeignKeys;
use super::statement::alter_table;
use super::unchecked::UncheckedForeignKeys;
use crate::features::Features;

/// The new table that replaces `before`.
pub(crate) struct NewTable<'a> {
    pub(crate) before: &'a Table,
    pub(crate) after: &'a Table,
    foreign_keys: AddedForeignKeys<'a>,
    features: &'a Features,
}

impl<'a> NewTable<'a> {
    /// Returns the new table `after`, which replaces `before`.
    pub(crate) fn new(before: &'a Table, after: &'a Table, features: &'a Features) -> Self {
        let foreign_keys =
            AddedForeignKeys::new(after.foreign_keys.iter(), &[], &after.name, features);
        Self { before, after, foreign_keys, features }
    }

    /// Turns an empty copy by `LIKE` of the old table into the new one, without its indexes.
    pub(crate) fn shape(
        &self,
        name: &str,
        alteration: &Alteration<'_>,
        attributes: &ColumnAttributes,
    ) -> Option<String> {
        let uniques = self.before.uniques.iter().filter_map(|unique| unique.name.as_deref());
        let indexes = self.before.indexes.iter().map(|index| index.name.as_str());
        let dropped: Vec<Clause<'_>> = uniques.chain(indexes).map(Clause::DropIndex).collect();
        let of_shape = alteration.parts.iter().flatten().filter(|clause| {
            !matches!(
                clause,
                Clause::DropIndex(_)
                    | Clause::UseIndex(_)
                    | Clause::RenameIndex { .. }
                    | Clause::AddUnique(_)
                    | Clause::AddIndex(_)
                    | Clause::AddForeignKey { .. }
            )
        });
        self.alter(name, dropped.iter().chain(of_shape), attributes)
    }

    /// Builds the indexes, without those that the server creates for foreign keys.
    pub(crate) fn indexes(&self, name: &str) -> Option<String> {
        self.alter(name, self.added_indexes().iter(), &ColumnAttributes::new())
    }

    /// Returns how many indexes [`Self::indexes`] builds.
    pub(crate) fn index_count(&self) -> usize {
        self.added_indexes().len()
    }

    fn added_indexes(&self) -> Vec<Clause<'_>> {
        let uniques = self.after.uniques.iter().map(Clause::AddUnique);
        let others = self.after.indexes.iter();
        let others = others.filter(|index| !self.foreign_keys.bring(index, self.after));
        uniques.chain(others.map(Clause::AddIndex)).collect()
    }

    /// Returns all foreign keys of the new table.
    pub(crate) fn foreign_keys(&self) -> UncheckedForeignKeys<'a> {
        UncheckedForeignKeys { table: &self.after.name, keys: self.foreign_keys.keys.clone() }
    }

    /// Returns whether the server creates all automatic indexes along with the foreign keys.
    ///
    /// Where the foreign keys go and come back, the server replaces such an index by its own.
    pub(crate) fn has_only_indexes_of_its_keys(&self) -> bool {
        let mut automatic = self.after.indexes.iter().filter(|index| index.automatic);
        automatic.all(|index| self.foreign_keys.bring(index, self.after))
    }

    fn alter<'b>(
        &self,
        name: &str,
        clauses: impl Iterator<Item = &'b Clause<'b>>,
        attributes: &ColumnAttributes,
    ) -> Option<String> {
        let clauses: Vec<String> =
            clauses.map(|clause| clause.sql(attributes, self.features)).collect();
        (!clauses.is_empty()).then(|| alter_table(name, clauses.into_iter()))
    }
}
