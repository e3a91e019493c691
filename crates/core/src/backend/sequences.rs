//! Checks and advances the sequences that number new rows.

use async_trait::async_trait;

use crate::error::{Error, Violation};
use crate::schema::Schema;

/// A database that numbers new rows by sequences.
#[async_trait]
pub trait Sequences: Send {
    /// Finds rows with numbers that a sequence has yet to assign.
    ///
    /// The next new row with such a number fails.
    async fn lagging_sequences(&mut self, live: &Schema) -> Result<Vec<Violation>, Error>;

    /// Advances such sequences past the existing rows where possible, with a notice for each.
    async fn advance_sequences(&mut self, live: &Schema) -> Result<Vec<String>, Error>;
}
