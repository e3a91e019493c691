//! Databases where an interrupted upgrade is resumed.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::error::Error;
use crate::rows::RowTransactions;

/// A database whose changes of tables commit by themselves, so that an upgrade is resumed, and not
/// rolled back.
///
/// A journal in a table of its own says how far an upgrade has come. A backend implements this trait as
/// a whole or not at all.
#[async_trait]
pub trait Resumable: RowTransactions {
    /// Reads the note of an interrupted upgrade, and how many of its steps are done.
    async fn read_journal(&mut self) -> Result<Option<(String, usize)>, Error>;

    /// Begins a note, with no step done.
    async fn begin_journal(&mut self, note: &str) -> Result<(), Error>;

    /// Notes how many steps are done, as a part of an open transaction of rows.
    async fn note_steps(&mut self, done: usize) -> Result<(), Error>;

    /// Notes how many rows a step has written over or taken away that the database had before the
    /// upgrade, as a part of an open transaction of rows.
    async fn note_losses(&mut self, step: usize, rows: u64) -> Result<(), Error>;

    /// Returns what was noted by [`Resumable::note_losses`], by the number of the step. A note of a
    /// later step than [`Resumable::note_steps`] noted last goes with the next such note.
    async fn losses(&mut self) -> Result<BTreeMap<usize, u64>, Error>;

    /// Removes the note, and its table.
    async fn end_journal(&mut self) -> Result<(), Error>;

    /// Waits until no other session uses these tables, as far as they exist. Called before the first
    /// change.
    async fn await_tables(&mut self, tables: &[String]) -> Result<(), Error>;

    /// Puts in order what an interrupted change has left of its table, before the schema is read again.
    async fn resume(&mut self) -> Result<(), Error>;

    /// Drops the tables that changes have retained, and copies that were not finished.
    async fn discard_copies(&mut self) -> Result<(), Error>;

    /// Returns the tables that changes have retained as they were until the upgrade is verified: under
    /// the name of each table that of the retained one.
    async fn retained_tables(&mut self) -> Result<BTreeMap<String, String>, Error>;
}
