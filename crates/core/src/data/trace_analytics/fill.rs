//! Fills traces and their spans, range by range.
//!
//! A range is complete in itself, and can be filled again with the same result. So where the
//! database offers worker connections, ranges are filled in parallel, each in its own transaction.

use futures_util::future::try_join_all;

use super::super::parts;
use super::ranges::{Range, Ranges, workers};
use super::spans::costs;
use super::written::Written;
use super::{ProgressCounter, gateway, spans, traces};
use crate::error::Error;
use crate::rows::Rows;

/// Fills all traces and spans.
pub(super) async fn fill(
    database: &mut dyn Rows,
    tally: &ProgressCounter<'_>,
) -> Result<Written, Error> {
    let connections = workers(database, tally.progress).await?;
    let mut next = Some(Range::first(database).await?);
    if connections.is_empty() {
        let defers_spans = costs::are_numbers(database).await?;
        let mut done = Written { defers_spans, ..Written::default() };
        while let Some(range) = next {
            next = range.next(database).await?;
            fill_in_parts(database, range, tally, &mut done, None).await?;
        }
        return Ok(done);
    }
    let ranges = Ranges::new(database, next);
    let workers = connections.into_iter().map(|connection| work(connection, &ranges, tally));
    let done = try_join_all(workers).await?;
    Ok(done.into_iter().fold(Written::default(), |sum, one| sum.and(&one)))
}

async fn work(
    mut connection: Box<dyn Rows>,
    ranges: &Ranges<'_>,
    tally: &ProgressCounter<'_>,
) -> Result<Written, Error> {
    let mut done = Written::default();
    while let Some(range) = ranges.take().await? {
        if let Some(transactions) = connection.transactions() {
            transactions.begin_rows().await?;
        }
        fill_in_parts(&mut *connection, range, tally, &mut done, Some(ranges)).await?;
        if let Some(transactions) = connection.transactions() {
            transactions.commit_rows().await?;
        }
    }
    Ok(done)
}

/// Fills a range and commits it, or its halves if it is too large for one transaction.
async fn fill_in_parts(
    database: &mut dyn Rows,
    range: Range,
    tally: &ProgressCounter<'_>,
    done: &mut Written,
    ranges: Option<&Ranges<'_>>,
) -> Result<(), Error> {
    let mut left = vec![range];
    while let Some(range) = left.pop() {
        let mut part = Written { defers_spans: done.defers_spans, ..Written::default() };
        match fill_part(database, &range, tally, &mut part, ranges).await {
            Ok(()) => *done = done.and(&part),
            Err(error @ Error::TooLarge { .. }) => {
                parts::roll_back(database).await?;
                let Some([first, second]) = range.halves(database).await? else {
                    return Err(error);
                };
                left.extend([second, first]);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn fill_part(
    database: &mut dyn Rows,
    range: &Range,
    tally: &ProgressCounter<'_>,
    done: &mut Written,
    ranges: Option<&Ranges<'_>>,
) -> Result<(), Error> {
    fill_range(database, range, tally, done).await?;
    if let Some(ranges) = ranges {
        // Another session may have started an upgrade, and removed the sources of these values
        // already.
        ranges.check().await?;
    }
    parts::commit(database).await
}

async fn fill_range(
    database: &mut dyn Rows,
    range: &Range,
    tally: &ProgressCounter<'_>,
    done: &mut Written,
) -> Result<(), Error> {
    traces::fill(database, range, tally, done).await?;
    spans::fill(database, range, tally, done).await?;
    done.written += gateway::sum_costs(database, range, done.defers_spans).await?;
    Ok(())
}
