//! Edits that can be made before a data migration, although their revision comes after it.
//!
//! A table that a data migration touches has to be settled before it. What later revisions ask of
//! that table would change it a second time, and on MySQL copy it a second time. Where it makes no
//! difference to the migration, these edits are made together with the earlier ones. The edits of one
//! table never change their order.

use std::collections::BTreeSet;

use crate::data::DataMigration;
use crate::schema::IndexColumn;
use crate::schema::op::{Op, TableEdit};

/// The data migrations that an edit would be made before.
#[derive(Default)]
pub(super) struct Crossed {
    touched: BTreeSet<(&'static str, &'static str)>,
    written: BTreeSet<&'static str>,
    filled: BTreeSet<(&'static str, &'static str)>,
}

impl Crossed {
    /// One more of them.
    pub(super) fn add(&mut self, migration: &dyn DataMigration) {
        for (table, columns) in migration.reads().iter().chain(migration.writes()) {
            self.touched.extend(columns.iter().map(|column| (*table, *column)));
        }
        for (table, columns) in migration.writes() {
            self.written.insert(*table);
            self.filled.extend(columns.iter().map(|column| (*table, *column)));
        }
    }

    /// Whether an edit makes no difference to the migrations, nor they to it. `is_new` tells of a
    /// table that it has no rows yet: then none can offend a constraint that comes early.
    pub(super) fn can_follow(&self, op: &Op, is_new: impl Fn(&str) -> bool) -> bool {
        let Op::Alter { table, edit } = op else { return false };
        let is_touched = |column: &str| self.touched.contains(&(table.as_str(), column));
        let is_only_read = !self.written.contains(table.as_str());
        let accepts_constraints = is_only_read || is_new(table);
        match edit {
            // An index over what is going to be filled is quicker to build afterwards.
            TableEdit::CreateIndex(index) => {
                let is_filled = |column: &IndexColumn| {
                    self.filled.contains(&(table.as_str(), column.name.as_str()))
                };
                (!index.unique || accepts_constraints) && !index.columns.iter().any(is_filled)
            }
            TableEdit::DropIndex(_) | TableEdit::DropCheck(_) => true,
            TableEdit::AddCheck(_) => accepts_constraints,
            TableEdit::AddColumn(column) => column.generated.is_none(),
            // Another collation can be that of a referencing column elsewhere.
            TableEdit::AlterColumn { column, change } => {
                (change.column_type.is_none() || !is_touched(column))
                    && (change.nullable != Some(false) || accepts_constraints)
                    // A row that is added takes the default of its day.
                    && (change.default.is_none() || is_only_read)
                    && change.collation.is_none()
            }
            _ => false,
        }
    }
}
