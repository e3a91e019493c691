//! Adds columns, and fills them, while MLflow writes.

use super::objects::PreparableRows;
use super::report::FilledRows;
use crate::backend::Backend;
use crate::error::Error;
use crate::online::{PacedRows, Steps, online};
use crate::plan::TableChange;
use crate::schema::{Schema, Table};

/// Adds the columns of a table, and fills its rows.
///
/// The table of the digests comes first: where it exists, the columns of later revisions are those
/// of a preparation.
pub(super) async fn fill(
    backend: &mut dyn Backend,
    rows: &PreparableRows,
    live: &Schema,
    steps: &mut Steps<'_>,
) -> Result<FilledRows, Error> {
    let named = rows.named();
    let mut seconds = 0.0;
    if !named.columns.is_empty() {
        let step = steps.begin(backend, format!("add columns to {}", named.table)).await?;
        if let Some(digests) = rows.filled.digests_in(live).filter(|_| !rows.filled.is_filled(live))
        {
            online(backend)?.change_briefly(&creation(digests), &step.progress).await?;
        }
        online(backend)?.change_briefly(&rows.change, &step.progress).await?;
        seconds += step.end();
    }
    let step = steps.begin(backend, format!("fill {}", named.table)).await?;
    let (server, pace) = (online(backend)?, steps.request.pace);
    let mut session = PacedRows::open(server, pace, &step.progress).await?;
    let count = match rows.migration.beforehand() {
        Some(beforehand) => beforehand.fill(&rows.filled, &mut session, &step.progress).await?,
        None => 0,
    };
    seconds += step.end();
    Ok(FilledRows { rows: count, seconds, ..named })
}

fn creation(table: Table) -> TableChange {
    TableChange { before: None, after: table, revisions: Vec::new() }
}
