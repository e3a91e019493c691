//! Finds the rows that cannot be copied, before anything is written.

use super::left_out::LeftOut;
use super::references;
use super::source::Source;
use super::table::TableCopy;
use super::transfer::{Digesting, examine};
use crate::backend::Backend;
use crate::error::{ConstraintError, CopyFinding, Error};
use crate::event::Progress;
use crate::plan::TableChange;
use crate::plan::row_checks::rules_of;
use crate::schema::platform::Platform;
use crate::schema::{ForeignKey, Table};

/// Returns all rows that the destination cannot hold, or that violate a constraint of the revision.
///
/// # Errors
/// If the source cannot be read.
pub(crate) async fn findings(
    source: &mut dyn Backend,
    destination: &Platform,
    found: &Source,
    tables: &[TableCopy],
    progress: &Progress,
) -> Result<Vec<CopyFinding>, Error> {
    let (mut findings, mut left_out) = (Vec::new(), LeftOut::default());
    for table in tables {
        progress.check()?;
        if table.can_fail() || left_out.concerns(&table.references) {
            findings.extend(
                examine(source, table, &mut left_out, Digesting::Unwanted, progress)
                    .await?
                    .findings,
            );
        }
        findings.extend(violations(source, found, &table.name).await?);
        if source.platform().is_mysql() && !destination.is_mysql() {
            findings.extend(references::inexact(source, found, &table.name).await?);
        }
    }
    Ok(findings)
}

/// Returns the rows that violate a constraint which the source does not enforce.
///
/// SQLite enforces foreign keys only for connections that ask for it, and every server lets a user
/// switch them off.
async fn violations(
    source: &mut dyn Backend,
    found: &Source,
    table: &str,
) -> Result<Vec<CopyFinding>, Error> {
    let (Some(live), Some(after)) = (found.live.table(table), found.state.table(table)) else {
        return Ok(Vec::new());
    };
    let before = Table { foreign_keys: Vec::new(), ..live.clone() };
    let change = TableChange { before: Some(before), after: after.clone(), revisions: Vec::new() };
    let again = |_: &TableChange, _: &ForeignKey| true;
    let spelling = source.bulk().spelling();
    let Some(rules) = rules_of(&change, &found.live, spelling, &again) else {
        return Ok(Vec::new());
    };
    let violated = source.bulk().violations(&rules).await?;
    Ok(violated.into_iter().filter_map(finding).collect())
}

fn finding(error: Error) -> Option<CopyFinding> {
    let (table, place, problem, count, query, is_skippable) = match error {
        Error::Constraint(ConstraintError::Orphans { table, constraint, count, query, .. }) => {
            let problem = "is violated: the rows that these reference do not exist";
            (table, constraint, problem, count, Some(query), true)
        }
        Error::Constraint(ConstraintError::Violated { table, constraint, count, query }) => {
            (table, constraint, "is violated", count, query, false)
        }
        _ => return None,
    };
    let problem = problem.to_owned();
    Some(CopyFinding {
        table,
        place,
        problem,
        count,
        examples: Vec::new(),
        query,
        is_skippable,
        is_consequence: false,
        remedy: None,
    })
}
