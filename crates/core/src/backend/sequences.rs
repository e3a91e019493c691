//! Databases that keep the numbers of new rows apart from the rows.

use async_trait::async_trait;

use crate::error::{Error, Violation};
use crate::schema::Schema;

/// A database whose new rows get their numbers from sequences.
#[async_trait]
pub trait Sequences: Send {
    /// Finds the rows whose numbers a sequence is still to give: the next row that takes such a number
    /// fails.
    async fn lagging_sequences(&mut self, live: &Schema) -> Result<Vec<Violation>, Error>;

    /// Lets such sequences continue after the rows, where it can, and returns a notice for each.
    async fn advance_sequences(&mut self, live: &Schema) -> Result<Vec<String>, Error>;
}
