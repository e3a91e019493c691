//! Decides which edits can be made before a data migration of an earlier revision.
//!
//! A table that a data migration touches must be settled before the migration. A later revision's
//! edits would change the table a second time, and on MySQL copy the table a second time. Where
//! such an edit does not affect the migration, the planner makes it together with the earlier ones.
//! The edits of one table never change their order.

use std::collections::BTreeSet;

use crate::data::DataMigration;
use crate::schema::IndexColumn;
use crate::schema::op::{Op, TableEdit};

/// The data migrations that a hoisted edit would precede.
#[derive(Default)]
pub(super) struct Crossed {
    touched: BTreeSet<(&'static str, &'static str)>,
    written: BTreeSet<&'static str>,
    filled: BTreeSet<(&'static str, &'static str)>,
}

impl Crossed {
    /// Adds a data migration.
    pub(super) fn add(&mut self, migration: &dyn DataMigration) {
        for (table, columns) in migration.reads().iter().chain(migration.writes()) {
            self.touched.extend(columns.iter().map(|column| (*table, *column)));
        }
        for (table, columns) in migration.writes() {
            self.written.insert(*table);
            self.filled.extend(columns.iter().map(|column| (*table, *column)));
        }
    }

    /// Returns whether an edit and the data migrations do not affect each other.
    ///
    /// `is_new` returns whether a table has no rows yet, so that no row can violate an early
    /// constraint.
    pub(super) fn can_follow(&self, op: &Op, is_new: impl Fn(&str) -> bool) -> bool {
        let Op::Alter { table, edit } = op else { return false };
        let is_touched = |column: &str| self.touched.contains(&(table.as_str(), column));
        let is_only_read = !self.written.contains(table.as_str());
        let accepts_constraints = is_only_read || is_new(table);
        match edit {
            // An index over columns that a migration fills is faster to build afterwards.
            TableEdit::CreateIndex(index) => {
                let is_filled = |column: &IndexColumn| {
                    self.filled.contains(&(table.as_str(), column.name.as_str()))
                };
                (!index.unique || accepts_constraints) && !index.columns.iter().any(is_filled)
            }
            TableEdit::DropIndex(_) | TableEdit::DropCheck(_) => true,
            TableEdit::AddCheck(_) => accepts_constraints,
            TableEdit::AddColumn(column) => column.generated.is_none(),
            // A referencing column of another table may need the same collation.
            TableEdit::AlterColumn { column, change } => {
                (change.column_type.is_none() || !is_touched(column))
                    && (change.nullable != Some(false) || accepts_constraints)
                    // A row that the migration adds takes the default of that time.
                    && (change.default.is_none() || is_only_read)
                    && change.collation.is_none()
            }
            _ => false,
        }
    }
}
