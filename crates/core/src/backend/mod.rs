//! What every database must offer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use sea_query::{QueryStatement, SelectStatement, Value};

use crate::error::{Error, Violation};
use crate::event::stop::Stop;
use crate::event::{Observer, Progress};
use crate::plan::{Method, OutsideReference, Plan, TableChange};
use crate::schema::platform::Platform;
use crate::schema::{ForeignKey, Schema, Table};

/// One row of a result, its values in the order of the columns.
pub type Row = Vec<Value>;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Looking only; nothing is locked for others.
    Read,
    /// Upgrading: one upgrader at a time.
    Upgrade,
}

/// Rows to write over existing ones, found by a key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyedUpdate {
    /// The table.
    pub table: &'static str,
    /// The columns that are written.
    pub columns: &'static [&'static str],
    /// The columns that find the row.
    pub key: &'static [&'static str],
}

/// A table's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct TableSize {
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes it takes, with its indexes, where the database tells.
    pub bytes: Option<u64>,
}

/// One database, and a connection to it.
///
/// A backend does what it is told; the order of things is [`crate::upgrade()`]'s to decide.
#[async_trait]
pub trait Backend: Send {
    /// The database's dialect and features.
    fn platform(&self) -> &Platform;

    /// What the database is called in messages: never with a password.
    fn name(&self) -> String;

    /// Begins a session. For [`Access::Upgrade`] it takes the lock that keeps other upgraders out,
    /// and, where [`Platform::transactional_ddl`] holds, opens the transaction that holds the whole
    /// upgrade.
    async fn begin(&mut self, access: Access) -> Result<(), Error>;

