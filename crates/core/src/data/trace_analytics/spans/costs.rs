//! Computes the costs of spans in the database, except for the few that it cannot compute.

use sea_query::{CaseStatement, Condition, Expr, ExprTrait, Func, Query, SelectStatement, Value};

use super::super::promoted::COST_KEYS;
use super::super::ranges::Range;
use super::super::sources::Source;
use super::super::values;
use super::{KEY, has_key_of};
use crate::data::python::number;
use crate::data::value;
use crate::error::Error;
use crate::rows::{KeyedUpdate, Row, Rows};
use crate::schema::platform::Platform;

/// The number of inexact costs per range that are handled one by one.
const MOST: usize = 2000;

/// The scale of the values that MLflow reads on MySQL: ten digits after the point.
const SCALE: f64 = 1e10;
/// Up to this value, the rounding error of multiplying by [`SCALE`] is below [`MARGIN`].
const LARGEST: f64 = 800.0;
const MARGIN: f64 = 0.001;

fn value() -> Expr {
    Expr::col(("span_metrics", "value"))
}

/// Returns the condition that MySQL computes a cost as Python does.
///
/// Python gets the cost rounded to ten digits (`values::metric`), exactly, and half to even.
/// `ROUND(value * 1e10) / 1e10` is the same float, since both operands of the division are exact.
/// The exception is a product so near to a half that its own rounding could decide.
fn is_ordinary() -> Condition {
    let scaled = || value().mul(SCALE);
    let off = Func::abs(scaled().sub(Expr::from(Func::round(scaled()))));
    Condition::all().add(value().between(0.0, LARGEST)).add(Expr::from(off).lt(0.5 - MARGIN))
}

/// Returns an ordinary cost, or NULL for one that is not finite or not ordinary.
pub(super) fn ordinary(platform: &Platform) -> CaseStatement {
    let (condition, computed) = if platform.is_mysql() {
        let rounded = Expr::from(Func::round(value().mul(SCALE)));
        (is_ordinary(), rounded.div(SCALE))
    } else {
        let is_finite = value().between(f64::MIN, f64::MAX);
        // Values that MLflow writes with psycopg2 have no -0.0.
        (is_finite.into(), value().add(0.0))
    };
    CaseStatement::new().case(condition, computed)
}

/// Returns whether SQLite has only numbers here, and so adds them up as Python would.
///
/// Always false elsewhere: the other databases fill the columns of spans immediately.
pub(in super::super) async fn are_numbers(database: &mut dyn Rows) -> Result<bool, Error> {
    if !database.platform().is_sqlite() {
        return Ok(false);
    }
    let kind = Func::cust("typeof").arg(value());
    let other = Query::select()
        .expr(Expr::val(1))
        .from("span_metrics")
        .and_where(Expr::from(kind).is_in(["text", "blob"]))
        .limit(1)
        .take();
    Ok(database.query(other).await?.is_empty())
}

/// Selects the span of a statement's current cost.
fn its_span(range: &Range) -> SelectStatement {
    let mut select = Query::select();
    select.expr(Expr::val(1)).from("spans").cond_where(range.holds("spans"));
    select.cond_where(has_key_of("span_metrics")).take()
}

/// The costs of a range of traces that the database cannot compute.
pub(super) struct InexactCosts(Vec<Row>);

impl InexactCosts {
    /// Reads the costs; `None` if they are too many.
    pub(super) async fn of(database: &mut dyn Rows, range: &Range) -> Result<Option<Self>, Error> {
        let platform = database.platform().clone();
        if !platform.is_mysql() {
            return Ok(Some(Self(Vec::new())));
        }
        let select = Query::select()
            .columns(KEY)
            .columns(["key", "value"])
            .from("span_metrics")
            .cond_where(range.holds("span_metrics"))
            .cond_where(Source::SpanMetrics.rows(&platform))
            .and_where(value().is_not_null())
            .cond_where(is_ordinary().not())
            .and_where(Expr::exists(its_span(range)))
            .limit(MOST as u64 + 1)
            .take();
        let found = database.query(select).await?;
        Ok((found.len() <= MOST).then_some(Self(found)))
    }

    /// Writes the costs to their spans.
    pub(super) async fn write(&self, database: &mut dyn Rows) -> Result<(), Error> {
        const UPDATES: [KeyedUpdate; COST_KEYS.len()] = [
            KeyedUpdate { table: "spans", columns: &["input_cost"], key: &KEY },
            KeyedUpdate { table: "spans", columns: &["output_cost"], key: &KEY },
            KeyedUpdate { table: "spans", columns: &["total_cost"], key: &KEY },
        ];
        let platform = database.platform().clone();
        for update in UPDATES {
            let is_its = |read: &&Row| value::text(read.get(2)) == update.columns.first().copied();
            let computed = |read: &Row| {
                let metric = values::metric(read.get(3), &platform);
                let cost = number::finite_float(value::operand(&metric))?;
                Some(vec![Value::from(cost), value::owned(read.first()), value::owned(read.get(1))])
            };
            let rows: Vec<Row> = self.0.iter().filter(is_its).filter_map(computed).collect();
            if !rows.is_empty() {
                database.update(&update, rows).await?;
            }
        }
        Ok(())
    }
}
