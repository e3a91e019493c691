//! Finds out what the destination of a copy holds.

use super::Copying;
use super::compare;
use super::report::CopiedTable;
use super::source::Source;
use crate::error::{CopyError, Error, Operation};
use crate::event::Event;
use crate::locate::locate;
use crate::locate::recognise::is_mlflows;
use crate::schema::Schema;
use crate::upgrade::inspection::unfinished;
use crate::upgrade::journal::{self, Journal, refuse_fence, resumable};
use crate::upgrade::note_check::{Direction, trusted_plan};

/// The most tables that a message names.
const NAMED: usize = 5;

/// What the destination holds.
pub(super) enum Destination {
    /// No table.
    Empty(Schema),
    /// A copy that was interrupted, and has to start over.
    Unfinished(Box<Journal>),
    /// The rows of the source already.
    Copied(Vec<CopiedTable>),
    /// The rows of the source, and an unfinished upgrade of them.
    Upgrading(Box<Journal>),
}

impl Copying<'_> {
    /// Returns what the destination holds.
    ///
    /// # Errors
    /// If it is neither empty, nor what an earlier run of the same copy has left.
    pub(super) async fn look_at_destination(
        &mut self,
        found: &Source,
    ) -> Result<Destination, Error> {
        if let Some(journal) = Journal::read(self.destination).await? {
            return match (journal.operation(), journal.copy) {
                (Operation::Copy, _) => Ok(Destination::Unfinished(Box::new(journal))),
                (_, Some(journal::Copying::Upgrade)) => {
                    Ok(Destination::Upgrading(Box::new(journal)))
                }
                _ => {
                    let name = self.destination.name();
                    let state = unfinished(self.destination, self.catalogue, &journal)?;
                    Err(Error::Unfinished { name, unfinished: Box::new(state) })
                }
            };
        }
        refuse_fence(self.destination).await?;
        let live = self.destination.inspect().await?;
        let versions = self.destination.versions().await?.unwrap_or_default();
        if live.tables.is_empty() && versions.is_empty() {
            return Ok(Destination::Empty(live));
        }
        if !is_mlflows(self.catalogue, &live) {
            let mut tables: Vec<&str> = live.tables.keys().map(String::as_str).collect();
            let more = if tables.len() > NAMED { ", …" } else { "" };
            tables.truncate(NAMED);
            let problem = match tables.as_slice() {
                [] => format!("alembic_version holds {}", versions.join(", ")),
                tables => format!("it holds the tables {}{more}", tables.join(", ")),
            };
            return Err(self.not_empty(problem));
        }
        let platform = self.destination.platform();
        let location = locate(self.catalogue, platform, &live, Some(&versions), None)?;
        if location.revision != found.location.revision {
            let problem = format!("it holds MLflow's tables at {} already", location.label());
            return Err(self.not_empty(problem));
        }
        self.compare_with(found).await
    }

    /// Compares a destination at the source's revision with the source.
    async fn compare_with(&mut self, found: &Source) -> Result<Destination, Error> {
        let message =
            "the destination holds MLflow's tables already: their rows are compared".to_owned();
        self.observer.notify(&Event::Notice { message });
        let (source, destination) = (&mut *self.source, &mut *self.destination);
        let tables =
            compare::tables_of(source, destination, self.catalogue, found, self.options).await?;
        let progress = self.silent();
        let compared = compare::rows(self.source, self.destination, &tables, &progress).await?;
        let different: Vec<&str> = compared
            .iter()
            .filter(|table| !table.is_equal())
            .map(|table| table.table.as_str())
            .collect();
        if !different.is_empty() {
            let problem = format!(
                "it holds MLflow's tables already, with other rows than the source: {}",
                different.join(", ")
            );
            return Err(self.not_empty(problem));
        }
        let copied = compared.into_iter().map(|table| CopiedTable {
            table: table.table,
            rows: table.destination_rows,
            digest: table.destination_digest,
            skipped: 0,
        });
        Ok(Destination::Copied(copied.collect()))
    }

    /// Removes the tables of an interrupted copy, and returns the schema without them.
    ///
    /// # Errors
    /// If the note is not one that this program has written, or a table cannot be removed.
    pub(super) async fn start_over(&mut self, journal: &Journal) -> Result<Schema, Error> {
        let message = format!("{} was interrupted, and starts over", journal.describe());
        self.observer.notify(&Event::Notice { message });
        let plan =
            trusted_plan(self.destination, self.catalogue, journal, Direction::RollBack).await?;
        let live = self.destination.inspect().await?;
        let mut tables: Vec<String> =
            plan.changes().map(|change| change.after.name.clone()).collect();
        // A table goes before those that it references.
        tables.reverse();
        tables.retain(|table| live.table(table).is_some());
        self.destination.drop_tables(&tables).await?;
        self.destination.stamp(None).await?;
        resumable(self.destination)?.end_journal().await?;
        self.destination.inspect().await
    }

    fn not_empty(&self, problem: String) -> Error {
        CopyError::NotEmpty { name: self.destination.name(), problem }.into()
    }
}
