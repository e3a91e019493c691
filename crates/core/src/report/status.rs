//! Tells whether an upgrade of a database is unfinished, and what comes next.

use serde::Serialize;

use crate::backend::Backend;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::locate::{Assumption, label};
use crate::plan::plan;
use crate::report::check::{Position, describe};
use crate::report::session::{inspect, reading};
use crate::upgrade::journal::Journal;

/// What a database is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// It is at a revision.
    Settled(Position),
    /// An upgrade has been interrupted.
    Unfinished(Unfinished),
}

/// An upgrade that has been interrupted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// Where it began.
    pub from: String,
    /// Where it goes; `None` is the base schema.
    pub to: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// How many of its steps are done.
    pub done: usize,
    /// How many it has.
    pub steps: usize,
    /// The step that comes next, a part of which may be done; without one only the stamp is left.
    pub next: Option<String>,
}

impl Unfinished {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        let to = label(self.to.as_deref());
        format!(
            "finish it with `mlflow-migrate upgrade --to {to}`, or take it back with `mlflow-migrate \
             abort`, if no step stands against that; until then MLflow cannot start"
        )
    }
}

/// Reads the status of a database. Changes nothing.
///
/// # Errors
/// If the database is not MLflow's, or does not tell.
pub async fn status(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<Status, Error> {
    reading(backend, async |backend| match Journal::read(backend).await? {
        Some(journal) => unfinished(backend, catalogue, &journal).map(Status::Unfinished),
        None => {
            let (location, _) = inspect(backend, catalogue, assume).await?;
            describe(catalogue, location).map(Status::Settled)
        }
    })
    .await
}

pub(crate) fn unfinished(
    backend: &dyn Backend,
    catalogue: &Catalogue,
    journal: &Journal,
) -> Result<Unfinished, Error> {
    let (platform, to) = (backend.platform(), journal.to.as_deref());
    let plan = plan(catalogue, platform, &journal.live, &journal.from, to)?;
    Ok(Unfinished {
        from: journal.from.label().to_owned(),
        to: journal.to.clone(),
        began_ms: journal.data.now_ms,
        done: journal.done,
        steps: plan.steps.len(),
        next: plan.steps.get(journal.done).map(crate::plan::Step::title),
    })
}
