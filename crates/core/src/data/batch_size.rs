//! Adapts the number of rows per batch to the size of the rows.

use sea_query::Value;

use super::BATCH;
use crate::rows::Row;

/// The largest batch: on any server, larger batches cost as much per row.
const MOST: u64 = 4 * BATCH;
/// The size in bytes above which batches shrink. Below a quarter of it, they grow.
const HEAVY: usize = 4 << 20;

/// The batch size: many short rows, or a few long ones.
///
/// Keeps memory use flat, and the cost of round trips negligible.
#[derive(Debug)]
pub(super) struct BatchSize {
    rows: u64,
}

impl BatchSize {
    pub(super) fn new() -> Self {
        Self { rows: BATCH }
    }

    /// Returns the number of rows to query next.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adapts the batch size to the size of the last batch, in bytes.
    pub(super) fn note(&mut self, bytes: usize) {
        if bytes > HEAVY {
            self.rows = (self.rows / 2).max(1);
        } else if bytes < HEAVY / 4 {
            self.rows = (self.rows * 2).min(MOST);
        }
    }
}

/// Returns the total length of the texts and blobs of rows, in bytes.
pub(super) fn bytes_of(rows: &[Row]) -> usize {
    let long = |value: &Value| match value {
        Value::String(Some(text)) => text.len(),
        Value::Bytes(Some(bytes)) => bytes.len(),
        _ => 0,
    };
    rows.iter().flatten().map(long).sum()
}

#[cfg(test)]
mod tests {
    use super::{BATCH, BatchSize, HEAVY};

    #[test]
    fn batches_are_many_short_rows_or_few_long_ones() {
        let mut batch = BatchSize::new();
        let mut after = |bytes| {
            batch.note(bytes);
            batch.rows()
        };
        assert_eq!([0; 3].map(&mut after), [2, 4, 4].map(|times| times * BATCH));
        assert_eq!(after(HEAVY), 4 * BATCH);
        assert_eq!([HEAVY + 1, 2 * HEAVY].map(&mut after), [2 * BATCH, BATCH]);
        assert_eq!([usize::MAX; 20].map(&mut after)[19], 1);
    }
}
