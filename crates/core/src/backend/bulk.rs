//! Reads and writes the rows of whole tables, batch by batch.

use async_trait::async_trait;
use sea_query::Value;
use tokio::sync::mpsc::{Receiver, Sender};

use crate::error::Error;
use crate::event::Progress;
use crate::plan::row_checks::{Rules, Spelling};
use crate::rows::Row;
use crate::schema::Table;

/// The number of rows after which a batch is full.
const BATCH_ROWS: usize = 2_000;

/// The number of bytes after which a batch is full.
const BATCH_BYTES: usize = 256 << 10;

/// About how many bytes a value takes besides its text.
const VALUE_BYTES: usize = 32;

/// Sends batches of rows; fails once nobody receives them any more.
pub type RowSender = Sender<Vec<Row>>;

/// Receives batches of rows.
pub type RowReceiver = Receiver<Vec<Row>>;

/// Collects rows into batches of bounded size.
#[derive(Debug, Default)]
pub struct Batch {
    rows: Vec<Row>,
    bytes: usize,
}

impl Batch {
    /// Adds a row, and returns the batch once it is full.
    pub fn add(&mut self, row: Row) -> Option<Vec<Row>> {
        self.bytes += row.iter().map(size).sum::<usize>();
        self.rows.push(row);
        let is_full = self.rows.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES;
        is_full.then(|| self.take())
    }

    /// Returns the rows of the last batch, if there are any.
    #[must_use]
    pub fn rest(mut self) -> Option<Vec<Row>> {
        (!self.rows.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> Vec<Row> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }
}

/// Returns about how many bytes a value takes in memory.
fn size(value: &Value) -> usize {
    VALUE_BYTES
        + match value {
            Value::String(Some(text)) => text.len(),
            Value::Bytes(Some(bytes)) => bytes.len(),
            _ => 0,
        }
}

/// The rows of a table that are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The table.
    pub table: String,
    /// The columns, in the order of the values.
    pub columns: Vec<String>,
    /// The columns by which the rows are sorted; empty for any order.
    pub order_by: Vec<String>,
    /// Whether texts whose bytes are equal are read once only; the columns hold texts.
    pub is_distinct: bool,
}

/// The columns of a new table that are filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Filling {
    /// The table, as it is when the rows are written.
    pub table: Table,
    /// The columns, in the order of the values.
    pub columns: Vec<String>,
}

/// The rows of whole tables.
///
/// Memory stays flat: at most a few batches are on their way, and each has a bounded size or holds
/// one row.
#[async_trait]
pub trait BulkRows: Send {
    /// Sends all rows of a table, in the session's snapshot.
    ///
    /// Ends without an error if nobody receives the rows any more. Texts that are not UTF-8 arrive as
    /// bytes.
    async fn read_rows(&mut self, reading: &Reading, to: RowSender) -> Result<(), Error>;

    /// Adds all rows that arrive to a new table, and returns their number.
    ///
    /// Identity and `AUTO_INCREMENT` columns get the values of the rows.
    async fn write_rows(
        &mut self,
        filling: &Filling,
        rows: RowReceiver,
        progress: &Progress,
    ) -> Result<u64, Error>;

    /// Returns how the database spells rules about rows.
    fn spelling(&self) -> Spelling;

    /// Returns an error for each rule that existing rows violate.
    async fn violations(&mut self, rules: &Rules) -> Result<Vec<Error>, Error>;

    /// Returns a sort key for each text; texts with the same key are equal in the collation.
    ///
    /// `None` where different texts are never equal.
    async fn sort_keys(
        &mut self,
        collation: &str,
        texts: &[String],
    ) -> Result<Option<Vec<String>>, Error>;

    /// Returns the most bytes that one row may hold, if the database limits them.
    async fn most_row_bytes(&mut self) -> Result<Option<u64>, Error>;
}

#[cfg(test)]
mod tests {
    use super::{BATCH_ROWS, Batch};

    #[test]
    fn a_batch_is_full_by_rows_or_by_bytes() {
        let mut batch = Batch::default();
        let full = (1..).find(|_| batch.add(vec![1_i64.into()]).is_some());
        assert_eq!(full, Some(BATCH_ROWS));
        assert!(batch.add(vec!["a".into()]).is_none());
        assert_eq!(batch.add(vec!["b".repeat(1 << 20).into()]).map(|rows| rows.len()), Some(2));
        assert!(Batch::default().rest().is_none());
    }
}
