//! Fills traces and their spans, range by range.
//!
//! A range is complete in itself, and filling it again gives the same. So where the database has
//! further connections, ranges are filled side by side, each in a transaction of its own.

use futures_util::future::try_join_all;

use super::super::parts;
use super::ranges::{Range, Ranges, workers};
use super::{ProgressCounter, costs, gateway, spans, traces};
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;

/// What has been done so far.
#[derive(Default)]
pub(super) struct Done {
    /// How many rows were written.
    pub(super) written: u64,
    /// How many names and sessions of traces were cut.
    pub(super) cut_of_traces: u64,
    /// How many models and providers of spans were cut.
    pub(super) cut_of_spans: u64,
    /// Whether nobody reads the columns of spans until their table is changed.
    pub(super) spans_are_late: bool,
}

impl Done {
    fn and(&self, other: &Self) -> Self {
        Self {
            written: self.written + other.written,
            cut_of_traces: self.cut_of_traces + other.cut_of_traces,
            cut_of_spans: self.cut_of_spans + other.cut_of_spans,
            spans_are_late: self.spans_are_late || other.spans_are_late,
        }
    }

    /// Says what was cut.
    pub(super) fn tell(&self, progress: &Progress) {
        let Self { cut_of_traces, cut_of_spans, .. } = self;
        if *cut_of_traces > 0 {
            progress.notice(format!(
                "{cut_of_traces} names or sessions of traces were cut to their column"
            ));
        }
        if *cut_of_spans > 0 {
            progress.notice(format!(
                "{cut_of_spans} models or providers of spans were cut to 500 characters"
            ));
        }
    }
}

/// Fills all traces and spans.
pub(super) async fn fill(
    database: &mut dyn Rows,
    tally: &ProgressCounter<'_>,
) -> Result<Done, Error> {
    let connections = workers(database, tally.progress).await?;
    let mut next = Some(Range::first(database).await?);
    if connections.is_empty() {
        let spans_are_late = costs::are_numbers(database).await?;
        let mut done = Done { spans_are_late, ..Done::default() };
        while let Some(range) = next {
            next = range.next(database).await?;
            fill_in_parts(database, range, tally, &mut done, None).await?;
        }
        return Ok(done);
    }
    let ranges = Ranges::new(database, next);
    let workers = connections.into_iter().map(|connection| work(connection, &ranges, tally));
    let done = try_join_all(workers).await?;
    Ok(done.into_iter().fold(Done::default(), |sum, one| sum.and(&one)))
}

async fn work(
    mut connection: Box<dyn Rows>,
    ranges: &Ranges<'_>,
    tally: &ProgressCounter<'_>,
) -> Result<Done, Error> {
    let mut done = Done::default();
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

/// Fills a range and commits it; its halves, where it is too large for one transaction.
async fn fill_in_parts(
    database: &mut dyn Rows,
    range: Range,
    tally: &ProgressCounter<'_>,
    done: &mut Done,
    ranges: Option<&Ranges<'_>>,
) -> Result<(), Error> {
    let mut left = vec![range];
    while let Some(range) = left.pop() {
        let mut part = Done { spans_are_late: done.spans_are_late, ..Done::default() };
        match fill_part(database, &range, tally, &mut part, ranges).await {
            Ok(()) => *done = done.and(&part),
            Err(error @ Error::TooLarge { .. }) => {
                parts::take_back(database).await?;
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
    done: &mut Done,
    ranges: Option<&Ranges<'_>>,
) -> Result<(), Error> {
    fill_range(database, range, tally, done).await?;
    if let Some(ranges) = ranges {
        // Somebody else may have begun, and have removed already what this was computed from.
        ranges.check().await?;
    }
    parts::commit(database).await
}

async fn fill_range(
    database: &mut dyn Rows,
    range: &Range,
    tally: &ProgressCounter<'_>,
    done: &mut Done,
) -> Result<(), Error> {
    traces::fill(database, range, tally, done).await?;
    spans::fill(database, range, tally, done).await?;
    done.written += gateway::sum_costs(database, range, done.spans_are_late).await?;
    Ok(())
}
