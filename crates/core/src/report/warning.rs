//! What an upgrade does not refuse, and an operator should know before it begins.

use crate::backend::{Backend, TableUser};
use crate::error::{Error, ErrorKind, Violation};
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::locate::interrupted_mlflow;
use crate::locate::mlflow_partial_run::InterruptedMlflow;
use crate::plan::Plan;
use crate::report::check::checked;
use crate::report::disk_use::DiskUse;
use crate::schema::{Difference, DifferenceKind, Object, Schema};
use crate::upgrade::corrections;
use crate::upgrade::invariants::orphans;

/// A finding that does not stop an upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A session has a table open that the upgrade changes, so the upgrade may have to wait.
    TableInUse(TableUser),
    /// Rows refer to rows that do not exist.
    Orphans(Violation),
    /// Objects of the revision are missing, or differ, and nothing in the upgrade restores them.
    Differences {
        /// The objects.
        differences: Vec<Difference>,
        /// The statements that restore them, where statements can.
        repairs: Vec<String>,
    },
    /// MLflow's own upgrade stopped within a revision.
    InterruptedMlflow(InterruptedMlflow),
    /// The upgrade and a backup need more disk space than is free.
    LittleRoom(DiskUse),
}

/// Collects the warnings about a database. Reads only.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn warnings(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    plan: &Plan,
    live: &Schema,
    problems: &[Error],
) -> Result<Vec<Warning>, Error> {
    let mut warnings = Vec::new();
    let changed = plan.changes().filter(|change| change.before.is_some());
    let mut tables: Vec<String> = changed.map(|change| change.after.name.clone()).collect();
    let written = plan.migrations().flat_map(|(_, migration)| migration.writes());
    tables.extend(written.map(|(table, _)| (*table).to_owned()));
    tables.retain(|table| live.table(table).is_some());
    if !tables.is_empty() {
        let users = backend.table_users(&tables).await?;
        warnings.extend(users.into_iter().map(Warning::TableInUse));
    }
    let interrupted = interrupted_mlflow(catalogue, backend.platform(), live, &plan.from)?;
    warnings.extend(interrupted.clone().map(Warning::InterruptedMlflow));
    let is_drift_told = problems.iter().any(|problem| problem.kind() == ErrorKind::Drift);
    if interrupted.is_none() {
        warnings.extend(differences(backend, catalogue, &plan.from, live, is_drift_told)?);
    }
    match orphans(backend, live).await {
        Ok(found) => warnings.extend(found.into_iter().map(Warning::Orphans)),
        // The missing privilege is an obstacle if the upgrade needs it.
        Err(error) if error.kind() == ErrorKind::Privileges => {}
        Err(error) => return Err(error),
    }
    Ok(warnings)
}

fn is_missing_index(difference: &Difference) -> bool {
    difference.kind == DifferenceKind::Missing && matches!(difference.object, Object::Index(_))
}

fn differences(
    backend: &dyn Backend,
    catalogue: &Catalogue,
    from: &Location,
    live: &Schema,
    is_drift_told: bool,
) -> Result<Option<Warning>, Error> {
    if from.empty {
        return Ok(None);
    }
    let report = checked(catalogue, backend.platform(), live, from.clone())?;
    let mut differences = if is_drift_told { Vec::new() } else { report.drift };
    differences.extend(report.extra.into_iter().filter(is_missing_index));
    if differences.is_empty() {
        return Ok(None);
    }
    let expected = catalogue.state(from.revision.as_deref(), backend.platform())?;
    let repairs = corrections::statements(backend, &expected, live, &differences);
    Ok(Some(Warning::Differences { differences, repairs }))
}
