//! Finds gateway traces whose spans together cost more than a float can hold.
//!
//! No server can add such costs up. PostgreSQL and MySQL report an error for a sum beyond a float.
//! Scaling the costs down first would make the smallest of them underflow, for which PostgreSQL
//! reports an error too. So the server only compares. Where a sum overflows, at least one cost is
//! [`HUGE`]. Hardly any trace has such a cost, and the costs of such traces are added up here.

use sea_query::{Condition, Expr, ExprTrait, Func, Order, Query, Value};

use super::super::{equals_exactly, value};
use super::promoted::COST_METADATA;
use super::{REVISION, gateway, spans, traces, values};
use crate::data::python::number;
use crate::error::{Error, RowProblem};
use crate::rows::Rows;
use crate::schema::platform::Platform;

/// The largest float divided by 2^63: fewer than 2^63 costs below this limit cannot overflow.
const HUGE: f64 = f64::MAX / 9_223_372_036_854_775_808.0;

/// The number of traces per query.
const TRACES: u64 = 100;

/// Returns the number of these traces, and the name of the first.
pub(super) async fn finding(database: &mut dyn Rows) -> Result<Option<RowProblem>, Error> {
    let (mut first, mut count) = (None, 0);
    let mut traces = suspects(database, None).await?;
    while let Some(last) = traces.last().cloned() {
        for trace in traces {
            if !has_own_cost(database, &trace).await? && overflows(database, &trace).await? {
                count += 1;
                first.get_or_insert(format!("trace {trace:?}"));
            }
        }
        traces = suspects(database, Some(&last)).await?;
    }
    Ok(first.map(|first| RowProblem {
        revision: REVISION.to_owned(),
        problem: "the costs of a trace's spans overflow".to_owned(),
        count,
        rows: vec![first],
        query: None,
        is_skippable: false,
    }))
}

fn value() -> Expr {
    Expr::col(("span_metrics", "value"))
}

fn is_total_cost(platform: &Platform) -> Expr {
    equals_exactly(Expr::col(("span_metrics", "key")), "total_cost", platform)
}

/// Returns the condition that a cost is huge, or a text that Python may read as a huge number.
fn may_be_huge(platform: &Platform) -> Condition {
    let huge =
        Condition::any().add(value().between(HUGE, f64::MAX)).add(value().between(f64::MIN, -HUGE));
    if !platform.is_sqlite() {
        return huge;
    }
    let kind = Expr::from(Func::cust("typeof").arg(value()));
    huge.add(kind.is_in(["text", "blob"]))
}

/// Returns gateway traces with a possibly huge cost, in the order of their ids.
async fn suspects(database: &mut dyn Rows, after: Option<&str>) -> Result<Vec<String>, Error> {
    let trace = ("span_metrics", "trace_id");
    let mut select = Query::select();
    select
        .distinct()
        .column(trace)
        .from("span_metrics")
        .and_where(is_total_cost(database.platform()))
        .cond_where(may_be_huge(database.platform()))
        .and_where(Expr::exists(gateway::marks(trace)))
        .order_by(trace, Order::Asc)
        .limit(TRACES);
    if let Some(after) = after {
        select.and_where(Expr::col(trace).gt(after));
    }
    let found = database.query(select).await?;
    Ok(found.iter().filter_map(|read| value::text(read.first())).map(ToOwned::to_owned).collect())
}

/// Returns whether a trace has a total cost of its own, so that no sum is computed.
async fn has_own_cost(database: &mut dyn Rows, trace: &str) -> Result<bool, Error> {
    let select = Query::select()
        .column("value")
        .from("trace_request_metadata")
        .and_where(Expr::col("request_id").eq(trace))
        .and_where(equals_exactly(Expr::col("key"), COST_METADATA, database.platform()))
        .take();
    let rows = database.query(select).await?;
    Ok(rows.first().is_some_and(|found| traces::has_total_cost(value::text(found.first()))))
}

/// Returns whether any partial sum overflows, in the order in which the costs are added up.
async fn overflows(database: &mut dyn Rows, trace: &str) -> Result<bool, Error> {
    let platform = database.platform().clone();
    let span = Query::select()
        .expr(Expr::val(1))
        .from("spans")
        .cond_where(spans::has_key_of("span_metrics"))
        .take();
    let select = Query::select()
        .expr(value())
        .from("span_metrics")
        .and_where(Expr::col(("span_metrics", "trace_id")).eq(trace))
        .and_where(is_total_cost(&platform))
        .and_where(Expr::exists(span))
        .order_by(("span_metrics", "span_id"), Order::Asc)
        .take();
    let rows = database.query(select).await?;
    let cost = |value: Option<&Value>| {
        number::finite_float(value::operand(&values::metric(value, &platform)))
    };
    let mut sums = rows.iter().filter_map(|read| cost(read.first())).scan(0.0, |sum, cost| {
        *sum += cost;
        Some(*sum)
    });
    Ok(sums.any(|sum: f64| !sum.is_finite()))
}
