//! Undoes in a live table what a revision did to MLflow's own.
//!
//! The states before and after the revision say what to undo. Whatever else the live table has
//! stays: it is the user's.

use crate::schema::{Check, Column, ForeignKey, Index, Table, Unique};

/// Undoes in `live` whatever leads from `before` to `after`.
pub(super) fn undo(live: &mut Table, before: &Table, after: &Table) {
    for column in &after.columns {
        match before.find_column(&column.name) {
            None => live.columns.retain(|own| own.name != column.name),
            Some(earlier) => {
                let own = live.columns.iter_mut().find(|own| own.name == column.name);
                own.into_iter().for_each(|own| restore(own, earlier, column));
            }
        }
    }
    let is_new = |column: &&Column| after.find_column(&column.name).is_none();
    live.columns.extend(before.columns.iter().filter(is_new).cloned());
    if before.primary_key != after.primary_key {
        live.primary_key.clone_from(&before.primary_key);
    }
    undo_list(&mut live.foreign_keys, &before.foreign_keys, &after.foreign_keys, is_same_reference);
    undo_list(&mut live.uniques, &before.uniques, &after.uniques, is_same_key);
    undo_list(&mut live.checks, &before.checks, &after.checks, is_same_check);
    undo_list(&mut live.indexes, &before.indexes, &after.indexes, is_same_index);
    undo_list(&mut live.triggers, &before.triggers, &after.triggers, |one, other| {
        one.name == other.name
    });
}

/// Gives a column back the properties that differ between two states.
fn restore(own: &mut Column, before: &Column, after: &Column) {
    if before.column_type != after.column_type {
        own.column_type.clone_from(&before.column_type);
    }
    if before.nullable != after.nullable {
        own.nullable = before.nullable;
    }
    if before.default != after.default {
        own.default.clone_from(&before.default);
    }
    if before.collation != after.collation {
        own.collation.clone_from(&before.collation);
    }
}

/// Removes what only `after` has, and adds what only `before` has.
///
/// An object counts once: a state may hold two that are equal.
fn undo_list<T: Clone + PartialEq>(
    live: &mut Vec<T>,
    before: &[T],
    after: &[T],
    is_same: impl Fn(&T, &T) -> bool,
) {
    let mut kept = before.to_vec();
    for own in after {
        if let Some(place) = kept.iter().position(|earlier| earlier == own) {
            kept.remove(place);
            continue;
        }
        let exact = live.iter().position(|found| found == own);
        if let Some(place) = exact.or_else(|| live.iter().position(|found| is_same(found, own))) {
            live.remove(place);
        }
    }
    live.extend(kept);
}

fn is_same_reference(one: &ForeignKey, other: &ForeignKey) -> bool {
    one.columns == other.columns && one.referred_table == other.referred_table
}

fn is_same_key(one: &Unique, other: &Unique) -> bool {
    one.columns == other.columns
}

fn is_same_check(one: &Check, other: &Check) -> bool {
    one.name == other.name && one.normalized() == other.normalized()
}

fn is_same_index(one: &Index, other: &Index) -> bool {
    one.name == other.name
}
