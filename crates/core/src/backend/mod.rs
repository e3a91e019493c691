//! Defines what every database must offer.

mod bulk;
mod calibration;
mod file;
mod online;
mod resumable;
mod sequences;
pub(crate) mod session;

use std::sync::Arc;

use async_trait::async_trait;

pub use bulk::{Batch, BulkRows, Filling, Reading, RowReceiver, RowSender};
pub use calibration::{
    Calibration, ChangeLog, DiskFacts, Flushing, Measured, SAMPLE, SAMPLED, Sample, Work,
};
pub use file::{FileDatabase, FileSpace, IntegrityCheck};
pub use online::OnlineChanges;
pub use resumable::Resumable;
pub use sequences::Sequences;

use crate::error::Error;
use crate::event::cancellation::CancellationToken;
use crate::event::{Amount, Observer, Progress};
use crate::graphs::GraphName;
use crate::plan::{ChangePlan, DroppedTable, OutsideReference, Plan, TableChange};
use crate::rows::Rows;
use crate::schema::{ForeignKey, Schema, Table};
use crate::script::ScriptDialect;

/// The purpose of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionMode {
    /// Reading only; locks out no other session.
    Read,
    /// Upgrading; one session at a time.
    Upgrade,
}

/// The size of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct TableSize {
    /// The number of rows.
    pub rows: u64,
    /// The size in bytes with indexes, where the database reports it.
    pub bytes: Option<u64>,
    /// The size in bytes of the indexes alone, where the database reports it.
    pub index_bytes: Option<u64>,
}

/// A session that has a table open.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TableUser {
    /// Who it is, and since when.
    pub session: String,
    /// The statement that ends the session.
    pub end: String,
}

/// The step of an upgrade that another session executes, as far as the database shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RunningStep {
    /// The number of the step, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The number of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_count: Option<usize>,
    /// A short description of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the server does, in its own words.
    #[serde(rename = "server_phase", skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// How much of the phase is done.
    #[serde(flatten)]
    pub amount: Option<Amount>,
}

/// One database: a session, its schema, and table changes.
///
/// A backend executes; [`crate::upgrade()`] decides on the order. What only some databases have is
/// a trait of its own ([`Resumable`], [`FileDatabase`], [`Sequences`]). A backend offers such a
/// trait as a whole or not at all.
#[async_trait]
pub trait Backend: Rows {
    /// Returns the name of the database for messages, never with a password.
    fn name(&self) -> String;

    /// Sets the token that can stop the upgrade within an interruptible statement.
    ///
    /// Called before [`Backend::begin`].
    async fn cancel_on(&mut self, stop: &CancellationToken) -> Result<(), Error>;

    /// Sets the observer that gets a notice of what an upgrade waits for.
    ///
    /// Called before [`Backend::begin`].
    fn report_to(&mut self, observer: &Arc<dyn Observer>);

    /// Sets the graph of the sessions to come; the tracking store's without a call.
    ///
    /// Called before [`Backend::begin`].
    fn follow(&mut self, graph: GraphName);

    /// Begins a session.
    ///
    /// For [`SessionMode::Upgrade`], acquires the lock that keeps other upgraders out. Where
    /// [`Platform::transactional_ddl`] holds, also begins the transaction of the whole upgrade.
    ///
    /// [`Platform::transactional_ddl`]: crate::schema::platform::Platform::transactional_ddl
    async fn begin(&mut self, access: SessionMode) -> Result<(), Error>;

    /// Commits everything since [`Backend::begin`].
    async fn commit(&mut self) -> Result<(), Error>;

    /// Rolls back everything since [`Backend::begin`], where the database can.
    async fn rollback(&mut self) -> Result<(), Error>;

    /// Returns the other sessions that are upgrading the database, including MLflow's own upgrade.
    ///
    /// Lists only sessions that the server shows. A session for an upgrade has waited for them to
    /// end.
    async fn other_upgraders(&mut self) -> Result<Vec<String>, Error>;

    /// Shows other sessions which step begins, where nothing else shows it.
    async fn announce_step(
        &mut self,
        step: usize,
        step_count: usize,
        title: &str,
    ) -> Result<(), Error>;

    /// Returns the step that another session's upgrade executes; `None` if the database shows none.
    async fn running_step(&mut self) -> Result<Option<RunningStep>, Error>;

