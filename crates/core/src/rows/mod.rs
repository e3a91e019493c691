//! Reads and writes the rows of one database: all that a data migration may use.
//!
//! A data migration gets [`Rows`], and so can neither stamp, nor commit, nor inspect a database.

mod accelerated;
mod transactions;

use async_trait::async_trait;
use sea_query::{QueryBuilder, QueryStatement, SelectStatement, Value, Values};

pub use accelerated::Accelerated;
pub use transactions::RowTransactions;

use crate::error::Error;
use crate::schema::platform::Platform;

/// One row of a result, its values in the order of the columns.
pub type Row = Vec<Value>;

/// The columns to update in a table, and the key that finds the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyedUpdate {
    /// The table.
    pub table: &'static str,
    /// The columns that are written.
    pub columns: &'static [&'static str],
    /// The columns that find the row.
    pub key: &'static [&'static str],
}

/// Returns a statement's SQL, with placeholders, and its values.
pub fn build(statement: &QueryStatement, builder: impl QueryBuilder) -> (String, Values) {
    match statement {
        QueryStatement::Select(select) => select.build(builder),
        QueryStatement::Insert(insert) => insert.build(builder),
        QueryStatement::Update(update) => update.build(builder),
        QueryStatement::Delete(delete) => delete.build(builder),
    }
}

/// Returns a statement's SQL with its values in place.
pub fn inlined(statement: &QueryStatement, builder: impl QueryBuilder) -> String {
    match statement {
        QueryStatement::Select(select) => select.to_string(builder),
        QueryStatement::Insert(insert) => insert.to_string(builder),
        QueryStatement::Update(update) => update.to_string(builder),
        QueryStatement::Delete(delete) => delete.to_string(builder),
    }
}

/// Reads and writes the rows of one database.
#[async_trait]
pub trait Rows: Send {
    /// Returns the database's dialect and features.
    fn platform(&self) -> &Platform;

    /// Runs a query whose result is small.
    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error>;

    /// Runs a query for exceptional rows, which the statements of a data migration leave out.
    ///
    /// A script reads no rows, and takes for granted that it finds none:
    /// [`crate::data::DataMigration::refused_by_scripts`] names those that it refuses.
    async fn query_exceptions(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        self.query(select).await
    }

    /// Runs a statement, and returns the number of rows changed.
    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error>;

    /// Adds rows, and returns their number.
    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error>;

    /// Updates existing rows, and returns the number of rows changed.
    ///
    /// Each row holds the values of the columns, then those of the key.
    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error>;

    /// Returns the faster alternatives of this database, if it has any.
    fn accelerate(&mut self) -> Option<&mut dyn Accelerated>;

    /// Returns the transactions of these rows.
    ///
    /// `Some` exactly where no transaction holds the whole upgrade, so that rows need their own.
    fn transactions(&mut self) -> Option<&mut dyn RowTransactions>;
}
