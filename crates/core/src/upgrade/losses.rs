//! Determines which rows and values an upgrade loses for good.
//!
//! A step has an inverse if everything it writes is new, and disappears with its table or columns.
//! For any other step, the upgrade notes the number of rows overwritten or dropped, before they are
//! lost. While the number is 0, the upgrade can be rolled back past the step.

use sea_query::{Alias, Condition, Expr, ExprTrait, Query, Value};

use crate::backend::Backend;
use crate::data::{DataMigration, equals_exactly};
use crate::error::Error;
use crate::plan::{Step, TableChange};
use crate::schema::{Column, DefaultValue, Schema};

/// Returns whether a step can be rolled back whatever rows exist.
///
/// `live` is the schema before the upgrade.
pub(crate) fn has_inverse(step: &Step, live: &Schema) -> bool {
    match step {
        Step::RemoveLeftovers(_) => true,
        Step::DropTable(_) => false,
        Step::Change(change) => dropped(change, live).is_empty(),
        Step::Migrate { migration, .. } => writes_what_is_new(&**migration, live),
    }
}

/// Returns whether a data migration writes only to tables and columns that the upgrade adds.
fn writes_what_is_new(migration: &dyn DataMigration, live: &Schema) -> bool {
    migration.writes().iter().all(|(table, columns)| {
        live.table(table).is_none_or(|table| {
            !columns.is_empty() && columns.iter().all(|name| table.find_column(name).is_none())
        })
    })
}

/// Returns the columns that a change drops with values from before the upgrade.
///
/// Generated columns are left out: the server computes their values again.
pub(crate) fn dropped<'a>(change: &'a TableChange, live: &Schema) -> Vec<&'a Column> {
    let Some(before) = &change.before else { return Vec::new() };
    let is_kept =
        |column: &Column| change.after.columns.iter().any(|after| after.live_name() == column.name);
    let was_there = |column: &Column| {
        live.table(&before.name).is_some_and(|table| table.find_column(&column.name).is_some())
    };
    let columns = before.columns.iter().filter(|column| column.generated.is_none());
    columns.filter(|column| !is_kept(column) && was_there(column)).collect()
}

/// Returns whether a row has a value that a newly added column would not have.
pub(crate) async fn has_values(
    backend: &mut dyn Backend,
    table: &str,
    columns: &[&Column],
) -> Result<bool, Error> {
    let platform = backend.platform().clone();
    let differs = |column: &&Column| {
        let name = Alias::new(&column.name);
        match &column.default {
            Some(DefaultValue::Literal(text)) => {
                // A text that only its collation takes for the default is a value, too.
                let is_default =
                    equals_exactly(Expr::col(name.clone()), Value::from(text.clone()), &platform);
                is_default.not().or(Expr::col(name).is_null())
            }
            None if column.nullable => Expr::col(name).is_not_null(),
            _ => Expr::val(1).eq(1),
        }
    };
    let condition = columns.iter().map(differs).fold(Condition::any(), Condition::add);
    let any = Query::select()
        .expr(Expr::val(1))
        .from(Alias::new(table))
        .cond_where(condition)
        .limit(1)
        .take();
    Ok(!backend.query(any).await?.is_empty())
}
