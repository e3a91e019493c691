//! Groups spans by their distinct `dimension_attributes`.

use sea_query::{CaseStatement, Condition, Expr, ExprTrait, Func, Query, Value};

use super::super::{bytes, value};
use super::ranges::Range;
use crate::error::Error;
use crate::rows::{Row, Rows};
use crate::schema::platform::{Dialect, Platform};

/// The maximum number of distinct values with which a statement compares each span.
const MOST: usize = 32;

/// The number of bytes by which MySQL distinguishes texts when it sorts to group.
const LONGEST: usize = 1000;

/// The spans with the same `dimension_attributes`.
#[derive(Debug)]
pub(super) struct Kind {
    /// The `dimension_attributes`, as `values::dimensions` reads it.
    pub(super) text: Option<Value>,
    /// The number of spans.
    pub(super) spans: usize,
    /// The number of spans that have a value in one of the columns to be filled.
    pub(super) filled: usize,
    /// The text as the database compares it.
    compared: Value,
}

impl Kind {
    fn of(read: &Row) -> Option<Self> {
        let compared = value::owned(read.first());
        let text = match &compared {
            Value::String(text) => text.clone(),
            Value::Bytes(Some(bytes)) => Some(String::from_utf8(bytes.clone()).ok()?),
            _ => return None,
        };
        let length = text.as_ref().map_or(0, String::len);
        let [spans, filled] = [1, 2].map(|at| usize::try_from(value::count(read.get(at))).ok());
        (length <= LONGEST).then_some(())?;
        let text = text.map(Value::from);
        Some(Self { text, spans: spans?, filled: filled?, compared })
    }

    /// Returns the condition that a statement's current span is one of these spans.
    ///
    /// Never called for the spans without `dimension_attributes`.
    pub(super) fn is_that_of_span(&self, platform: &Platform) -> Expr {
        exact_text(platform).eq(self.compared.clone())
    }
}

/// Returns the distinct `dimension_attributes` of a range of traces.
///
/// `None` unless they are few, short, and texts. Each has the number of spans with a value in one
/// of `columns`.
pub(super) async fn kinds(
    database: &mut dyn Rows,
    range: &Range,
    columns: &[&'static str],
) -> Result<Option<Vec<Kind>>, Error> {
    let platform = database.platform().clone();
    let any_filled = columns.iter().fold(Condition::any(), |condition, column| {
        condition.add(Expr::col(("spans", *column)).is_not_null())
    });
    let span = || Expr::col(("spans", "span_id"));
    let mut select = Query::select()
        .expr(exact_text(&platform))
        .expr(Func::count(span()))
        .from("spans")
        .cond_where(range.holds("spans"))
        .add_group_by([exact_text(&platform)])
        .limit(MOST as u64 + 1)
        .take();
    if !columns.is_empty() {
        select.expr(Func::count(CaseStatement::new().case(any_filled, span())));
    }
    let found = database.query(select).await?;
    Ok(if found.len() > MOST { None } else { found.iter().map(Kind::of).collect() })
}

/// Returns the text of a span's `dimension_attributes`, compared byte by byte.
///
/// PostgreSQL compares no JSON. On MySQL, the column may be JSON or a text in any character set and
/// collation; the inner cast converts it to UTF-8.
fn exact_text(platform: &Platform) -> Expr {
    let column = Expr::col(("spans", "dimension_attributes"));
    match platform.dialect {
        Dialect::Sqlite => column,
        Dialect::Postgres => Func::cast_as(column, "text").into(),
        Dialect::Mysql => bytes(Func::cast_as(column, "char").into()),
    }
}
