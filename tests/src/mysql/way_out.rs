//! No outcome leaves a MySQL database fenced without a documented command that leads out.
//!
//! Every database of these tests is held to that when it goes ([`crate::mysql::MysqlDatabase`]): whatever a
//! test has done to an upgrade, the same command, or `abort`, must end it.

use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_core::backend::{Backend, SessionMode};
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::upgrade::abort::abort;
use mlflow_migrate_core::{Error, FENCE};

use crate::address::Address;
use crate::database::{Upgrade, Waits};
use crate::mysql::open;

/// Whoever is still in the way of a test that has ended stays there.
const WAITS: Waits = Waits { table: Duration::from_secs(2), upgrader: Duration::from_secs(2) };

/// What leads out of a database, and what did not.
#[derive(Debug)]
pub enum WayOut {
    /// It is not fenced.
    NotFenced,
    /// The same command.
    SameCommand,
    /// `abort`, after the same command had failed.
    Abort(Error),
    /// Somebody is in the way, or the server is gone: that passes.
    Later(Error),
}

/// Leads a database out of an upgrade that is unfinished.
///
/// # Errors
/// What both commands say, if neither leads out.
pub async fn lead_out(address: &Address) -> Result<WayOut, String> {
    let Ok(mut backend) = open(address, WAITS).await else { return Ok(WayOut::NotFenced) };
    let versions = backend.versions().await.ok().flatten().unwrap_or_default();
    if !versions.iter().any(|version| version == FENCE) {
        return Ok(WayOut::NotFenced);
    }
    let catalogue = mlflow_migrate_revisions::tracking().map_err(|error| error.to_string())?;
    let target = target(&mut *backend).await;
    let (same, _) = Upgrade::default().run_on(&catalogue, &mut *backend, &target).await;
    let upgrade = match same {
        Ok(_) => return Ok(WayOut::SameCommand),
        Err(error) if passes(&error) => return Ok(WayOut::Later(error)),
        Err(error) => error,
    };
    let mut backend = open(address, WAITS).await.map_err(|error| error.to_string())?;
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    match abort(&mut *backend, &catalogue, &observer, &CancellationToken::default()).await {
        Ok(_) => Ok(WayOut::Abort(upgrade)),
        Err(error) if passes(&error) => Ok(WayOut::Later(error)),
        Err(error) => Err(format!("{address} stays fenced: upgrade: {upgrade}; abort: {error}")),
    }
}

/// Where the unfinished upgrade goes, as its note says.
async fn target(backend: &mut dyn Backend) -> String {
    let noted = async {
        backend.begin(SessionMode::Read).await?;
        let journal = match backend.resumable() {
            Some(resumable) => resumable.read_journal().await,
            None => Ok(None),
        };
        backend.rollback().await?;
        journal
    };
    let note = noted.await.ok().flatten().map(|(note, _)| note).unwrap_or_default();
    let note: serde_json::Value = serde_json::from_str(&note).unwrap_or_default();
    note["to"].as_str().unwrap_or("base").to_owned()
}

fn passes(error: &Error) -> bool {
    let passing = [
        ErrorKind::Locked,
        ErrorKind::ConnectionLost,
        ErrorKind::Unreachable,
        ErrorKind::Full,
        ErrorKind::ReadOnly,
        ErrorKind::AccessDenied,
        ErrorKind::Privileges,
    ];
    passing.contains(&error.kind())
}
