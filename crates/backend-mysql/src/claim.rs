//! The lock of an upgrade where several nodes take writes: a row of the journal's table.
//!
//! The row is there on every node, or on none. Whoever inserts it has the lock, and renews the row for as
//! long as the upgrade is at work. Others take it over when its owner is gone: the node is not part of the
//! cluster any more, or the row was not renewed while the cluster took twenty reads, a second apart. While
//! a node alters a table, Galera answers no such read (`wsrep_sync_wait`), so an owner who cannot renew the
//! row then is not taken for dead.

use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::background::Background;
use crate::connect::Mysql;
use crate::connection::Connection;
use crate::error::{is_missing_table, server_error, unless_denied};
use crate::journal::{self, OWNER, TABLE};
use crate::login::Connector;
use crate::quoting::literal;
use crate::tables::NO_VIEW;
use crate::text_protocol;

/// How often the owner renews the row.
const RENEWAL: Duration = Duration::from_secs(2);

/// How old the last renewal may be when the owner begins something.
const FRESH: Duration = Duration::from_secs(10);

/// How often others look.
const LOOK: Duration = Duration::from_secs(1);

/// How many looks in a row find a row that its owner has left.
const SILENT_LOOKS: u32 = 20;

/// `ER_DUP_ENTRY`
const TAKEN: u16 = 1062;

/// What passes by itself: `ER_LOCK_DEADLOCK`, which is also what Galera says when another node was faster,
/// `ER_LOCK_WAIT_TIMEOUT`, which it says when a read had to wait for too long, `ER_TABLE_EXISTS_ERROR`,
/// `ER_TABLE_DEF_CHANGED`, and `ER_ERROR_DURING_COMMIT`, which group replication says of a conflict, as
/// 3101 (`ER_TRANSACTION_ROLLBACK_DURING_COMMIT`), and of a read that had to wait for too long, as 3797
/// (`ER_GRP_TRX_CONSISTENCY_BEFORE`).
const PASSING: [u16; 7] = [1213, 1205, 1050, 1412, 1180, 3101, 3797];

/// Who has the lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Owner {
    /// Unlike that of every other upgrade.
    token: String,
    /// The node that the owner is connected to.
    node: String,
    connection: String,
    user: String,
    server: String,
    /// How often the row was renewed.
    renewals: u64,
}

impl Owner {
    fn note(&self) -> Result<String, sqlx::Error> {
        serde_json::to_string(self).map_err(|source| sqlx::Error::Encode(Box::new(source)))
    }

    /// A condition on the row, whatever its number of renewals.
    fn is_ours(&self) -> String {
        // Field by field, in their order: the token is the first.
        format!(
            "id = {OWNER} AND note LIKE {}",
            literal(&format!("{{\"token\":\"{}\"%", self.token))
        )
    }

    fn describe(&self) -> String {
        format!("the upgrade of connection {} of {} on {}", self.connection, self.user, self.server)
    }
}

#[derive(Clone, Debug)]
enum State {
    Renewed(Instant),
    Lost,
}

/// The lock, held.
#[derive(Debug)]
pub(crate) struct Claim {
    owner: Owner,
    renewing: Background,
}

/// What all connections of an upgrade know of its lock.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    state: watch::Receiver<State>,
    /// The database.
    name: String,
    /// How long a renewal may take.
    limit: Duration,
}

impl Lease {
    /// Makes sure, before something is changed, that the lock is still held.
    pub(crate) async fn confirm(&mut self) -> Result<(), Error> {
        let is_known = |state: &State| match state {
            State::Renewed(at) => at.elapsed() < FRESH,
            State::Lost => true,
        };
        let name = self.name.clone();
        match tokio::time::timeout(self.limit, self.state.wait_for(is_known)).await {
            Ok(Ok(state)) if matches!(*state, State::Renewed(_)) => Ok(()),
            Ok(_) => Err(Error::LockLost { name }),
            Err(_) => Err(Error::Unavailable {
                name,
                problem: format!(
                    "the cluster took no write for {} s, so the lock of the upgrade could not be renewed",
                    self.limit.as_secs()
                ),
                hint: "look at the state of the cluster's nodes".to_owned(),
            }),
        }
    }
}

impl Mysql {
    /// Claims the row, if the server is one of several that take writes. Waits for another upgrade that is
    /// at work for as long as `until`.
    pub(crate) async fn take_claim(&mut self, until: Instant) -> Result<(), Error> {
        let Some(node) = self.cluster.node().map(ToOwned::to_owned) else { return Ok(()) };
        let action = "taking the lock of an upgrade";
        // Nobody else renews the row while a long statement runs.
        let connection = self.connector.open().await?;
        let owner = new_owner(&mut self.connection, node).await;
        let owner = owner.map_err(|source| self.context.error(action, source))?;
        match self.insert_claim(&owner, until).await {
            Ok(()) => {}
            // Whoever may not write a journal can change nothing that needs one.
            Err(error) => return unless_denied::<()>(error).map(|_| ()),
        }
        let (sender, state) = watch::channel(State::Renewed(Instant::now()));
        let renewing =
            Background::spawn(renew(connection, self.connector.clone(), owner.clone(), sender));
        let name = self.context.name.clone();
        let limit = Duration::from_secs(self.context.lock_seconds).max(FRESH);
        self.lease = Some(Lease { state, name, limit });
        self.claim = Some(Claim { owner, renewing });
        Ok(())
    }

