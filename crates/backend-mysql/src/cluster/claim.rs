//! The upgrade's lock where several nodes take writes: a row of the journal's table.
//!
//! The row exists on every node, or on none. The session that inserts the row holds the lock, and
//! renews the row while its upgrade runs.
//!
//! Another session takes the row over when its owner is gone. The owner is gone if its node has
//! left the cluster, or if twenty reads, a second apart, find the row unchanged. While a node
//! alters a table, Galera answers no such read (`wsrep_sync_wait`). So an owner that cannot renew
//! the row during that time does not count as gone.

use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use tokio::sync::watch;

use super::lease::{Lease, State};
use super::membership::Cluster;
use super::owner::Owner;
use super::passing::passes;
use super::renewal::renew;
use crate::background::Background;
use crate::connection::Connection;
use crate::error::{Context, is_missing_table, server_error, unless_denied};
use crate::journal::{self, OWNER, TABLE};
use crate::login::Connector;
use crate::quoting::literal;
use crate::tables::NO_VIEW;
use crate::text_protocol;

/// How often a waiting session reads the row.
const LOOK: Duration = Duration::from_secs(1);

/// How old the journal's table has to be before a member of a group drops it.
///
/// Another member that has found no table may be creating it. If the drop and that statement met,
/// the members would no longer hold the same tables.
const SETTLED: Duration = Duration::from_secs(3);

/// How many unchanged reads in a row show that the owner is gone.
const SILENT_LOOKS: u32 = 20;

/// `ER_DUP_ENTRY`
const TAKEN: u16 = 1062;

/// The lock, held.
#[derive(Debug)]
pub(crate) struct Claim {
    owner: Owner,
    /// When the journal's table may be dropped.
    settled: Instant,
    renewing: Background,
}

impl Claim {
    /// Releases the lock. Drops the journal's table if the table holds nothing else.
    pub(crate) async fn release(
        self,
        connection: &mut Connection,
        context: &Context,
    ) -> Result<(), Error> {
        tokio::time::sleep_until(self.settled.into()).await;
        self.renewing.end().await;
        let released = release(connection, &self.owner.is_ours()).await;
        released.map_err(|source| context.error("releasing the lock of an upgrade", source))
    }
}

/// A session that claims the row.
pub(crate) struct Claimant<'a> {
    pub(crate) connection: &'a mut Connection,
    pub(crate) connector: &'a Connector,
    pub(crate) cluster: &'a Cluster,
    pub(crate) context: &'a Context,
    /// Whether the session holds this node's named lock.
    pub(crate) has_lock: bool,
}

