//! Divides the traces into consecutive ranges.
//!
//! A statement about all spans of a range does a bounded amount of work, and progress can be
//! reported between two ranges.

use futures_util::lock::Mutex;
use sea_query::{Condition, Expr, ExprTrait, Func, Order, Query};

use super::super::value;
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::platform::Dialect;

/// The number of traces per range.
///
/// With this size, the cost of a statement's round trip and plan is negligible.
const TRACES: u64 = 2000;

/// The traces after one id, up to another; open at an end without an id.
///
/// Together the ranges cover every text, so that no row of another table falls between them.
#[derive(Clone, Debug)]
pub(super) struct Range {
    after: Option<String>,
    last: Option<String>,
    is_part: bool,
    place: usize,
}

impl Range {
    /// Returns the first range to try.
    ///
    /// On PostgreSQL, the range holds all traces. PostgreSQL stores rows, and all indexes but one,
    /// in the order of insertion, not of the key. A part of the traces is scattered over the table.
    /// A statement about all spans reads the table from front to back, and takes half the time or
    /// less.
    pub(super) async fn first(database: &mut dyn Rows) -> Result<Self, Error> {
        if database.platform().dialect == Dialect::Postgres {
            return Ok(Self { after: None, last: None, is_part: false, place: 0 });
        }
        Self::first_part(database).await
    }

    /// Returns the range of all traces.
    pub(super) const fn everything() -> Self {
        Self { after: None, last: None, is_part: true, place: 0 }
    }

    /// Returns the first of the parts into which all traces are divided.
    pub(super) async fn first_part(database: &mut dyn Rows) -> Result<Self, Error> {
        Self::following(database, None).await
    }

    /// Returns the range after this one, unless this range is the last.
    pub(super) async fn next(&self, database: &mut dyn Rows) -> Result<Option<Self>, Error> {
        if self.is_last() {
            return Ok(None);
        }
        Self::following(database, Some(self)).await.map(Some)
    }

    /// Returns whether this range cannot be divided any further.
    pub(super) fn is_part(&self) -> bool {
        self.is_part
    }

    /// Returns whether this range is the last.
    pub(super) fn is_last(&self) -> bool {
        self.last.is_none()
    }

    /// Returns the number of ranges before this one.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// Returns the range after another.
    ///
    /// On SQLite, all traces are one part. A statement about all traces reads the file from front
    /// to back. A statement about some of them reads the file in the order of the table's key.
    async fn following(database: &mut dyn Rows, previous: Option<&Self>) -> Result<Self, Error> {
        if database.platform().is_sqlite() {
            return Ok(Self { after: None, last: None, is_part: true, place: 0 });
        }
        let after = previous.and_then(|range| range.last.clone());
        let place = previous.map_or(0, |range| range.place + 1);
        let mut select = Query::select();
        select
            .column("request_id")
            .from("trace_info")
            .order_by("request_id", Order::Asc)
            .limit(1)
            .offset(TRACES - 1);
        if let Some(after) = &after {
            select.and_where(Expr::col("request_id").gt(after.as_str()));
        }
        let found = database.query(select).await?;
        let last = found.first().and_then(|read| value::text(read.first())).map(ToOwned::to_owned);
        Ok(Self { after, last, is_part: true, place })
    }

    /// Returns two ranges with half of the traces each; `None` if the range has only one trace.
    pub(super) async fn halves(&self, database: &mut dyn Rows) -> Result<Option<[Self; 2]>, Error> {
        let count = Query::select()
            .expr(Func::count(Expr::col(sea_query::Asterisk)))
            .from("trace_info")
            .cond_where(self.holds("trace_info"))
            .take();
        let traces =
            database.query(count).await?.first().map_or(0, |read| value::count(read.first()));
        if traces < 2 {
            return Ok(None);
        }
        let middle = Query::select()
            .column("request_id")
            .from("trace_info")
            .cond_where(self.holds("trace_info"))
            .order_by("request_id", Order::Asc)
            .limit(1)
            .offset(traces / 2 - 1)
            .take();
        let found = database.query(middle).await?;
        let middle =
            found.first().and_then(|read| value::text(read.first())).map(ToOwned::to_owned);
        let first = Self { last: middle.clone(), is_part: true, ..self.clone() };
        let second = Self { after: middle, is_part: true, ..self.clone() };
        Ok(first.last.is_some().then_some([first, second]))
    }

    /// Returns the condition that a row belongs to this range.
    pub(super) fn holds(&self, table: &'static str) -> Condition {
        let key = match table {
            "trace_info" | "trace_tags" | "trace_request_metadata" | "trace_metrics" => {
                "request_id"
            }
            _ => "trace_id",
        };
        let trace = || Expr::col((table, key));
        Condition::all()
            .add_option(self.after.as_deref().map(|after| trace().gt(after)))
            .add_option(self.last.as_deref().map(|last| trace().lte(last)))
    }
}

/// Hands out ranges to parallel workers, one after the other.
pub(super) struct Ranges<'a>(Mutex<(&'a mut dyn Rows, Option<Range>)>);

impl<'a> Ranges<'a> {
    /// Creates a source of this range and the later ones, which are found on this connection.
    pub(super) fn new(database: &'a mut dyn Rows, first: Option<Range>) -> Self {
        Self(Mutex::new((database, first)))
    }

    /// Fails if the connection on which the ranges are found is lost.
    ///
    /// That connection holds the lock against other upgraders.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let mut lock = self.0.lock().await;
        lock.0.query(Query::select().expr(Expr::val(1)).take()).await.map(|_| ())
    }

    /// Returns the next range.
    pub(super) async fn take(&self) -> Result<Option<Range>, Error> {
        let mut lock = self.0.lock().await;
        let (database, next) = &mut *lock;
        let taken = next.take();
        if let Some(range) = &taken {
            *next = range.next(&mut **database).await?;
        }
        Ok(taken)
    }
}

/// Opens the worker connections on which ranges are filled in parallel; may return none.
pub(super) async fn workers(
    database: &mut dyn Rows,
    progress: &Progress,
) -> Result<Vec<Box<dyn Rows>>, Error> {
    match database.accelerate() {
        Some(accelerated) => accelerated.workers(progress).await,
        None => Ok(Vec::new()),
    }
}