    /// Other sessions that upgrade the database at this moment, MLflow's own upgrade among them, as far
    /// as that can be seen. A session for an upgrade has waited for them to end.
    async fn other_upgraders(&mut self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Makes everything since [`Backend::begin`] permanent.
    async fn commit(&mut self) -> Result<(), Error>;

    /// Takes everything since [`Backend::begin`] back, where the database can.
    async fn rollback(&mut self) -> Result<(), Error>;

    /// Reads the schema, without the version table and the journal.
    async fn inspect(&mut self) -> Result<Schema, Error>;

    /// Those of these tables whose triggers the user may not see: none are found, whether there are any
    /// or not.
    async fn hidden_triggers(&mut self, _tables: &[String]) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Finds the rows whose numbers a sequence is still to give: the next row that takes one of these
    /// numbers fails. Only PostgreSQL keeps a sequence apart from the rows.
    async fn lagging_sequences(&mut self, _live: &Schema) -> Result<Vec<Violation>, Error> {
        Ok(Vec::new())
    }

    /// Lets such sequences continue after the rows, where it can, and tells what was done about each.
    async fn advance_sequences(&mut self, _live: &Schema) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Reads `alembic_version`; `None` if the table does not exist.
    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error>;

    /// Writes `alembic_version`, and creates it if need be; `None` leaves it empty.
    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error>;

    /// Looks for all that would stop a plan later: a privilege that the user lacks, a key that is too
    /// long for the server. Reads only.
    async fn preflight(&mut self, _plan: &Plan) -> Result<Vec<Error>, Error> {
        Ok(Vec::new())
    }

    /// Copies the database to a new file, in a session that keeps writers out and has changed nothing
    /// yet.
    async fn back_up(&mut self, _destination: &Path) -> Result<(), Error> {
        Err(Error::Unsupported {
            url: self.name(),
            problem: "only a file can be copied".to_owned(),
            hint: "make a backup by the server's own means first".to_owned(),
        })
    }

    /// Makes sure that the database is whole, by its own check, where it has one that is to be asked for.
    /// Reads everything.
    async fn check_integrity(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Is told, before [`Backend::begin`], with what the upgrade can be asked to end, for statements
    /// that can be interrupted.
    async fn heed(&mut self, _stop: &Stop) -> Result<(), Error> {
        Ok(())
    }

    /// Takes, before [`Backend::begin`], whom to tell of what an upgrade waits for.
    fn report_to(&mut self, _observer: &Arc<dyn Observer>) {}

    /// What an interrupted upgrade has noted, and how many of its steps are done. Only a database
    /// without transactional DDL keeps such a note, in a table of its own.
    async fn read_journal(&mut self) -> Result<Option<(String, usize)>, Error> {
        Ok(None)
    }

    /// Begins a note, with no step done.
    async fn begin_journal(&mut self, _note: &str) -> Result<(), Error> {
        Ok(())
    }

    /// Notes how many steps are done. Between [`Backend::begin_rows`] and [`Backend::commit_rows`]
    /// this is a part of that transaction.
    async fn note_steps(&mut self, _done: usize) -> Result<(), Error> {
        Ok(())
    }

    /// Notes how many rows a step has written over, or taken away, that the database had before the upgrade.
    /// Between [`Backend::begin_rows`] and [`Backend::commit_rows`] this is a part of that transaction.
    async fn note_losses(&mut self, _step: usize, _rows: u64) -> Result<(), Error> {
        Ok(())
    }

    /// Waits until nobody else uses these tables, as far as they are there. Asked before the first change, where
    /// one that is made stays.
    async fn await_tables(&mut self, _tables: &[String]) -> Result<(), Error> {
        Ok(())
    }

    /// Adds to what the step at hand has noted.
    async fn note_more_losses(&mut self, _rows: u64) -> Result<(), Error> {
        Ok(())
    }

    /// What was noted by [`Backend::note_losses`], by the number of the step. A note of a later step than
    /// [`Backend::note_steps`] was told of last goes with that.
    async fn losses(&mut self) -> Result<BTreeMap<usize, u64>, Error> {
        Ok(BTreeMap::new())
    }

    /// Removes the note, and the table with it.
    async fn end_journal(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Puts in order what an interrupted change has left of its table, before the schema is read
    /// again.
    async fn resume(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Drops what changes have kept of tables as they were, and copies that were not finished.
    async fn discard_copies(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// The tables that changes have kept as they were, until the upgrade is verified: under the name
    /// of each table that of the one which is kept.
    async fn kept_tables(&mut self) -> Result<BTreeMap<String, String>, Error> {
        Ok(BTreeMap::new())
    }

    /// Opens a transaction for a data migration, where the upgrade as a whole is none.
    async fn begin_rows(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Commits what was begun by [`Backend::begin_rows`].
    async fn commit_rows(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Takes back what was begun by [`Backend::begin_rows`].
    async fn rollback_rows(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Finds out what of the tables of a plan decides how their changes are made, where the schema does not
    /// tell: how many rows they have. Asked before [`Backend::method`]. Reads only.
    async fn weigh(&mut self, _plan: &Plan) -> Result<(), Error> {
        Ok(())
    }

    /// Tells how [`Backend::change`] would make a change.
    ///
    /// # Errors
    /// If the change cannot be made to this table.
    fn method(&self, change: &TableChange) -> Result<Method, Error>;

    /// Returns the statements that take a foreign key off a table, for people; none if there are none.
    fn drop_foreign_key(&self, table: &Table, key: &ForeignKey) -> Vec<String> {
        let mut after = table.clone();
        after.foreign_keys.retain(|one| one != key);
        let change = TableChange { before: Some(table.clone()), after, revisions: Vec::new() };
        self.method(&change).map_or_else(|_| Vec::new(), |method| method.statements)
    }

    /// Returns the foreign keys to tables of this database that tables of others on the server have, as
    /// far as the user may see them.
    async fn references_from_outside(&mut self) -> Result<Vec<OutsideReference>, Error> {
        Ok(Vec::new())
    }

    /// Makes a change, and tells how many rows were copied, if any had to be.
    async fn change(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error>;

    /// Removes what an interrupted Alembic run has left behind. `leftovers` are tables of the
    /// live schema.
    async fn remove(&mut self, leftovers: &[String]) -> Result<(), Error>;

    /// Counts the references without their row in these tables, where the database does not
    /// enforce foreign keys while it is upgraded. Called before the first change and after the
    /// last; the second time it fails if there are more than the first time.
    async fn check_foreign_keys(&mut self, tables: &[String]) -> Result<(), Error>;

    /// Runs a statement, and tells how many rows it changed.
    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error>;

    /// Runs a query whose result is small.
    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error>;

    /// Writes over existing rows; each row holds the values of the columns, then those of the key.
    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error>;

    /// The same for values that nobody reads before the table changes next, or the upgrade is
    /// committed: they may be written as late as then.
    async fn update_late(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        self.update(update, rows).await
    }

    /// Adds rows.
    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error>;

    /// Fills `latest_metrics` in the way that is fastest here, and tells how many rows it has got.
    /// What a run of MLflow that failed has left there goes; what this upgrade has finished before
    /// it was interrupted may stay. `None` means that nothing was done, since there is no better way
    /// than the neutral one of [`crate::data::LatestMetrics`].
    async fn fill_latest_metrics(&mut self, _progress: &Progress) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// Further connections to the same database, on which ranges of rows are written side by side, each
    /// between its own [`Backend::begin_rows`] and [`Backend::commit_rows`]: only for what can be done
    /// again. None where a second writer would have to wait for the first, and fewer than would be of use
    /// where the server gives no more, of which it tells.
    async fn further_connections(
        &mut self,
        _progress: &Progress,
    ) -> Result<Vec<Box<dyn Backend>>, Error> {
        Ok(Vec::new())
    }

    /// Removes all rows of a table at once, if the database can do that, it comes to the same as
    /// removing each, and there are no others than are to go: that is asked when nobody else can write
    /// to the table any more. Tells how many there were; `None` if nothing was done.
    async fn empty(
        &mut self,
        _table: &'static str,
        _others: SelectStatement,
    ) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// How many pairs of run and metric have entries in `metrics`, which are about as many as
    /// `expected`. Called when `latest_metrics` was computed; `None` if there is no way to count them
    /// that is cheap beside that.
    async fn count_pairs(&mut self, _expected: u64) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// A table's size.
    async fn size(&mut self, table: &str) -> Result<TableSize, Error>;
}
