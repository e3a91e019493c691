//! How many rows move through the program at a time.

use sea_query::Value;

use super::BATCH;
use crate::rows::Row;

/// So many rows cost no more for each than more would, on any server.
const MOST: u64 = 4 * BATCH;
/// Batches become smaller from here, and larger below a quarter of it.
const HEAVY: usize = 4 << 20;

/// Batches of many rows where these are short, and of few where they are long, so that memory stays
/// flat and round trips do not count.
#[derive(Debug)]
pub(super) struct Pace {
    rows: u64,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { rows: BATCH }
    }

    /// How many rows to ask for.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes note of how much the last batch was.
    pub(super) fn note(&mut self, bytes: usize) {
        if bytes > HEAVY {
            self.rows = (self.rows / 2).max(1);
        } else if bytes < HEAVY / 4 {
            self.rows = (self.rows * 2).min(MOST);
        }
    }
}

/// How long the texts of rows are.
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
    use super::{BATCH, HEAVY, Pace};

    #[test]
    fn batches_are_many_short_rows_or_few_long_ones() {
        let mut pace = Pace::new();
        let mut after = |bytes| {
            pace.note(bytes);
            pace.rows()
        };
        assert_eq!([0; 3].map(&mut after), [2, 4, 4].map(|times| times * BATCH));
        assert_eq!(after(HEAVY), 4 * BATCH);
        assert_eq!([HEAVY + 1, 2 * HEAVY].map(&mut after), [2 * BATCH, BATCH]);
        assert_eq!([usize::MAX; 20].map(&mut after)[19], 1);
    }
}
