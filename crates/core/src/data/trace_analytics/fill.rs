//! Fills traces and their spans, range by range.
//!
//! A range is complete in itself, and can be filled again with the same result. So where the
//! database offers worker connections, ranges are filled in parallel, each in its own transaction.

use futures_util::future::try_join_all;

use super::super::parts;
use super::due::Due;
use super::ranges::{Range, Ranges, workers};
use super::spans::costs;
use super::written::Written;
use super::{ProgressCounter, gateway, spans, traces};
use crate::error::Error;
use crate::rows::Rows;

/// How often a range is filled again. Beside a session that causes more deadlocks, the upgrade stops.
const MOST_DEADLOCKS: u32 = 3;

/// Fills the traces and spans that are due.
pub(super) async fn fill(
    database: &mut dyn Rows,
    due: &Due,
    tally: &ProgressCounter<'_>,
) -> Result<Written, Error> {
    let mut done = Written::default();
    if let Some(keys) = &due.traces {
        traces::fill_these(database, keys, tally, &mut done).await?;
    }
    if due.traces.is_some() && !due.spans {
        return Ok(done);
    }
    Ok(done.and(&fill_ranges(database, due, tally).await?))
}

async fn fill_ranges(
    database: &mut dyn Rows,
    due: &Due,
    tally: &ProgressCounter<'_>,
) -> Result<Written, Error> {
    let connections = workers(database, tally.progress).await?;
    let mut next = Some(Range::first(database).await?);
    if connections.is_empty() {
        let defers_spans = due.spans && costs::are_numbers(database).await?;
        let mut done = Written { defers_spans, ..Written::default() };
        let work = Work { due, tally, ranges: None };
        while let Some(range) = next {
            next = range.next(database).await?;
            work.fill_in_parts(database, range, &mut done).await?;
        }
        return Ok(done);
    }
    let ranges = Ranges::new(database, next);
    let work = Work { due, tally, ranges: Some(&ranges) };
    let workers = connections.into_iter().map(|connection| work.take_ranges(connection, &ranges));
    let done = try_join_all(workers).await?;
    Ok(done.into_iter().fold(Written::default(), |sum, one| sum.and(&one)))
}

/// What is done to each range.
struct Work<'a> {
    due: &'a Due,
    tally: &'a ProgressCounter<'a>,
    /// Where ranges are handed out to several connections.
    ranges: Option<&'a Ranges<'a>>,
}

impl Work<'_> {
    async fn take_ranges(
        &self,
        mut connection: Box<dyn Rows>,
        ranges: &Ranges<'_>,
    ) -> Result<Written, Error> {
        let mut done = Written::default();
        while let Some(range) = ranges.take().await? {
            if let Some(transactions) = connection.transactions() {
                transactions.begin_rows().await?;
            }
            self.fill_in_parts(&mut *connection, range, &mut done).await?;
            if let Some(transactions) = connection.transactions() {
                transactions.commit_rows().await?;
            }
        }
        Ok(done)
    }

    /// Fills a range and commits it, or its halves if it is too large for one transaction.
    ///
    /// A range that the server takes back, to end a deadlock, is filled again.
    async fn fill_in_parts(
        &self,
        database: &mut dyn Rows,
        range: Range,
        done: &mut Written,
    ) -> Result<(), Error> {
        let (mut left, mut deadlocks) = (vec![range], 0);
        while let Some(range) = left.pop() {
            let mut part = Written { defers_spans: done.defers_spans, ..Written::default() };
            match self.fill_part(database, &range, &mut part).await {
                Ok(()) => *done = done.and(&part),
                Err(error @ Error::TooLarge { .. }) => {
                    parts::roll_back(database).await?;
                    let Some([first, second]) = range.halves(database).await? else {
                        return Err(error);
                    };
                    left.extend([second, first]);
                }
                Err(Error::Conflict { .. })
                    if deadlocks < MOST_DEADLOCKS && database.transactions().is_some() =>
                {
                    deadlocks += 1;
                    parts::roll_back(database).await?;
                    left.push(range);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn fill_part(
        &self,
        database: &mut dyn Rows,
        range: &Range,
        done: &mut Written,
    ) -> Result<(), Error> {
        self.fill_range(database, range, done).await?;
        if let Some(ranges) = self.ranges {
            // Another session may have started an upgrade, and removed the sources of these values
            // already.
            ranges.check().await?;
        }
        parts::commit(database).await
    }

    async fn fill_range(
        &self,
        database: &mut dyn Rows,
        range: &Range,
        done: &mut Written,
    ) -> Result<(), Error> {
        if self.due.traces.is_none() {
            traces::fill(database, range, self.tally, done).await?;
        }
        if self.due.spans {
            spans::fill(database, range, self.tally, done).await?;
            done.written += gateway::sum_costs(database, range, done.defers_spans).await?;
        }
        Ok(())
    }
}
