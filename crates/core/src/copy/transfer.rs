//! Moves the rows of one table: read, convert, write, all at the same time.

use sea_query::Value;

use super::artifact_root::Rewritten;
use super::digest::{Digest, Digester};
use super::fault::Fault;
use super::finding::Faults;
use super::left_out::LeftOut;
use super::table::TableCopy;
use crate::backend::{Backend, RowReceiver, RowSender};
use crate::error::{CopyError, CopyFinding, Error};
use crate::event::Progress;
use crate::rows::Row;
use crate::schema::Table;

/// How many batches wait between two stages.
const BATCHES: usize = 2;

/// What became of a table's rows.
#[derive(Debug)]
pub(crate) struct Transferred {
    /// The digest of the rows that can be copied.
    pub(crate) digest: Digest,
    /// The number of rows that were left out.
    pub(crate) skipped: u64,
    /// The rows that cannot be copied.
    pub(crate) findings: Vec<CopyFinding>,
    /// The places of artifacts that were rewritten.
    pub(crate) rewritten: Vec<Rewritten>,
}

/// Whether a digest of the rows is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digesting {
    /// The digest is compared with another one.
    Wanted,
    /// Only the findings count.
    Unwanted,
}

/// Converts the rows of one table.
struct Conversion<'a> {
    table: &'a TableCopy,
    state: TableCopy,
    left_out: &'a mut LeftOut,
    digester: Digester,
    digesting: Digesting,
    faults: Faults,
    skipped: u64,
}

impl<'a> Conversion<'a> {
    fn of(table: &'a TableCopy, left_out: &'a mut LeftOut, digesting: Digesting) -> Self {
        let mut state = table.clone();
        state.equal_keys.iter_mut().for_each(super::equal_keys::EqualKeys::forget);
        let (digester, faults) = (Digester::default(), Faults::default());
        Self { table, state, left_out, digester, digesting, faults, skipped: 0 }
    }

    /// Returns the row as the destination stores it; `None` if it cannot.
    fn row(&mut self, mut row: Row) -> Option<Row> {
        self.table.renumbering.apply(&mut row);
        let mut found = Vec::new();
        for (place, (value, column)) in row.iter_mut().zip(&self.table.columns).enumerate() {
            let given = std::mem::replace(value, Value::String(None));
            *value = column.convert(given).unwrap_or_else(|(fault, value)| {
                found.push((place, fault));
                value
            });
        }
        if found.is_empty() {
            found.extend(self.too_long(&row));
        }
        if found.is_empty() {
            let place = self.left_out.referenced_by(&self.table.references, &row);
            found.extend(place.map(|place| (place, Fault::LeftOutParent)));
        }
        if found.is_empty() {
            found.extend(self.state.equal_keys.iter_mut().find_map(|key| key.repeats(&row)));
        }
        if found.is_empty() {
            row.truncate(self.table.written);
            self.state.rewriting.apply(&mut row);
            if self.digesting == Digesting::Wanted {
                self.digester.add(&self.table.columns, &row);
            }
            return Some(row);
        }
        self.skipped += 1;
        for (key, places) in &self.table.referred {
            self.left_out.add(key, places, &row);
        }
        for (place, fault) in found {
            self.faults.add(place, fault, &row, &self.table.key);
        }
        None
    }

    /// Returns the longest value of a row that is too long as a whole.
    fn too_long(&self, row: &Row) -> Option<(usize, Fault)> {
        let most = self.table.most_row_bytes?;
        let length = |value: &Value| match value {
            Value::String(Some(text)) => text.len() as u64,
            Value::Bytes(Some(bytes)) => bytes.len() as u64,
            _ => 0,
        };
        if row.iter().map(length).sum::<u64>() <= most {
            return None;
        }
        let longest = row.iter().enumerate().max_by_key(|(_, value)| length(value))?;
        Some((longest.0, Fault::RowTooLong(most)))
    }

    fn finish(self, quote: fn(&str) -> String) -> Transferred {
        let table = self.table;
        let keys = &self.state.equal_keys;
        let query = |place: usize, fault: Fault| table.query(place, fault, keys, quote);
        Transferred {
            digest: self.digester.finish(),
            skipped: self.skipped,
            findings: self.faults.into_findings(&table.name, &table.names, query),
            rewritten: self.state.rewriting.counts(&table.name),
        }
    }
}

/// Converts the rows that arrive, and sends them on, if there is a stage that takes them.
async fn convert(
    conversion: &mut Conversion<'_>,
    mut from: RowReceiver,
    to: Option<RowSender>,
    progress: &Progress,
) -> Result<(), Error> {
    let (mut done, total) = (0, conversion.table.rows);
    while let Some(rows) = from.recv().await {
        progress.check()?;
        done += rows.len() as u64;
        let rows: Vec<Row> = rows.into_iter().filter_map(|row| conversion.row(row)).collect();
        if let Some(to) = &to
            && to.send(rows).await.is_err()
        {
            return Ok(());
        }
        progress.report(done, Some(total.max(done)));
    }
    Ok(())
}

/// Reads the rows of a table, and computes what would become of them.
///
/// # Errors
/// If the rows cannot be read.
pub(crate) async fn examine(
    backend: &mut dyn Backend,
    table: &TableCopy,
    left_out: &mut LeftOut,
    digesting: Digesting,
    progress: &Progress,
) -> Result<Transferred, Error> {
    let quote = backend.bulk().spelling().quote;
    let mut conversion = Conversion::of(table, left_out, digesting);
    let (to, from) = tokio::sync::mpsc::channel(BATCHES);
    let reading = table.reading();
    let reading = backend.bulk().read_rows(&reading, to);
    let converting = convert(&mut conversion, from, None, progress);
    let (read, converted) = futures_util::future::join(reading, converting).await;
    converted?;
    read?;
    Ok(conversion.finish(quote))
}

/// Copies the rows of a table into the destination's, which is `as_it_is`.
///
/// # Errors
/// If the rows cannot be read or written.
pub(crate) async fn transfer(
    source: &mut dyn Backend,
    destination: &mut dyn Backend,
    table: &TableCopy,
    as_it_is: &Table,
    left_out: &mut LeftOut,
    progress: &Progress,
) -> Result<Transferred, Error> {
    let quote = source.bulk().spelling().quote;
    let mut conversion = Conversion::of(table, left_out, Digesting::Wanted);
    let (to, from) = tokio::sync::mpsc::channel(BATCHES);
    let (on, written) = tokio::sync::mpsc::channel(BATCHES);
    let (reading, filling) = (table.reading(), table.filling(as_it_is));
    let reading = source.bulk().read_rows(&reading, to);
    let converting = convert(&mut conversion, from, Some(on), progress);
    let writing = destination.bulk().write_rows(&filling, written, progress);
    let (read, converted, written) =
        futures_util::future::join3(reading, converting, writing).await;
    converted?;
    // A stage whose neighbour has failed ends without an error of its own.
    let added = written?;
    read?;
    let transferred = conversion.finish(quote);
    if added == transferred.digest.rows {
        return Ok(transferred);
    }
    Err(CopyError::Unequal { tables: vec![table.name.clone()] }.into())
}
