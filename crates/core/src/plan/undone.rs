//! Collects what the undone revisions of a downgrade declare.
//!
//! Some parts cannot be undone: overwritten rows, dropped columns, digits that are cut off. Other
//! rows are no loss, since the same upgrade computes them again.

use sea_query::{Alias, Condition, Expr, ExprTrait};

use crate::data::{Again, Reversal};
use crate::history::revision::{Action, Revision};
use crate::schema::op::{Op, TableEdit};
use crate::schema::platform::Platform;
use crate::schema::{ColumnType, Schema};

/// A part of a revision that cannot be undone while certain rows exist.
#[derive(Clone, Debug)]
pub(crate) struct Irreversible {
    /// The revision.
    pub(crate) revision: String,
    /// The reason, as the second half of a sentence.
    pub(crate) why: String,
    /// The table.
    pub(crate) table: String,
    /// The rows of the table that the revision may have changed.
    pub(crate) rows: Condition,
}

/// What the revisions that a plan undoes declare, the newest revision first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Undone {
    /// What cannot be undone.
    pub(crate) irreversible: Vec<Irreversible>,
    /// The rows and values that the same upgrade would write again.
    pub(crate) again: Vec<Again>,
}

impl Undone {
    /// Adds a revision, given the states before and after it.
    pub(super) fn add(
        &mut self,
        revision: &Revision,
        platform: &Platform,
        before: &Schema,
        after: &Schema,
    ) {
        self.irreversible.extend(irreversible_parts(revision, platform, before, after));
        for action in revision.actions(platform) {
            if let Action::Data(migration) = action
                && let Reversal::Remove(again) = migration.reversal()
            {
                self.again.extend(again);
            }
        }
    }
}

fn irreversible_parts(
    revision: &Revision,
    platform: &Platform,
    before: &Schema,
    after: &Schema,
) -> Vec<Irreversible> {
    let part = |why: String, table: &str, rows: Condition| Irreversible {
        revision: revision.id.clone(),
        why,
        table: table.to_owned(),
        rows,
    };
    let mut parts = Vec::new();
    for action in revision.actions(platform) {
        match action {
            Action::Data(migration) => {
                if let Reversal::Irreversible { why, rows } = migration.reversal() {
                    let rows = rows.into_iter();
                    parts.extend(rows.map(|(table, rows)| part(why.to_owned(), table, rows)));
                }
            }
            Action::Schema(op) => {
                if let Op::Alter { table, edit: TableEdit::DropColumn(column) } = &**op {
                    let why = format!("it has dropped the column {column}");
                    parts.push(part(why, table, Condition::all()));
                }
            }
        }
    }
    for (table, column) in shortened_numbers(platform, before, after) {
        let why = format!("the numbers of its column {column} have more digits than before");
        let rows = Condition::all().add(Expr::col(Alias::new(column)).is_not_null());
        parts.push(part(why, table, rows));
    }
    parts
}

/// Returns the columns whose numbers would lose digits, with their tables.
///
/// Only MySQL stores both types differently.
fn shortened_numbers<'a>(
    platform: &Platform,
    before: &Schema,
    after: &'a Schema,
) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    for table in after.tables.values().filter(|_| platform.is_mysql()) {
        let Some(earlier) = before.table(&table.name) else { continue };
        for column in &table.columns {
            let was = earlier.find_column(&column.name).map(|column| &column.column_type);
            if column.column_type == ColumnType::Double && was == Some(&ColumnType::Float) {
                found.push((table.name.as_str(), column.name.as_str()));
            }
        }
    }
    found
}
