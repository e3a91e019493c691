//! Removes rows whose referenced rows were left out.

use sea_query::{Alias, Condition, Expr, ExprTrait, Query, QueryStatement};

use crate::backend::Backend;
use crate::error::Error;
use crate::schema::{ForeignKey, Schema};

/// Deletes orphaned rows of all tables until there are none, and returns the number by table.
///
/// The destination does not enforce foreign keys yet.
pub(crate) async fn remove(
    destination: &mut dyn Backend,
    schema: &Schema,
) -> Result<Vec<(String, u64)>, Error> {
    let mut removed: Vec<(String, u64)> = Vec::new();
    loop {
        let mut round = 0;
        for table in schema.tables.values() {
            for key in &table.foreign_keys {
                let rows = destination.execute(without_parent(&table.name, key)).await?;
                round += rows;
                match removed.iter_mut().find(|(name, _)| *name == table.name) {
                    Some((_, count)) => *count += rows,
                    None => removed.push((table.name.clone(), rows)),
                }
            }
        }
        if round == 0 {
            removed.retain(|(_, rows)| *rows > 0);
            return Ok(removed);
        }
    }
}

/// Deletes the rows that reference a row that does not exist.
fn without_parent(table: &str, key: &ForeignKey) -> QueryStatement {
    let parent = Alias::new("mlflow_migrate_parent");
    let mut agree = Condition::all();
    let mut delete = Query::delete();
    delete.from_table(Alias::new(table));
    for (column, referred) in key.columns.iter().zip(&key.referred_columns) {
        let column = (Alias::new(table), Alias::new(column));
        agree = agree.add(Expr::col((parent.clone(), Alias::new(referred))).equals(column.clone()));
        delete.and_where(Expr::col(column).is_not_null());
    }
    // MySQL reads no table that the statement deletes from, except through a derived table.
    let columns = key.referred_columns.iter().map(Alias::new);
    let rows = Query::select().columns(columns).from(Alias::new(&key.referred_table)).take();
    let found =
        Query::select().expr(Expr::val(1)).from_subquery(rows, parent).cond_where(agree).take();
    delete.and_where(Expr::exists(found).not());
    QueryStatement::Delete(delete)
}
