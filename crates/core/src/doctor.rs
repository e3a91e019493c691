//! Looks for everything that an upgrade would stumble over, and changes nothing.
//!
//! [`upgrade()`](crate::upgrade()) asks the same before its first change, and stops at the first
//! answer. Somebody who prepares an upgrade wants all of them.

use crate::backend::Backend;
use crate::catalogue::Catalogue;
use crate::error::{Error, ErrorKind};
use crate::plan::Plan;
use crate::schema::Schema;
use crate::session::reading;
use crate::upgrade::{Request, findings, inspect_and_plan};

/// What a database is like, seen by somebody who would upgrade it.
#[derive(Debug)]
pub struct Diagnosis {
    /// What would be done; `None` if it cannot even be planned.
    pub plan: Option<Plan>,
    /// What stands in the way.
    pub problems: Vec<Error>,
}

/// Looks for what stands in the way of an upgrade.
///
/// # Errors
/// If the database cannot be read.
pub async fn diagnose(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &Request,
) -> Result<Diagnosis, Error> {
    reading(backend, async |backend| {
        let holders = backend.other_upgraders().await?;
        if !holders.is_empty() {
            // What it will be like when they have come to their end, nobody knows.
            let locked = Error::Locked { name: backend.name(), waited_seconds: 0, holders };
            return Ok(Diagnosis { plan: None, problems: vec![locked] });
        }
        let mut problems = Vec::new();
        backend.check_integrity().await?;
        let mut planned = inspect_and_plan(backend, catalogue, request).await;
        if matches!(planned, Err(Error::Drift { is_acceptable: true, .. })) {
            collect(&mut problems, planned)?;
            let accepting = Request { accept_drift: true, ..request.clone() };
            planned = inspect_and_plan(backend, catalogue, &accepting).await;
        }
        let Some((plan, live)) = collect(&mut problems, planned)? else {
            return Ok(Diagnosis { plan: None, problems });
        };
        problems.extend(obstacles(backend, &plan, &live, request).await?);
        Ok(Diagnosis { plan: Some(plan), problems })
    })
    .await
}

/// Everything that is in the way of a plan. Reads only.
pub(crate) async fn obstacles(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
    request: &Request,
) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    for change in plan.changes() {
        collect(&mut problems, backend.method(change))?;
    }
    problems.extend(backend.preflight(plan).await?);
    let findings = findings(backend, plan, live, &request.data).await?;
    if !findings.is_empty() {
        problems.push(Error::Refused { findings });
    }
    let tables = plan.tables_with_new_foreign_keys();
    let checked = backend.check_foreign_keys(&tables).await;
    collect(&mut problems, checked)?;
    Ok(problems)
}

/// Puts an error that tells of the database with the others. One after which nothing more can be
/// asked is the result.
///
/// # Errors
/// That one.
pub fn collect<T>(problems: &mut Vec<Error>, result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.kind() {
            ErrorKind::Database
            | ErrorKind::ConnectionLost
            | ErrorKind::Locked
            | ErrorKind::Corrupt
            | ErrorKind::Internal
            | ErrorKind::Stopped => Err(error),
            _ => {
                problems.push(error);
                Ok(None)
            }
        },
    }
}