    async fn insert_claim(&mut self, owner: &Owner, until: Instant) -> Result<(), Error> {
        let action = "taking the lock of an upgrade";
        let began = Instant::now();
        let mut silence = Silence::default();
        // Whom to name, if every look has to wait for a change of that one.
        let mut last_known =
            self.peek().await.map_err(|source| self.context.error(action, source))?;
        let waiting = self.cluster.wait_for_others(&mut self.connection, true).await;
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
        self.cluster.wait_for_others(&mut self.connection, false).await?;
        let held = format!("SELECT note FROM {TABLE}{NO_VIEW} WHERE id = {OWNER}");
        match text_protocol::value(&mut self.connection, held).await {
            Ok(note) => Ok(note.and_then(|note| serde_json::from_str(&note).ok())),
            Err(source) if server_error(&source).is_some() => Ok(None),
            Err(source) => Err(source),
        }
    }

    /// Inserts the row; gives the note of the one that is there instead.
    async fn try_claim(&mut self, owner: &Owner) -> Result<Option<String>, sqlx::Error> {
        let connection = &mut self.connection;
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
        if self.lock.is_some() && Some(owner.node.as_str()) == self.cluster.node() {
            return Ok(true);
        }
        let Some(members) = self.cluster.members() else { return Ok(false) };
        match text_protocol::rows(&mut self.connection, members).await {
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
        Ok(text_protocol::run(&mut self.connection, sql).await? == 1)
    }

    /// Makes sure, before something is changed, that the lock is still held, where there is one that can
    /// be lost.
    pub(crate) async fn confirm_claim(&mut self) -> Result<(), Error> {
        match &mut self.lease {
            Some(lease) => lease.confirm().await,
            None => Ok(()),
        }
    }

    /// Gives the lock back; the journal's table goes if there is nothing else in it.
    pub(crate) async fn release_claim(&mut self) -> Result<(), Error> {
        self.lease = None;
        let Some(claim) = self.claim.take() else { return Ok(()) };
        claim.renewing.end().await;
        let released = release(&mut self.connection, &claim.owner.is_ours()).await;
        released.map_err(|source| self.context.error("releasing the lock of an upgrade", source))
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

/// Renews the row until it is somebody else's, or this task is ended.
async fn renew(
    connection: Connection,
    connector: Connector,
    mut owner: Owner,
    state: watch::Sender<State>,
) {
    let mut connection = Some(connection);
    loop {
        tokio::time::sleep(RENEWAL).await;
        let began = Instant::now();
        let mut current = match connection.take() {
            Some(current) => current,
            None => match connector.open().await {
                Ok(opened) => opened,
                // The next try may have more luck.
                Err(_) => continue,
            },
        };
        owner.renewals += 1;
        match renew_once(&mut current, &owner).await {
            Ok(true) => {
                state.send_replace(State::Renewed(began));
                connection = Some(current);
            }
            Ok(false) => {
                state.send_replace(State::Lost);
                return;
            }
            Err(source) if passes(&source) => connection = Some(current),
            Err(_) => {}
        }
    }
}

async fn renew_once(connection: &mut Connection, owner: &Owner) -> Result<bool, sqlx::Error> {
    let note = literal(&owner.note()?);
    let sql = format!("UPDATE {TABLE} SET note = {note} WHERE {}", owner.is_ours());
    match text_protocol::run(connection, sql).await {
        Err(source) if is_missing_table(&source) => Ok(false),
        renewed => Ok(renewed? == 1),
    }
}

async fn new_owner(connection: &mut Connection, node: String) -> Result<Owner, sqlx::Error> {
    let sql = "SELECT UUID(), CONNECTION_ID(), CURRENT_USER(), CONCAT(@@hostname, ':', @@port)";
    let row = text_protocol::rows(connection, sql).await?.into_iter().next().unwrap_or_default();
    let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    Ok(Owner {
        token: cell(0),
        node,
        connection: cell(1),
        user: cell(2),
        server: cell(3),
        renewals: 0,
    })
}

fn passes(source: &sqlx::Error) -> bool {
    is_missing_table(source)
        || server_error(source).is_some_and(|(number, _)| PASSING.contains(&number))
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
    use super::{Owner, SILENT_LOOKS, Silence};

    #[test]
    fn an_owner_is_silent_after_many_equal_notes() {
        let mut silence = Silence::default();
        assert!((0..SILENT_LOOKS).all(|_| !silence.hears("a")));
        assert!(!silence.hears("b"));
        assert!((1..SILENT_LOOKS).all(|_| !silence.hears("b")));
        assert!(silence.hears("b"));
    }

    #[test]
    fn a_row_is_found_by_its_token_alone() {
        let owner = Owner {
            token: "7e57".to_owned(),
            node: "n".to_owned(),
            connection: "7".to_owned(),
            user: "me@%".to_owned(),
            server: "db:3306".to_owned(),
            renewals: 3,
        };
        assert!(owner.note().unwrap().starts_with("{\"token\":\"7e57\","));
        assert!(owner.is_ours().ends_with("note LIKE '{\"token\":\"7e57\"%'"));
        assert_eq!(owner.describe(), "the upgrade of connection 7 of me@% on db:3306");
    }
}