impl Claimant<'_> {
    /// Claims the row, if the server is one of several that take writes.
    ///
    /// Waits until `until` for another upgrade that is running.
    pub(crate) async fn take(&mut self, until: Instant) -> Result<Option<(Claim, Lease)>, Error> {
        let Some(node) = self.cluster.node().map(ToOwned::to_owned) else { return Ok(None) };
        let action = "taking the lock of an upgrade";
        // A second connection renews the row while a long statement runs.
        let connection = self.connector.open().await?;
        let owner = Owner::new(self.connection, node).await;
        let owner = owner.map_err(|source| self.context.error(action, source))?;
        match self.insert(&owner, until).await {
            Ok(()) => {}
            // A user who may not write a journal can make no change that needs one.
            Err(error) => return unless_denied(error),
        }
        let (sender, state) = watch::channel(State::Renewed(Instant::now()));
        let renewing =
            Background::spawn(renew(connection, self.connector.clone(), owner.clone(), sender));
        let settled = if self.cluster.has_conflicting_changes() { SETTLED } else { Duration::ZERO };
        let settled = Instant::now() + settled;
        Ok(Some((Claim { owner, settled, renewing }, Lease::new(state, self.context))))
    }

    async fn insert(&mut self, owner: &Owner, until: Instant) -> Result<(), Error> {
        let action = "taking the lock of an upgrade";
        let began = Instant::now();
        let mut silence = Silence::default();
        // The owner to name if every read has to wait for that owner's change.
        let mut last_known =
            self.peek().await.map_err(|source| self.context.error(action, source))?;
        let waiting = self.cluster.wait_for_others(self.connection, true).await;
        waiting.map_err(|source| self.context.error(action, source))?;
        loop {
            let held = match self.try_claim(owner).await {
                Ok(None) => return Ok(()),
                Ok(Some(note)) => note,
                Err(source) if passes(&source) => String::new(),
                Err(source) => return Err(self.context.error(action, source)),
            };
            let known: Option<Owner> = serde_json::from_str(&held).ok();
            last_known = known.clone().or(last_known);
            if !held.is_empty() && (self.is_gone(known.as_ref()).await? || silence.hears(&held)) {
                match self.take_over(owner, &held).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    Err(source) if passes(&source) => {}
                    Err(source) => return Err(self.context.error(action, source)),
                }
            }
            if Instant::now() >= until {
                let holders = last_known.iter().map(Owner::describe).collect();
                let (name, waited_seconds) = (self.context.name.clone(), began.elapsed().as_secs());
                return Err(Error::Locked { name, waited_seconds, holders });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Returns the owner of the row, as far as this node has received it.
    async fn peek(&mut self) -> Result<Option<Owner>, sqlx::Error> {
        self.cluster.wait_for_others(self.connection, false).await?;
        let held = format!("SELECT note FROM {TABLE}{NO_VIEW} WHERE id = {OWNER}");
        match text_protocol::value(self.connection, held).await {
            Ok(note) => Ok(note.and_then(|note| serde_json::from_str(&note).ok())),
            Err(source) if server_error(&source).is_some() => Ok(None),
            Err(source) => Err(source),
        }
    }

    /// Inserts the row, or returns the note of the row that already exists.
    async fn try_claim(&mut self, owner: &Owner) -> Result<Option<String>, sqlx::Error> {
        let connection = &mut *self.connection;
        if self.cluster.has_conflicting_changes() {
            journal::ensure_table_among_members(connection).await?;
        } else {
            journal::ensure_table(connection).await?;
        }
        let note = literal(&owner.note()?);
        let insert = format!("INSERT INTO {TABLE} (id, note) VALUES ({OWNER}, {note})");
        let held = format!("SELECT note FROM {TABLE}{NO_VIEW} WHERE id = {OWNER}");
        if let Some(note) = text_protocol::value(connection, held.clone()).await? {
            return Ok(Some(note));
        }
        match text_protocol::run(connection, insert).await {
            Ok(_) => Ok(None),
            Err(source) if server_error(&source).is_some_and(|(number, _)| number == TAKEN) => {
                Ok(Some(text_protocol::value(connection, held).await?.unwrap_or_default()))
            }
            Err(source) => Err(source),
        }
    }

    /// Returns whether an owner can no longer be running an upgrade.
    ///
    /// An owner on this node is gone if this session holds the node's named lock.
    async fn is_gone(&mut self, owner: Option<&Owner>) -> Result<bool, Error> {
        let Some(owner) = owner else { return Ok(false) };
        if self.has_lock && Some(owner.node.as_str()) == self.cluster.node() {
            return Ok(true);
        }
        let Some(members) = self.cluster.members() else { return Ok(false) };
        match text_protocol::rows(self.connection, members).await {
            // Not every user may read the list, and not every server keeps one.
            Err(source) if server_error(&source).is_some() => Ok(false),
            Err(source) => Err(self.context.error("asking for the nodes of the cluster", source)),
            Ok(rows) => {
                let mut members = rows.into_iter().flatten().flatten().peekable();
                Ok(members.peek().is_some() && members.all(|member| member != owner.node))
            }
        }
    }

    async fn take_over(&mut self, owner: &Owner, held: &str) -> Result<bool, sqlx::Error> {
        let note = literal(&owner.note()?);
        let sql = format!(
            "UPDATE {TABLE} SET note = {note} WHERE id = {OWNER} AND note = {}",
            literal(held)
        );
        Ok(text_protocol::run(self.connection, sql).await? == 1)
    }
}

async fn release(connection: &mut Connection, is_ours: &str) -> Result<(), sqlx::Error> {
    let counts = format!("SELECT COUNT(*), COALESCE(SUM({is_ours}), 0) FROM {TABLE}{NO_VIEW}");
    let counts = match text_protocol::rows(connection, counts).await {
        Err(source) if is_missing_table(&source) => return Ok(()),
        counts => counts?,
    };
    let count = |at: usize| counts.first().and_then(|row| row.get(at)).and_then(Option::as_deref);
    if count(1) != Some("1") {
        return Ok(());
    }
    let sql = if count(0) == Some("1") {
        format!("DROP TABLE IF EXISTS {TABLE}")
    } else {
        format!("DELETE FROM {TABLE} WHERE {is_ours}")
    };
    text_protocol::run(connection, sql).await.map(|_| ())
}

/// For how many reads a note has stayed the same.
#[derive(Default)]
struct Silence {
    note: String,
    looks: u32,
}

impl Silence {
    /// Records a read of the note, and returns whether its owner counts as gone.
    fn hears(&mut self, note: &str) -> bool {
        if self.note == note {
            self.looks += 1;
        } else {
            note.clone_into(&mut self.note);
            self.looks = 0;
        }
        self.looks >= SILENT_LOOKS
    }
}

#[cfg(test)]
mod tests {
    use super::{SILENT_LOOKS, Silence};

    #[test]
    fn an_owner_is_silent_after_many_equal_notes() {
        let mut silence = Silence::default();
        assert!((0..SILENT_LOOKS).all(|_| !silence.hears("a")));
        assert!(!silence.hears("b"));
        assert!((1..SILENT_LOOKS).all(|_| !silence.hears("b")));
        assert!(silence.hears("b"));
    }
}
