//! Finds the rows that the migration would refuse, before anything is changed.

use async_trait::async_trait;
use sea_query::{Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, Value};

use super::super::charset::Repertoire;
use super::super::grouped_problems::GroupedProblems;
use super::super::{BATCH, count, sql_text, value};
use super::dimensions::{self, Kind};
use super::due::may_have_costs;
use super::each_range::{Question, ask_each};
use super::ranges::Range;
use super::values::{self, Dimensions, Obstacle};
use super::{REVISION, overflow, spans};
use crate::error::{Error, RowProblem};
use crate::rows::Rows;
use crate::schema::Schema;

/// Returns every problem in the existing tables, one entry per kind.
pub(super) async fn findings(
    database: &mut dyn Rows,
    live: &Schema,
) -> Result<Vec<RowProblem>, Error> {
    let mut findings = Vec::new();
    if database.platform().is_sqlite() && live.table("spans").is_some() {
        for key in spans::KEY {
            findings.extend(keys_of_another_type(database, key).await?);
        }
    }
    for (table, key) in [("spans", "span_id"), ("assessments", "assessment_id")] {
        if live.table(table).is_some() {
            findings.extend(orphans(database, table, key).await?);
        }
    }
    let spans = live.table("spans");
    if spans.is_some_and(|spans| spans.find_column("dimension_attributes").is_some()) {
        let storable = Repertoire::of(live, "spans", database.platform());
        findings.extend(dimension_attributes(database, &storable).await?);
    }
    if live.table("span_metrics").is_some() {
        findings.extend(overflow::finding(database).await?);
        if !may_have_costs(live) {
            findings.extend(costs_without_models(database).await?);
        }
    }
    Ok(findings)
}

/// Finds costs of spans that have no column for their models, to which MLflow writes both.
///
/// A preparation creates their table, and the upgrade may do without the column.
async fn costs_without_models(database: &mut dyn Rows) -> Result<Option<RowProblem>, Error> {
    let key = ["trace_id", "span_id", "key"];
    let select = Query::select().columns(key).from("span_metrics").take();
    let rows = database.query(select.clone().limit(1).take()).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let [trace, span, metric] = [0, 1, 2].map(|place| value::display(first.get(place)));
    let problem = "span_metrics holds rows, but spans has no dimension_attributes; MLflow writes \
                   both (to delete the rows: `DELETE FROM span_metrics`)";
    Ok(Some(RowProblem {
        revision: REVISION.to_owned(),
        problem: problem.to_owned(),
        count: count(database, "span_metrics").await?,
        rows: vec![format!("{metric} of span {span} of trace {trace}")],
        query: Some(sql_text(&select, database.platform())),
        is_skippable: false,
    }))
}

/// Finds spans whose key is not a text.
///
/// SQLite stores bytes in a text column, and MLflow fails at such a span.
async fn keys_of_another_type(
    database: &mut dyn Rows,
    key: &'static str,
) -> Result<Option<RowProblem>, Error> {
    let is_other = Expr::from(Func::cust("typeof").arg(Expr::col(key))).ne("text");
    let select = Query::select().column(key).from("spans").and_where(is_other).take();
    let rows = database.query(select.clone().limit(BATCH).take()).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    Ok(Some(RowProblem {
        revision: REVISION.to_owned(),
        problem: format!("spans.{key} holds something else than texts"),
        count: rows.len() as u64,
        rows: vec![value::display(first.first())],
        query: Some(sql_text(&select, database.platform())),
        is_skippable: false,
    }))
}

/// Finds spans or assessments without their trace, whose experiment and time are unknown.
async fn orphans(
    database: &mut dyn Rows,
    table: &'static str,
    key: &'static str,
) -> Result<Option<RowProblem>, Error> {
    // Not in ranges, for which InnoDB reads whole spans: for all of them it reads the smallest index.
    // Nor in an order: to sort, it would read whole spans, too.
    let mut any = without_trace(table);
    any.expr(Expr::val(1)).limit(1);
    if database.query(any).await?.is_empty() {
        return Ok(None);
    }
    let select = without_trace(table).column((table, "trace_id")).column((table, key)).take();
    let mut first = select.clone();
    first.order_by((table, "trace_id"), Order::Asc).order_by((table, key), Order::Asc).limit(1);
    let rows = database.query(first).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let first = format!(
        "{key} {} of trace {}",
        value::display(first.get(1)),
        value::display(first.first())
    );
    let mut count = without_trace(table);
    count.expr(Func::count(Expr::col((table, key))));
    let count = database.query(count).await?;
    Ok(Some(RowProblem {
        revision: REVISION.to_owned(),
        problem: format!(
            "{table} without their trace (to delete them: `DELETE FROM {table} WHERE NOT EXISTS \
             (SELECT 1 FROM trace_info WHERE trace_info.request_id = {table}.trace_id)`)"
        ),
        count: count.first().map_or(0, |found| value::count(found.first())),
        rows: vec![first],
        query: Some(sql_text(&select, database.platform())),
        is_skippable: false,
    }))
}

