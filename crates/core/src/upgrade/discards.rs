//! Counts what a downgrade loses, and refuses what it cannot undo.
//!
//! Rows of tables that go are lost, and values of columns that go. A value that the same upgrade
//! would put there again is no loss: the column's default, or what a data migration computes.

use sea_query::{Alias, Condition, Expr, ExprTrait, Func, Query};

use crate::backend::Backend;
use crate::data::{Again, equals_exactly, value};
use crate::error::{DowngradeError, Error, Loss};
use crate::plan::{DroppedTable, Plan, Step, TableChange};
use crate::schema::platform::Platform;
use crate::schema::{Column, DefaultValue};
use crate::upgrade::losses::dropped;

/// Refuses a downgrade past a revision that has changed rows for good.
///
/// # Errors
/// [`DowngradeError::Irreversible`] for the newest such revision.
pub(crate) async fn refuse_irreversible(
    backend: &mut dyn Backend,
    plan: &Plan,
) -> Result<(), Error> {
    for part in &plan.undone.irreversible {
        if plan.states[0].table(&part.table).is_none() {
            continue;
        }
        let all = Func::count(Expr::col(sea_query::Asterisk));
        let mut select = Query::select();
        select.expr(all).from(Alias::new(&part.table)).cond_where(part.rows.clone());
        let found = backend.query(select).await?;
        let rows = found.first().map_or(0, |found| value::count(found.first()));
        if rows > 0 {
            let is_current = plan.from.revision.as_ref() == Some(&part.revision);
            return Err(Error::Downgrade(DowngradeError::Irreversible {
                revision: part.revision.clone(),
                why: part.why.clone(),
                table: part.table.clone(),
                rows,
                nearest: (!is_current).then(|| part.revision.clone()),
            }));
        }
    }
    Ok(())
}

/// Counts what all steps of a plan lose.
///
/// # Errors
/// If the database cannot be read.
pub(crate) async fn losses(backend: &mut dyn Backend, plan: &Plan) -> Result<Vec<Loss>, Error> {
    let mut losses = Vec::new();
    for step in &plan.steps {
        losses.extend(losses_of_step(backend, plan, step).await?);
    }
    losses.sort_by(|one, other| (&one.table, &one.column).cmp(&(&other.table, &other.column)));
    Ok(losses)
}

/// Counts what one pending step loses.
///
/// # Errors
/// If the database cannot be read.
pub(crate) async fn losses_of_step(
    backend: &mut dyn Backend,
    plan: &Plan,
    step: &Step,
) -> Result<Vec<Loss>, Error> {
    match step {
        Step::DropTable(dropped) => {
            Ok(of_table(backend, plan, dropped).await?.into_iter().collect())
        }
        Step::Change(change) => of_columns(backend, plan, change).await,
        Step::RemoveLeftovers(_) | Step::Migrate { .. } => Ok(Vec::new()),
    }
}

/// Counts the rows of a table that goes.
async fn of_table(
    backend: &mut dyn Backend,
    plan: &Plan,
    dropped: &DroppedTable,
) -> Result<Option<Loss>, Error> {
    let table = dropped.table.name.as_str();
    let again = written_again(plan, table, None);
    if again.iter().any(|again| again.condition.is_empty()) {
        return Ok(None);
    }
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(sea_query::Asterisk))).from(Alias::new(table));
    if !again.is_empty() {
        let any = again.iter().map(|again| again.condition.clone());
        select.expr(count_of(any.fold(Condition::any(), Condition::add)));
    }
    let found = backend.query(select).await?;
    let [all, again] =
        [0, 1].map(|place| found.first().map_or(0, |found| value::count(found.get(place))));
    let rows = all.saturating_sub(again);
    Ok((rows > 0).then(|| Loss { table: table.to_owned(), column: None, rows }))
}

/// Counts the values of the columns that a change drops, in one pass over the table.
async fn of_columns(
    backend: &mut dyn Backend,
    plan: &Plan,
    change: &TableChange,
) -> Result<Vec<Loss>, Error> {
    let Some(before) = &change.before else { return Ok(Vec::new()) };
    let columns = dropped(change, &plan.states[0]);
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = Query::select();
    select.from(Alias::new(&before.name));
    for column in &columns {
        // The default is MLflow's own: no text of the live schema becomes part of a statement.
        let table = plan.states[0].table(&before.name);
        let own = table.and_then(|table| table.find_column(&column.name)).unwrap_or(column);
        let again = written_again(plan, &before.name, Some(&column.name));
        select.expr(count_of(is_lost(own, &again, backend.platform())));
    }
    let found = backend.query(select).await?;
    let counted = columns.iter().enumerate().map(|(place, column)| Loss {
        table: before.name.clone(),
        column: Some(column.name.clone()),
        rows: found.first().map_or(0, |found| value::count(found.get(place))),
    });
    Ok(counted.filter(|loss| loss.rows > 0).collect())
}

/// Returns the condition under which a column has a value that the upgrade would not write again.
///
/// A text that only its collation takes for the default is another value.
fn is_lost(column: &Column, again: &[&Again], platform: &Platform) -> Condition {
    let value = || Expr::col(Alias::new(&column.name));
    let literal = |default: &DefaultValue| Expr::cust(default.sql(platform.dialect).into_owned());
    let is_there = Condition::all().add(value().is_not_null());
    let is_other = match &column.default {
        Some(default @ DefaultValue::Literal(_)) => {
            is_there.add(equals_exactly(value(), literal(default), platform).not())
        }
        Some(default @ DefaultValue::False) => is_there.add(value().ne(literal(default))),
        Some(DefaultValue::Expression(_)) | None => is_there,
    };
    let others = again.iter().map(|again| again.condition.clone().not());
    others.fold(is_other, Condition::add)
}

fn count_of(condition: Condition) -> sea_query::FunctionCall {
    Func::count(Expr::case(condition, 1))
}

/// Returns what data migrations would write again to a table, or to one of its columns.
fn written_again<'a>(plan: &'a Plan, table: &str, column: Option<&str>) -> Vec<&'a Again> {
    let again = plan.undone.again.iter();
    again.filter(|again| again.table == table && again.column == column).collect()
}
