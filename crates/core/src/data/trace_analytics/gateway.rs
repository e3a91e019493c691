//! Computes the costs of the gateway's traces.
//!
//! A gateway trace without a total cost of its own gets the sum of its spans' costs.

use sea_query::{Expr, ExprTrait, Func, Order, Query, QueryStatement, SelectStatement};

use super::ranges::Range;
use super::{GATEWAY_METADATA, is_one_of, spans};
use crate::error::Error;
use crate::rows::Rows;
use crate::schema::platform::{Dialect, Platform};

/// Selects the metadata that marks a trace as the gateway's.
///
/// As in MLflow, the database decides whether a key equals the gateway's key.
pub(super) fn marks(trace: (&'static str, &'static str)) -> SelectStatement {
    const METADATA: &str = "trace_request_metadata";
    Query::select()
        .expr(Expr::val(1))
        .from(METADATA)
        .and_where(Expr::col((METADATA, "request_id")).equals(trace))
        .and_where(Expr::col((METADATA, "key")).eq(GATEWAY_METADATA))
        .take()
}

/// Writes the sums of a range of traces, and returns the number of traces.
///
/// If the spans' costs are not filled yet, the sums are computed from the sources of these costs.
pub(super) async fn sum_costs(
    database: &mut dyn Rows,
    range: &Range,
    defers_spans: bool,
) -> Result<u64, Error> {
    let platform = database.platform();
    let costs = if defers_spans { Costs::of_metrics(platform) } else { Costs::of_spans() };
    // The condition does not require a sum that is not NULL: the server might compute the sums of
    // other traces first, whose costs overflow.
    let update = Query::update()
        .table("trace_info")
        .value("total_cost", Expr::from(costs.sum(platform)))
        .cond_where(range.holds("trace_info"))
        .and_where(Expr::col("total_cost").is_null())
        .and_where(Expr::exists(marks(("trace_info", "request_id"))))
        .and_where(Expr::exists(costs.select))
        .take();
    database.execute(QueryStatement::Update(update)).await
}

/// The costs of the spans of a statement's current trace.
struct Costs {
    select: SelectStatement,
    column: (&'static str, &'static str),
}

impl Costs {
    fn of_spans() -> Self {
        let column = ("spans", "total_cost");
        let select = Query::select()
            .column(column)
            .from("spans")
            .and_where(Expr::col(("spans", "trace_id")).equals(("trace_info", "request_id")))
            .and_where(Expr::col(column).is_not_null())
            .take();
        Self { select, column }
    }

    /// Selects the sources of the spans' costs.
    ///
    /// Where [`super::costs::are_numbers`] holds, these values become the costs of the spans.
    fn of_metrics(platform: &Platform) -> Self {
        let column = ("span_metrics", "value");
        let mut span = Query::select().expr(Expr::val(1)).from("spans").take();
        span.cond_where(spans::has_key_of("span_metrics"));
        let select = Query::select()
            .column(column)
            .from("span_metrics")
            .and_where(Expr::col(("span_metrics", "trace_id")).equals(("trace_info", "request_id")))
            .cond_where(is_one_of("span_metrics", &["total_cost"], platform))
            .and_where(Expr::col(column).between(f64::MIN, f64::MAX))
            .and_where(Expr::exists(span))
            .take();
        Self { select, column }
    }

    /// Adds up the costs in the order of the spans' key: another order can change the last bit.
    ///
    /// PostgreSQL returns rows in the order of insertion, which is not MLflow's order, so the query
    /// sorts them.
    fn sum(&self, platform: &Platform) -> SelectStatement {
        let mut costs = self.select.clone();
        if platform.dialect == Dialect::Postgres {
            let (table, _) = self.column;
            let ordered = costs.order_by((table, "span_id"), Order::Asc).take();
            costs = Query::select().from_subquery(ordered, table).take();
        }
        costs.clear_selects().expr(Func::sum(Expr::col(self.column))).take()
    }
}
