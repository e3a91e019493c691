//! Recognises an upgrade of MLflow's own that was interrupted within a revision.
//!
//! Without transactional DDL, a failed run of MLflow's chain leaves the first operations of the
//! next revision behind, although the stamp names the previous one. An edit accepts what was added
//! or removed by then (`schema::edit`). But a column that was dropped or renamed is missing from
//! the stamped state, and so may be a key that was to be replaced. Such a loss would otherwise make
//! the database unrecognisable. This module separates differences that the next revision explains
//! from unexplained ones.

use serde::Serialize;

use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::history::revision::{Action, Revision};
use crate::schema::op::{Op, TableEdit};
use crate::schema::platform::{Dialect, Platform};
use crate::schema::{self, Difference, DifferenceKind, Object, Schema};

/// Returns the revision after the stamped one, in which MLflow's upgrade may have stopped.
fn next<'a>(
    catalogue: &'a Catalogue,
    platform: &Platform,
    location: &Location,
) -> Result<Option<&'a Revision>, Error> {
    // On PostgreSQL, MLflow's chain is one transaction. On SQLite, everything before the first row
    // that the chain writes commits automatically.
    if platform.dialect == Dialect::Postgres || location.empty {
        return Ok(None);
    }
    let head = catalogue.graph.head()?;
    let path = catalogue.graph.path(location.revision.as_deref(), Some(head)).unwrap_or_default();
    Ok(path.first().copied())
}

/// A run of MLflow's upgrade that was interrupted within a revision.
#[derive(Debug)]
pub(crate) struct PartialRun {
    revision: String,
    /// The number of operations done; `operations` is the number of all.
    done: usize,
    operations: usize,
    explained: Vec<Difference>,
}

impl PartialRun {
    /// Returns whether the interrupted run caused a difference from the stamped state.
    pub(crate) fn explains(&self, difference: &Difference) -> bool {
        self.explained.contains(difference)
    }
}

/// What an interrupted run of MLflow's own upgrade has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InterruptedMlflow {
    /// The revision within which the run stopped.
    pub revision: String,
    /// The number of the revision's operations that are done.
    #[serde(rename = "operations_done")]
    pub done: usize,
    /// The number of the revision's operations.
    #[serde(rename = "operation_count")]
    pub operations: usize,
}

impl PartialRun {
    /// Returns what the run has left.
    pub(crate) fn report(&self) -> InterruptedMlflow {
        let Self { revision, done, operations, .. } = self;
        InterruptedMlflow { revision: revision.clone(), done: *done, operations: *operations }
    }
}

impl std::fmt::Display for PartialRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.report().fmt(f)
    }
}

impl std::fmt::Display for InterruptedMlflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { revision, done, operations } = self;
        write!(f, "MLflow's own upgrade stopped within {revision}, ")?;
        match done {
            0 => f.write_str("in its first operation"),
            _ => write!(f, "after {done} of its {operations} operations"),
        }
    }
}

/// Recognises an interrupted run by the differences between live schema and stamped state.
///
/// # Errors
/// If the catalogue contradicts itself.
pub(crate) fn recognise(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    location: &Location,
    differences: &[Difference],
) -> Result<Option<PartialRun>, Error> {
    let Some(revision) = next(catalogue, platform, location)? else { return Ok(None) };
    let actions = revision.actions(platform).filter_map(|action| match action {
        Action::Schema(op) => Some(&**op),
        Action::Data(_) => None,
    });
    let operations: Vec<&Op> = actions.collect();
    let mut after = catalogue.state(location.revision.as_deref(), platform)?;
    let mut remaining = vec![differences.to_vec()];
    for op in &operations {
        after.apply(op, platform).map_err(|source| Error::edit(&revision.id, source))?;
        let mut settled = after.clone();
        settled.settle();
        remaining.push(schema::differences(&settled, live, platform));
    }
    // The state with the fewest differences shows how far the run got.
    let closest = remaining.iter().enumerate().min_by_key(|(_, left)| left.len());
    let Some((done, left)) = closest else { return Ok(None) };
    // A run that reached an operation has added everything that earlier operations add.
    let added: Vec<&Op> = operations.iter().copied().take_while(|op| is_added(op, live)).collect();
    let is_explained = |difference: &&Difference| match difference.kind {
        DifferenceKind::Extra => !left.contains(difference),
        _ if difference.is_missing_part() => added.iter().any(|op| has_taken(op, difference, live)),
        _ => {
            let is_of_a_state = |state: &Vec<Difference>| !state.contains(difference);
            remaining.iter().any(is_of_a_state)
                || operations.iter().any(|op| is_about(op, difference))
        }
    };
    let explained: Vec<Difference> = differences.iter().filter(is_explained).cloned().collect();
    Ok((!explained.is_empty()).then(|| PartialRun {
        revision: revision.id.clone(),
        done,
        operations: operations.len(),
        explained,
    }))
}

/// Returns whether what an operation adds exists.
///
/// For an operation that adds nothing, returns whether its table exists.
fn is_added(op: &Op, live: &Schema) -> bool {
    let table = live.table(op.table());
    match op {
        Op::Alter { edit: TableEdit::AddColumn(column), .. } => {
            table.is_some_and(|table| table.find_column(&column.name).is_some())
        }
        Op::CreateTable(_) | Op::Alter { .. } => table.is_some(),
    }
}

/// Returns whether an operation explains why a column is missing.
fn has_taken(op: &Op, difference: &Difference, live: &Schema) -> bool {
    let Op::Alter { table, edit } = op else { return false };
    let is_column = |name: &str| difference.object == Object::Column(name.to_owned());
    *table == difference.table
        && match edit {
            TableEdit::DropColumn(column) => is_column(column),
            TableEdit::RenameColumn { from, to } => {
                let is_there = live.table(table).is_some_and(|it| it.find_column(to).is_some());
                is_column(from) && is_there
            }
            _ => false,
        }
}

/// Returns whether an operation is about an object.
///
/// MLflow executes such an operation as several statements, and the replaced object is missing in
/// between.
fn is_about(op: &Op, difference: &Difference) -> bool {
    let Op::Alter { table, edit } = op else { return false };
    *table == difference.table
        && match (edit, &difference.object) {
            (TableEdit::SetPrimaryKey(_), Object::PrimaryKey) => true,
            (TableEdit::AddForeignKey(key), Object::ForeignKey(other)) => {
                key.columns == other.columns && key.referred_table == other.referred_table
            }
            (TableEdit::CreateIndex(index), object @ (Object::Index(_) | Object::Unique(_))) => {
                object.name() == Some(&index.name)
            }
            (TableEdit::AlterColumn { column, .. }, Object::Column(name)) => name == column,
            _ => false,
        }
}
