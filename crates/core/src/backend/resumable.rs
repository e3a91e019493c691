//! Resumes interrupted upgrades where each table change commits automatically.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::error::Error;
use crate::rows::RowTransactions;

/// A database without transactional DDL, where an upgrade is resumed instead of rolled back.
///
/// A journal, in a table of its own, records the progress of an upgrade. A backend implements this
/// trait as a whole or not at all.
#[async_trait]
pub trait Resumable: RowTransactions {
    /// Reads the note of an interrupted upgrade, and the number of steps done.
    async fn read_journal(&mut self) -> Result<Option<(String, usize)>, Error>;

    /// Returns whether the table of the journal exists, and holds nothing.
    ///
    /// A dump of a database without its rows restores such a table, for example.
    async fn has_empty_journal(&mut self) -> Result<bool, Error>;

    /// Writes a note, with no step done.
    async fn begin_journal(&mut self, note: &str) -> Result<(), Error>;

    /// Notes the number of steps done, as part of an open transaction of rows.
    async fn note_steps(&mut self, done: usize) -> Result<(), Error>;

    /// Notes how many rows from before the upgrade a step has overwritten or deleted.
    ///
    /// The note is part of an open transaction of rows.
    async fn note_losses(&mut self, step: usize, rows: u64) -> Result<(), Error>;

    /// Returns the notes of [`Resumable::note_losses`], by the number of the step.
    ///
    /// [`Resumable::note_steps`] deletes the notes of later steps than the ones done.
    async fn losses(&mut self) -> Result<BTreeMap<usize, u64>, Error>;

    /// Removes the note and its table.
    async fn end_journal(&mut self) -> Result<(), Error>;

    /// Waits until no other session uses those of the tables that exist.
    ///
    /// Called before the first change.
    async fn await_tables(&mut self, tables: &[String]) -> Result<(), Error>;

    /// Completes the table of an interrupted change, before the schema is read again.
    async fn resume(&mut self) -> Result<(), Error>;

    /// Drops the tables that changes have retained, and unfinished copies.
    async fn discard_copies(&mut self) -> Result<(), Error>;

    /// Returns the tables that changes have retained until the upgrade is verified.
    ///
    /// The key is the name of a table, the value the name of its retained former state.
    async fn retained_tables(&mut self) -> Result<BTreeMap<String, String>, Error>;
}