    /// Returns the other sessions that have one of these tables open, as far as the server shows them.
    ///
    /// A change of such a table waits for the end of their transactions.
    async fn table_users(&mut self, tables: &[String]) -> Result<Vec<TableUser>, Error>;

    /// Reads the schema, without the version tables and the journal.
    async fn inspect(&mut self) -> Result<Schema, Error>;

    /// Returns the names of all tables, which takes less time than [`Backend::inspect`].
    ///
    /// They may include tables that belong to no revision.
    async fn table_names(&mut self) -> Result<Vec<String>, Error>;

    /// Returns which of these tables have triggers that the user may not see.
    ///
    /// For such a table, [`Backend::inspect`] finds no triggers.
    async fn hidden_triggers(&mut self, tables: &[String]) -> Result<Vec<String>, Error>;

    /// Returns the foreign keys from tables of other databases on the server to this one.
    ///
    /// Lists only foreign keys that the user may see.
    async fn references_from_outside(&mut self) -> Result<Vec<OutsideReference>, Error>;

    /// Reads the graph's version table; `None` if the table does not exist.
    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error>;

    /// Writes the graph's version table, and creates it if needed; `None` leaves the table empty.
    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error>;

    /// Returns the size of a table.
    async fn table_size(&mut self, table: &str) -> Result<TableSize, Error>;

    /// Measures what decides how the changes of a plan are made: the row counts of their tables.
    ///
    /// Called before [`Backend::describe_change`]. Reads only.
    async fn measure_tables(&mut self, plan: &Plan) -> Result<(), Error>;

    /// Returns what would stop a plan later. Reads only.
    ///
    /// Examples are a missing privilege, and a key that is too long for the server.
    async fn preflight(&mut self, plan: &Plan) -> Result<Vec<Error>, Error>;

    /// Returns how [`Backend::apply_change`] would make a change.
    ///
    /// # Errors
    /// If the change cannot be made to this table.
    fn describe_change(&self, change: &TableChange) -> Result<ChangePlan, Error>;

    /// Returns what renders scripts for this database, for the tables that a plan changes.
    async fn script_dialect(&mut self, plan: &Plan) -> Result<Box<dyn ScriptDialect>, Error>;

    /// Returns the statements that drop a foreign key, for the user; may be empty.
    fn drop_foreign_key(&self, table: &Table, key: &ForeignKey) -> Vec<String> {
        let mut after = table.clone();
        after.foreign_keys.retain(|one| one != key);
        let change = TableChange { before: Some(table.clone()), after, revisions: Vec::new() };
        self.describe_change(&change).map_or_else(|_| Vec::new(), |method| method.statements)
    }

    /// Makes a change, and returns the number of rows copied, if any.
    async fn apply_change(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error>;

    /// Drops tables of the live schema.
    ///
    /// They are leftovers of an interrupted Alembic run or, in an abort, new tables of the upgrade.
    async fn drop_tables(&mut self, leftovers: &[String]) -> Result<(), Error>;

    /// Drops a table, as a downgrade does, with the functions that only its own triggers call.
    ///
    /// Only PostgreSQL has such functions.
    async fn drop_table(&mut self, dropped: &DroppedTable) -> Result<(), Error> {
        self.drop_tables(std::slice::from_ref(&dropped.table.name)).await
    }

    /// Counts orphaned rows where the database does not enforce foreign keys during an upgrade.
    ///
    /// Called before the first change and after the last. The second call fails if the count has
    /// risen.
    async fn check_foreign_keys(&mut self, tables: &[String]) -> Result<(), Error>;

    /// Returns the interface that resumes an interrupted upgrade.
    ///
    /// `Some` exactly where each table change commits automatically.
    fn resumable(&mut self) -> Option<&mut dyn Resumable>;

    /// Returns the interface that reads and writes the rows of whole tables.
    fn bulk(&mut self) -> &mut dyn BulkRows;

    /// Returns the interface that measures work on samples.
    fn calibration(&mut self) -> &mut dyn Calibration;

    /// Returns the file interface; `Some` if the database is a file.
    fn file(&mut self) -> Option<&mut dyn FileDatabase>;

    /// Returns the interface that changes tables online; `Some` where the database can.
    fn online(&mut self) -> Option<&mut dyn OnlineChanges>;

    /// Returns the sequences; `Some` where sequences number new rows.
    fn sequences(&mut self) -> Option<&mut dyn Sequences>;
}
