//! The lock of an upgrade where several nodes take writes: a row of the journal's table.
//!
//! The row is there on every node, or on none. Whoever inserts it has the lock, and renews the row for as
//! long as the upgrade is at work. Others take it over when its owner is gone: the node is not part of the
//! cluster any more, or the row was not renewed while the cluster took twenty reads, a second apart. While
//! a node alters a table, Galera answers no such read (`wsrep_sync_wait`), so an owner who cannot renew the
//! row then is not taken for dead.

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

/// How often others look.
const LOOK: Duration = Duration::from_secs(1);

/// How many looks in a row find a row that its owner has left.
const SILENT_LOOKS: u32 = 20;

/// `ER_DUP_ENTRY`
const TAKEN: u16 = 1062;

/// The lock, held.
#[derive(Debug)]
pub(crate) struct Claim {
    owner: Owner,
    renewing: Background,
}

impl Claim {
    /// Gives the lock back; the journal's table goes if there is nothing else in it.
    pub(crate) async fn release(
        self,
        connection: &mut Connection,
        context: &Context,
    ) -> Result<(), Error> {
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
    /// Whether the session holds the lock that is this node's own.
    pub(crate) has_lock: bool,
}

impl Claimant<'_> {
    /// Claims the row, if the server is one of several that take writes. Waits for another upgrade that is
    /// at work for as long as `until`.
    pub(crate) async fn take(&mut self, until: Instant) -> Result<Option<(Claim, Lease)>, Error> {
        let Some(node) = self.cluster.node().map(ToOwned::to_owned) else { return Ok(None) };
        let action = "taking the lock of an upgrade";
        // Nobody else renews the row while a long statement runs.
        let connection = self.connector.open().await?;
        let owner = Owner::new(self.connection, node).await;
        let owner = owner.map_err(|source| self.context.error(action, source))?;
        match self.insert(&owner, until).await {
            Ok(()) => {}
            // Whoever may not write a journal can change nothing that needs one.
            Err(error) => return unless_denied(error),
        }
        let (sender, state) = watch::channel(State::Renewed(Instant::now()));
        let renewing =
            Background::spawn(renew(connection, self.connector.clone(), owner.clone(), sender));
        Ok(Some((Claim { owner, renewing }, Lease::new(state, self.context))))
    }

    async fn insert(&mut self, owner: &Owner, until: Instant) -> Result<(), Error> {
        let action = "taking the lock of an upgrade";
        let began = Instant::now();
        let mut silence = Silence::default();
        // Whom to name, if every look has to wait for a change of that one.
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

    /// Who has the row, as far as this node knows by now.
    async fn peek(&mut self) -> Result<Option<Owner>, sqlx::Error> {
        self.cluster.wait_for_others(self.connection, false).await?;
        let held = format!("SELECT note FROM {TABLE}{NO_VIEW} WHERE id = {OWNER}");
        match text_protocol::value(self.connection, held).await {
            Ok(note) => Ok(note.and_then(|note| serde_json::from_str(&note).ok())),
            Err(source) if server_error(&source).is_some() => Ok(None),
            Err(source) => Err(source),
        }
    }

    /// Inserts the row; gives the note of the one that is there instead.
    async fn try_claim(&mut self, owner: &Owner) -> Result<Option<String>, sqlx::Error> {
        let connection = &mut *self.connection;
        journal::ensure_table(connection).await?;
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

    /// Whether an owner cannot be at work any more. Through this node nobody else can be: the lock that is
    /// this node's own is held by this session.
    async fn is_gone(&mut self, owner: Option<&Owner>) -> Result<bool, Error> {
        let Some(owner) = owner else { return Ok(false) };
        if self.has_lock && Some(owner.node.as_str()) == self.cluster.node() {
            return Ok(true);
        }
        let Some(members) = self.cluster.members() else { return Ok(false) };
        match text_protocol::rows(self.connection, members).await {
            // Not every user may ask, and not every server keeps the list.
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

/// How long a note has not changed.
#[derive(Default)]
struct Silence {
    note: String,
    looks: u32,
}

impl Silence {
    /// Takes a look at the note, and tells whether its owner has been silent for long enough.
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