fn without_trace(table: &'static str) -> SelectStatement {
    Query::select()
        .from(table)
        .join(
            JoinType::LeftJoin,
            "trace_info",
            Expr::col(("trace_info", "request_id")).equals((table, "trace_id")),
        )
        .and_where(Expr::col(("trace_info", "request_id")).is_null())
        .take()
}

/// Finds spans whose `dimension_attributes` would be lost.
///
/// Where a range of traces has few distinct values, and all are good, none of its spans is read.
async fn dimension_attributes(
    database: &mut dyn Rows,
    storable: &Repertoire,
) -> Result<Vec<RowProblem>, Error> {
    let first = Range::first(database).await?;
    if !first.is_part() && are_good(database, &first, storable).await? {
        return Ok(Vec::new());
    }
    let mut problems = GroupedProblems::naming(1);
    let first = Range::first_part(database).await?;
    for range in ask_each(database, first, &Suspects { storable }).await? {
        dimensions_of_spans(database, &range, storable, &mut problems).await?;
    }
    Ok(problems.into_problems())
}

/// Finds the ranges whose spans must be read.
///
/// To find them, the database reads all spans.
struct Suspects<'a> {
    storable: &'a Repertoire,
}

#[async_trait]
impl Question for Suspects<'_> {
    type Found = Range;

    async fn ask(&self, database: &mut dyn Rows, range: &Range) -> Result<Vec<Range>, Error> {
        let is_suspect = !are_good(database, range, self.storable).await?;
        Ok(is_suspect.then(|| range.clone()).into_iter().collect())
    }
}

/// Returns whether a range has few distinct values, all of them good.
async fn are_good(
    database: &mut dyn Rows,
    range: &Range,
    storable: &Repertoire,
) -> Result<bool, Error> {
    let kinds = dimensions::kinds(database, range, &[]).await?;
    let is_good = |kind: &Kind| obstacle(kind.text.as_ref(), storable).is_none();
    Ok(kinds.is_some_and(|kinds| kinds.iter().all(is_good)))
}

async fn dimensions_of_spans(
    database: &mut dyn Rows,
    range: &Range,
    storable: &Repertoire,
    problems: &mut GroupedProblems<Obstacle>,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let mut select = spans::dimensions_after(range, after.as_ref(), database.platform());
        select.and_where(Expr::col("dimension_attributes").is_not_null());
        let rows = database.query(select).await?;
        for span in &rows {
            let Some(obstacle) = obstacle(span.get(2), storable) else { continue };
            let name = || {
                let [trace, id, value] = [0, 1, 2].map(|at| value::display(span.get(at)));
                format!("span {id} of trace {trace}: {value}")
            };
            problems.add(obstacle, name, || dimension_problem(obstacle, storable));
        }
        after = spans::key_of(rows.last());
        if after.is_none() {
            return Ok(());
        }
    }
}

fn obstacle(stored: Option<&Value>, storable: &Repertoire) -> Option<Obstacle> {
    values::dimensions(stored).and_then(|names| refuse_names(&names, storable)).err()
}

fn refuse_names(names: &Dimensions, storable: &Repertoire) -> Result<(), Obstacle> {
    let both = names.model.iter().chain(&names.provider);
    if both.into_iter().all(|name| storable.holds(name)) {
        Ok(())
    } else {
        Err(Obstacle::Unstorable)
    }
}

fn dimension_problem(obstacle: Obstacle, storable: &Repertoire) -> RowProblem {
    let problem = match obstacle {
        Obstacle::Malformed => "spans.dimension_attributes is malformed JSON",
        Obstacle::Unsupported => {
            "spans.dimension_attributes holds more than the model's and the provider's name"
        }
        Obstacle::Surrogate => "spans.dimension_attributes names half of a surrogate pair",
        Obstacle::Unstorable => {
            "spans.dimension_attributes names a model or provider that cannot be stored in"
        }
    };
    let problem = match obstacle {
        Obstacle::Unstorable => format!("{problem} {}", storable.describe()),
        _ => problem.to_owned(),
    };
    RowProblem {
        revision: REVISION.to_owned(),
        problem,
        count: 0,
        rows: Vec::new(),
        query: None,
        is_skippable: false,
    }
}
