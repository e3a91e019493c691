//! Collects what a thread has read, and hands it over in parts of limited size.

use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;

use mlflow_migrate_core::rows::Row;
use sea_query::Value;

use crate::reason::Reason;
use crate::report::{Class, Entry, Omission};
use crate::tables::Table;

/// The bytes of rows after which a thread hands over what it has.
const PART_BYTES: usize = 256 << 10;

/// The bytes that a row takes besides its texts.
const ROW_BYTES: usize = 256;

/// Something that a thread has read.
#[derive(Debug)]
pub(crate) enum Item {
    /// The rows up to the next beginning belong to this entry.
    Begin(Begin),
    Row(Table, Row),
    Omission(Omission),
}

/// The beginning of an entry whose key others could have too.
#[derive(Debug)]
pub(crate) struct Begin {
    pub(crate) table: Table,
    /// The entry's key, in a form that no other key has.
    pub(crate) key: String,
    pub(crate) path: PathBuf,
    /// Whether the entry goes with the last one that is not nested.
    pub(crate) is_nested: bool,
}

/// What one task has read.
pub(crate) struct Output {
    items: Vec<Item>,
    bytes: usize,
    sender: SyncSender<Vec<Item>>,
    is_closed: bool,
}

impl Output {
    pub(crate) fn new(sender: SyncSender<Vec<Item>>) -> Self {
        Self { items: Vec::new(), bytes: 0, sender, is_closed: false }
    }

    /// Returns whether nobody reads this output any more, so that the task can stop.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Begins an entry that stands on its own.
    pub(crate) fn begin(&mut self, table: Table, key: impl Into<String>, path: &Path) {
        let (key, path) = (key.into(), path.to_owned());
        self.push(ROW_BYTES, Item::Begin(Begin { table, key, path, is_nested: false }));
    }

    /// Begins an entry that belongs to the one before.
    pub(crate) fn begin_nested(&mut self, table: Table, key: impl Into<String>, path: &Path) {
        let (key, path) = (key.into(), path.to_owned());
        self.push(ROW_BYTES, Item::Begin(Begin { table, key, path, is_nested: true }));
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, table: Table, row: Row) {
        self.push(row_bytes(&row), Item::Row(table, row));
    }

    /// Reports an entry at which MLflow's command ends.
    pub(crate) fn malformed(&mut self, table: Table, path: &Path, reason: Reason) {
        self.omit(table, Class::Malformed, path, reason);
    }

    /// Reports an entry that MLflow's command leaves out.
    pub(crate) fn skipped(&mut self, table: Table, path: &Path, reason: Reason) {
        self.omit(table, Class::Skipped, path, reason);
    }

    /// Reports an entry that is left out.
    pub(crate) fn omit(&mut self, table: Table, class: Class, path: &Path, reason: Reason) {
        let entry = Entry { path: path.to_owned(), reason };
        self.push(ROW_BYTES, Item::Omission(Omission { table, class, entry }));
    }

    fn push(&mut self, bytes: usize, item: Item) {
        if self.is_closed {
            return;
        }
        self.items.push(item);
        self.bytes += bytes;
        if self.bytes >= PART_BYTES {
            self.flush();
        }
    }

    /// Hands over what is left.
    pub(crate) fn flush(&mut self) {
        self.bytes = 0;
        let items = std::mem::take(&mut self.items);
        if !items.is_empty() && self.sender.send(items).is_err() {
            self.is_closed = true;
        }
    }
}

/// Returns about how many bytes of memory a row takes.
pub(crate) fn row_bytes(row: &Row) -> usize {
    let texts = row.iter().map(|value| match value {
        Value::String(Some(text)) => text.len(),
        _ => 0,
    });
    ROW_BYTES + texts.sum::<usize>()
}
