//! Compares the rows of a copy with those of its source.

use std::time::Instant;

use super::left_out::LeftOut;
use super::options::CopyOptions;
use super::references;
use super::report::{ComparedTable, CopyComparison};
use super::source::Source;
use super::table::TableCopy;
use super::transfer::{Digesting, examine};
use crate::backend::{Backend, SessionMode, session};
use crate::error::{CopyError, Error, label};
use crate::event::Progress;
use crate::history::catalogue::Catalogue;
use crate::schema::Schema;
use crate::upgrade::creation::creation_plan;
use crate::upgrade::inspection::inspect;

/// Compares a copy with its source, table by table. Changes neither.
///
/// # Errors
/// If one of them is not MLflow's or cannot be read, or if they are at different revisions.
pub async fn compare(
    source: &mut dyn Backend,
    destination: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &CopyOptions,
    progress: &Progress,
) -> Result<CopyComparison, Error> {
    session::begin(source, catalogue, SessionMode::Read).await?;
    let compared = match session::begin(destination, catalogue, SessionMode::Read).await {
        Ok(()) => in_sessions(source, destination, catalogue, options, progress).await,
        Err(error) => Err(error),
    };
    // Nothing needs a rollback; a session that cannot end has ended with its connection.
    let _ = destination.rollback().await;
    let _ = source.rollback().await;
    compared
}

async fn in_sessions(
    source: &mut dyn Backend,
    destination: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &CopyOptions,
    progress: &Progress,
) -> Result<CopyComparison, Error> {
    let started = Instant::now();
    let found = Source::read(source, catalogue, options.assume.as_ref()).await?;
    let (location, _) = inspect(destination, catalogue, options.assume.as_ref()).await?;
    if location.empty || location.revision != found.location.revision {
        return Err(Error::Copy(CopyError::NotComparable {
            name: destination.name(),
            found: location.label().to_owned(),
            expected: label(found.revision()).to_owned(),
        }));
    }
    let tables = tables_of(source, destination, catalogue, &found, options).await?;
    let compared = rows(source, destination, &tables, progress).await?;
    Ok(CopyComparison {
        revision: found.location.revision,
        tables: compared,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Returns how the tables of a source are copied into an empty database like the destination.
pub(crate) async fn tables_of(
    source: &mut dyn Backend,
    destination: &mut dyn Backend,
    catalogue: &Catalogue,
    found: &Source,
    options: &CopyOptions,
) -> Result<Vec<TableCopy>, Error> {
    let collation = destination.inspect().await?.collation;
    let empty = Schema { collation, ..Schema::default() };
    let platform = destination.platform().clone();
    let plan = creation_plan(catalogue, &platform, &empty, found.revision())?;
    TableCopy::all(source, destination, found, &plan, options).await
}

/// Compares the rows of all tables.
pub(crate) async fn rows(
    source: &mut dyn Backend,
    destination: &mut dyn Backend,
    tables: &[TableCopy],
    progress: &Progress,
) -> Result<Vec<ComparedTable>, Error> {
    let (mut compared, mut left_out) = (Vec::new(), LeftOut::default());
    for table in tables {
        references::leave_out_missing(source, table, &mut left_out).await?;
        let expected =
            examine(source, table, &mut left_out, Digesting::Wanted, progress).await?.digest;
        let back = table.at_destination();
        let nothing = &mut LeftOut::default();
        let actual =
            examine(destination, &back, nothing, Digesting::Wanted, progress).await?.digest;
        compared.push(ComparedTable {
            table: table.name.clone(),
            source_rows: expected.rows,
            destination_rows: actual.rows,
            source_digest: expected,
            destination_digest: actual,
        });
    }
    Ok(compared)
}
