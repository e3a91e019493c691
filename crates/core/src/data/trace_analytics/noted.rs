//! Joins rows to the notes of their digests.

use sea_query::{Condition, Expr, ExprTrait, JoinType, Query, SelectStatement};

use super::super::beforehand::{DIGEST, FilledTable};
use super::columns;
use super::digests::TRACES;

/// Selects the keys of a table's rows, joined to their notes.
pub(super) fn noted(table: &FilledTable) -> SelectStatement {
    Query::select()
        .column((table.table, table.key))
        .from(table.table)
        .join(
            JoinType::LeftJoin,
            table.digests,
            Expr::col((table.table, table.key)).equals((table.digests, table.key)),
        )
        .take()
}

/// Returns the condition that a row has no note, or that of another digest.
pub(super) fn differs_from_note(table: &FilledTable, digest: Expr) -> Condition {
    let note = || Expr::col((table.digests, DIGEST));
    Condition::any().add(note().is_null()).add(note().ne(digest))
}

/// Returns the condition that a trace has no value.
///
/// If it has sources, it may have been written anew.
pub(super) fn are_empty() -> Condition {
    columns::OF_TRACES
        .iter()
        .fold(Condition::all(), |all, column| all.add(Expr::col((TRACES.table, *column)).is_null()))
}
