//! Detects everything that could fail later, before anything is changed.

use std::borrow::Cow;

use crate::backend::Backend;
use crate::data::DataOptions;
use crate::error::{Error, ErrorKind, Remedy, RowProblem};
use crate::history::catalogue::Catalogue;
use crate::plan::references::{Origin, Stranded, stranded};
use crate::plan::{Plan, step_by_step};
use crate::schema::Schema;
use crate::upgrade::options::UpgradeOptions;

/// Refuses a plan at the first obstacle, before anything is changed.
pub(super) async fn preflight(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    plan: &Plan,
    live: &Schema,
    request: &UpgradeOptions,
) -> Result<(), Error> {
    let problems = obstacles(backend, catalogue, plan, live, request).await?;
    problems.into_iter().next().map_or(Ok(()), Err)
}

/// Returns every obstacle to a plan. Reads only.
pub(crate) async fn obstacles(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    plan: &Plan,
    live: &Schema,
    request: &UpgradeOptions,
) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    let carried_out = carried_out(backend, catalogue, plan, live, request)?;
    for change in carried_out.changes() {
        collect(&mut problems, backend.describe_change(change))?;
    }
    let outside = backend.references_from_outside().await?;
    let stranded = stranded(&carried_out, live, &outside, backend.platform());
    problems.extend(stranded.into_iter().map(|one| refusal(one, live, backend)));
    problems.extend(carried_out.refuse_dependents(backend.platform()));
    problems.extend(backend.preflight(&carried_out).await?);
    let findings = match findings(backend, plan, live, &request.data).await {
        // Rows that the user may not read cannot be checked. The missing privileges are reported
        // already.
        Err(error) if is_told(&problems, &error) => return Ok(problems),
        findings => findings?,
    };
    if !findings.is_empty() {
        problems.push(Error::Refused { findings });
    }
    let tables = plan.tables_with_new_foreign_keys();
    let checked = backend.check_foreign_keys(&tables).await;
    collect(&mut problems, checked)?;
    Ok(problems)
}

/// Returns whether an error is a missing privilege, and other missing privileges are known.
fn is_told(problems: &[Error], error: &Error) -> bool {
    let is_privilege = |error: &Error| error.kind() == ErrorKind::Privileges;
    is_privilege(error) && problems.iter().any(is_privilege)
}

/// Returns the plan with the steps that this request really executes.
///
/// Revision by revision, the plan has more steps and needs more. For example, a text must fit into
/// a column that a later revision widens.
fn carried_out<'a>(
    backend: &dyn Backend,
    catalogue: &Catalogue,
    plan: &'a Plan,
    live: &Schema,
    request: &UpgradeOptions,
) -> Result<Cow<'a, Plan>, Error> {
    if !request.step_by_step || plan.revisions.is_empty() {
        return Ok(Cow::Borrowed(plan));
    }
    let to = plan.to.as_deref();
    let parts = step_by_step(catalogue, backend.platform(), live, &plan.from, to)?;
    let steps = parts.into_iter().flat_map(|part| part.steps).collect();
    Ok(Cow::Owned(Plan { steps, ..plan.clone() }))
}

/// Returns the error for a foreign key whose referenced columns or key the plan removes.
fn refusal(stranded: Stranded, live: &Schema, backend: &dyn Backend) -> Error {
    let Stranded { table, key, lacks, revisions, origin } = stranded;
    let columns = key.columns.join(", ");
    let dropping = |statements: &str| {
        let again = "upgrade, and create it again on the new columns";
        if statements.is_empty() {
            Remedy::Words(format!("the database is unchanged; drop it, {again}"))
        } else {
            Remedy::Words(format!("the database is unchanged; drop it, {again}: `{statements};`"))
        }
    };
    let remedy = match origin {
        Origin::Live => {
            // An earlier step may have renamed its columns, so the remedy drops the live foreign key.
            let holder = live.table(&table);
            let found = holder.and_then(|holder| {
                let mut keys = holder.foreign_keys.iter();
                keys.find(|one| one.name == key.name && one.columns == key.columns)
            });
            let statements =
                holder.zip(found).map(|(holder, key)| backend.drop_foreign_key(holder, key));
            dropping(&statements.unwrap_or_default().join("; "))
        }
        Origin::Outside(statement) => dropping(&statement),
        Origin::Plan(remedy) if remedy.is_empty() => Remedy::CorrectSchema,
        Origin::Plan(remedy) => format!("the database is unchanged; create it: `{remedy};`").into(),
    };
    let key = key.name.map_or_else(|| format!("({columns})"), |name| format!("{name} ({columns})"));
    let lacks = format!("{lacks}, which does not exist after {}", revisions.join(", "));
    Error::StrandedReference { table, key, lacks, remedy }
}

/// Adds an error about the database to the others.
///
/// # Errors
/// An error after which the database cannot be queried further.
pub fn collect<T>(problems: &mut Vec<Error>, result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.kind() {
            ErrorKind::Database
            | ErrorKind::ConnectionLost
            | ErrorKind::Unreachable
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

/// Returns the rows that the data migrations of a plan would refuse. Reads only.
///
/// # Errors
/// If the database cannot be read.
pub(crate) async fn findings(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
    options: &DataOptions,
) -> Result<Vec<RowProblem>, Error> {
    let mut findings = Vec::new();
    for (_, migration) in plan.migrations() {
        findings.extend(migration.preflight(backend, options, live).await?);
    }
    Ok(findings)
}
