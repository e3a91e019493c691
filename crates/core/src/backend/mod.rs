//! What every database must offer.

mod file;
mod resumable;
mod sequences;

use std::sync::Arc;

use async_trait::async_trait;

pub use file::FileDatabase;
pub use resumable::Resumable;
pub use sequences::Sequences;

use crate::error::Error;
use crate::event::cancellation::CancellationToken;
use crate::event::{Observer, Progress};
use crate::plan::{ChangePlan, OutsideReference, Plan, TableChange};
use crate::rows::Rows;
use crate::schema::{ForeignKey, Schema, Table};

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionMode {
    /// Looking only; nothing is locked for others.
    Read,
    /// Upgrading: one upgrader at a time.
    Upgrade,
}

/// A table's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct TableSize {
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes it takes, with its indexes, where the database tells.
    pub bytes: Option<u64>,
}

/// One database: a session, its schema, and the change of tables.
///
/// A backend does as it is asked; [`crate::upgrade()`] decides on the order. What only some databases
/// have is a trait of its own ([`Resumable`], [`FileDatabase`], [`Sequences`]), which a backend offers
/// as a whole or not at all.
#[async_trait]
pub trait Backend: Rows {
    /// Returns what the database is called in messages: never with a password.
    fn name(&self) -> String;

    /// Takes, before [`Backend::begin`], the token that can ask the upgrade to end, for statements that
    /// can be interrupted.
    async fn cancel_on(&mut self, stop: &CancellationToken) -> Result<(), Error>;

    /// Takes, before [`Backend::begin`], the observer that gets a notice of what an upgrade waits for.
    fn report_to(&mut self, observer: &Arc<dyn Observer>);

    /// Begins a session. For [`SessionMode::Upgrade`] it acquires the lock that keeps other upgraders out,
    /// and, where [`Platform::transactional_ddl`] holds, begins the transaction of the whole upgrade.
    ///
    /// [`Platform::transactional_ddl`]: crate::schema::platform::Platform::transactional_ddl
    async fn begin(&mut self, access: SessionMode) -> Result<(), Error>;

    /// Makes everything since [`Backend::begin`] permanent.
    async fn commit(&mut self) -> Result<(), Error>;

    /// Rolls back everything since [`Backend::begin`], where the database can.
    async fn rollback(&mut self) -> Result<(), Error>;

    /// Returns the other sessions that upgrade the database at this moment, MLflow's own upgrade among
    /// them, as far as the server shows them. A session for an upgrade has waited for them to end.
    async fn other_upgraders(&mut self) -> Result<Vec<String>, Error>;

    /// Reads the schema, without the version table and the journal.
    async fn inspect(&mut self) -> Result<Schema, Error>;

    /// Returns those of these tables whose triggers the user may not see, so that [`Backend::inspect`]
    /// finds none.
    async fn hidden_triggers(&mut self, tables: &[String]) -> Result<Vec<String>, Error>;

    /// Returns the foreign keys to tables of this database that tables of others on the server have, as
    /// far as the user may see them.
    async fn references_from_outside(&mut self) -> Result<Vec<OutsideReference>, Error>;

    /// Reads `alembic_version`; `None` if the table does not exist.
    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error>;

    /// Writes `alembic_version`, and creates it if need be; `None` leaves it empty.
    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error>;

    /// Returns a table's size.
    async fn table_size(&mut self, table: &str) -> Result<TableSize, Error>;

    /// Finds out what decides how the changes of a plan are made, where the schema does not say: how many
    /// rows their tables have. Called before [`Backend::describe_change`]. Reads only.
    async fn measure_tables(&mut self, plan: &Plan) -> Result<(), Error>;

    /// Finds what would stop a plan later: a privilege that the user lacks, a key that is too long for
    /// the server. Reads only.
    async fn preflight(&mut self, plan: &Plan) -> Result<Vec<Error>, Error>;

    /// Returns how [`Backend::apply_change`] would make a change.
    ///
    /// # Errors
    /// If the change cannot be made to this table.
    fn describe_change(&self, change: &TableChange) -> Result<ChangePlan, Error>;

    /// Returns the statements that take a foreign key off a table, for people; none if there are none.
    fn drop_foreign_key(&self, table: &Table, key: &ForeignKey) -> Vec<String> {
        let mut after = table.clone();
        after.foreign_keys.retain(|one| one != key);
        let change = TableChange { before: Some(table.clone()), after, revisions: Vec::new() };
        self.describe_change(&change).map_or_else(|_| Vec::new(), |method| method.statements)
    }

    /// Makes a change, and returns how many rows were copied, if any were.
    async fn apply_change(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error>;

    /// Drops tables of the live schema that an interrupted Alembic run has left.
    async fn drop_tables(&mut self, leftovers: &[String]) -> Result<(), Error>;

    /// Counts the references without their row in these tables, where the database does not enforce
    /// foreign keys while it is upgraded. Called before the first change and after the last; the second
    /// call fails if there are more than before.
    async fn check_foreign_keys(&mut self, tables: &[String]) -> Result<(), Error>;

    /// Returns what resumes an interrupted upgrade; `Some` exactly where a change of a table commits by
    /// itself.
    fn resumable(&mut self) -> Option<&mut dyn Resumable>;

    /// Returns the database as a file; `Some` where it is one.
    fn file(&mut self) -> Option<&mut dyn FileDatabase>;

    /// Returns the sequences; `Some` where new rows get their numbers from them.
    fn sequences(&mut self) -> Option<&mut dyn Sequences>;
}
