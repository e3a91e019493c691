//! Reports whether an upgrade of a database is unfinished, and what comes next.

use serde::Serialize;

use crate::backend::{Backend, RunningStep, SessionMode};
use crate::error::{Error, Unfinished};
use crate::history::catalogue::Catalogue;
use crate::history::location::Assumption;
use crate::locate::interrupted_mlflow;
use crate::report::check::{Position, describe};
use crate::report::session::{begin_reading, end_reading};
use crate::upgrade::inspection::{inspect, unfinished};
use crate::upgrade::journal::Journal;

/// The status of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// No upgrade is unfinished.
    Settled(Position),
    /// An upgrade was interrupted.
    Unfinished(Unfinished),
}

/// Reads the status of a database. Changes nothing.
///
/// # Errors
/// If the database is not MLflow's, or its revision cannot be determined.
pub async fn status(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<Status, Error> {
    begin_reading(backend, catalogue).await?;
    let result = status_in_session(backend, catalogue, assume).await;
    end_reading(backend, result).await
}

/// The upgrades that other sessions execute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgraders {
    /// The sessions.
    pub sessions: Vec<String>,
    /// The step that one of them executes.
    pub step: Option<RunningStep>,
}

/// Returns the sessions that are upgrading a database now, as far as its server lists them.
///
/// MLflow's own upgrade counts. An SQLite file lists nobody.
///
/// # Errors
/// If the database cannot be read.
pub async fn upgraders(backend: &mut dyn Backend) -> Result<Upgraders, Error> {
    backend.begin(SessionMode::Read).await?;
    let result = upgraders_in_session(backend).await;
    end_reading(backend, result).await
}

async fn upgraders_in_session(backend: &mut dyn Backend) -> Result<Upgraders, Error> {
    let sessions = backend.other_upgraders().await?;
    let step = if sessions.is_empty() { None } else { backend.running_step().await? };
    Ok(Upgraders { sessions, step })
}

async fn status_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<Status, Error> {
    match Journal::read(backend).await? {
        Some(journal) => unfinished(backend, catalogue, &journal).map(Status::Unfinished),
        None => {
            let (location, live) = inspect(backend, catalogue, assume).await?;
            let interrupted_mlflow =
                interrupted_mlflow(catalogue, backend.platform(), &live, &location)?;
            let position = describe(catalogue, backend.platform(), location, &live)?;
            Ok(Status::Settled(Position { interrupted_mlflow, ..position }))
        }
    }
}
