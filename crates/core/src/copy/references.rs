//! Finds and removes rows whose referenced rows do not exist.
//!
//! A server whose collation ignores case accepts a reference that differs in case from the key. No
//! other database does, and on the same server it may lead to another row once the right one is left
//! out. So texts are compared byte by byte.

use sea_query::{
    Alias, Asterisk, Condition, Expr, ExprTrait, Func, JoinType, MysqlQueryBuilder, Query,
    QueryStatement, SelectStatement, SimpleExpr,
};

use super::left_out::LeftOut;
use super::source::Source;
use super::table::TableCopy;
use crate::backend::Backend;
use crate::data::value::count;
use crate::error::{CopyFinding, Error};
use crate::schema::{ForeignKey, Schema};

/// Returns the rows of a table on MySQL that reference a key in other upper or lower case.
///
/// Also those whose reference differs in anything else that the collation ignores.
///
/// # Errors
/// If the rows cannot be read.
pub(crate) async fn inexact(
    source: &mut dyn Backend,
    found: &Source,
    table: &str,
) -> Result<Vec<CopyFinding>, Error> {
    let mut findings = Vec::new();
    let keys = found.state.table(table).map_or(&[][..], |table| &table.foreign_keys);
    for key in keys {
        let mut counting = inexact_rows(table, key);
        counting.expr(Func::count(Expr::col(Asterisk)));
        let rows = source.query(counting).await?;
        let count = count(rows.first().and_then(|row| row.first()));
        if count == 0 {
            continue;
        }
        let mut showing = inexact_rows(table, key);
        showing.column((Alias::new(CHILD), Asterisk));
        findings.push(CopyFinding {
            table: table.to_owned(),
            place: format!("foreign key ({}) to {}", key.columns.join(", "), key.referred_table),
            problem: "differs from the key in what the collation ignores".to_owned(),
            count,
            examples: Vec::new(),
            query: Some(showing.to_string(MysqlQueryBuilder)),
            is_skippable: true,
            is_consequence: false,
            remedy: None,
        });
    }
    Ok(findings)
}

const CHILD: &str = "child";
const PARENT: &str = "parent";

/// Selects the rows that have a referenced row for the server only, without an expression yet.
fn inexact_rows(table: &str, key: &ForeignKey) -> SelectStatement {
    let (child, parent) = (Alias::new(CHILD), Alias::new(PARENT));
    let mut agree = Condition::all();
    let mut differ = Condition::any();
    for (column, referred) in key.columns.iter().zip(&key.referred_columns) {
        let column = || Expr::col((child.clone(), Alias::new(column)));
        let referred = || Expr::col((parent.clone(), Alias::new(referred)));
        agree = agree.add(column().eq(referred()));
        differ = differ.add(bytes(column()).ne(bytes(referred())));
    }
    Query::select()
        .from_as(Alias::new(table), child.clone())
        .join_as(JoinType::InnerJoin, Alias::new(&key.referred_table), parent.clone(), agree)
        .cond_where(differ)
        .take()
}

/// Returns a value's bytes, which no collation concerns.
fn bytes(value: SimpleExpr) -> SimpleExpr {
    value.cast_as("BINARY")
}

/// Notes the keys that rows of a table reference and that do not exist, as if their rows were left out.
///
/// # Errors
/// If the rows cannot be read.
pub(crate) async fn leave_out_missing(
    source: &mut dyn Backend,
    table: &TableCopy,
    left_out: &mut LeftOut,
) -> Result<(), Error> {
    for reference in &table.references {
        let columns: Option<Vec<&String>> =
            reference.places.iter().map(|place| table.names.get(*place)).collect();
        let Some(columns) = columns else { continue };
        let (child, parent) = (Alias::new(CHILD), Alias::new(PARENT));
        let mut missing = Query::select();
        missing.distinct().from_as(Alias::new(&table.name), child.clone());
        let mut agree = Condition::all();
        for (column, referred) in columns.iter().zip(&reference.referred.columns) {
            let column = (child.clone(), Alias::new(*column));
            agree =
                agree.add(Expr::col((parent.clone(), Alias::new(referred))).equals(column.clone()));
            missing.column(column.clone()).and_where(Expr::col(column).is_not_null());
        }
        let found = Query::select()
            .expr(Expr::val(1))
            .from_as(Alias::new(&reference.referred.table), parent)
            .cond_where(agree)
            .take();
        missing.and_where(Expr::exists(found).not());
        let places: Vec<usize> = (0..columns.len()).collect();
        for row in source.query(missing).await? {
            left_out.add(&reference.referred, &places, &row);
        }
    }
    Ok(())
}

/// Deletes orphaned rows of all tables until there are none, and returns the number by table.
///
/// The destination does not enforce foreign keys yet.
pub(crate) async fn remove_orphans(
    destination: &mut dyn Backend,
    schema: &Schema,
) -> Result<Vec<(String, u64)>, Error> {
    let is_exact = destination.platform().is_mysql();
    let mut removed: Vec<(String, u64)> = Vec::new();
    loop {
        let mut round = 0;
        for table in schema.tables.values() {
            for key in &table.foreign_keys {
                let rows = destination.execute(without_parent(&table.name, key, is_exact)).await?;
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
fn without_parent(table: &str, key: &ForeignKey, is_exact: bool) -> QueryStatement {
    let parent = Alias::new("mlflow_migrate_parent");
    let mut agree = Condition::all();
    let mut delete = Query::delete();
    delete.from_table(Alias::new(table));
    for (column, referred) in key.columns.iter().zip(&key.referred_columns) {
        let column = (Alias::new(table), Alias::new(column));
        let referred = (parent.clone(), Alias::new(referred));
        agree = agree.add(Expr::col(referred.clone()).equals(column.clone()));
        if is_exact {
            agree = agree.add(bytes(Expr::col(referred)).eq(bytes(Expr::col(column.clone()))));
        }
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
