//! Asks something about each range of traces, over all connections.

use async_trait::async_trait;
use futures_util::future::try_join_all;

use super::ranges::{Range, Ranges, workers};
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;

/// What is asked about each range.
#[async_trait]
pub(super) trait Question: Sync {
    /// What is found in a range, any number of times.
    type Found: Send;

    /// Returns what is found in a range.
    async fn ask(&self, database: &mut dyn Rows, range: &Range) -> Result<Vec<Self::Found>, Error>;
}

/// Returns what is found in a range and all later ones, in their order.
///
/// Where the database offers worker connections, they share the work.
pub(super) async fn ask_each<Q: Question>(
    database: &mut dyn Rows,
    first: Range,
    question: &Q,
) -> Result<Vec<Q::Found>, Error> {
    let mut connections = Vec::new();
    if !first.is_last() {
        // The migration itself reports if fewer worker connections are open than requested.
        connections = workers(database, &Progress::silent()).await?;
    }
    if connections.is_empty() {
        let (mut found, mut next) = (Vec::new(), Some(first));
        while let Some(range) = next {
            found.extend(question.ask(database, &range).await?);
            next = range.next(database).await?;
        }
        return Ok(found);
    }
    let ranges = Ranges::new(database, Some(first));
    let shares = connections.iter_mut().map(|one| ask_some(&mut **one, &ranges, question));
    let mut found: Vec<_> = try_join_all(shares).await?.into_iter().flatten().collect();
    found.sort_by_key(|(place, _)| *place);
    Ok(found.into_iter().flat_map(|(_, found)| found).collect())
}

/// Returns what is found in those ranges that one connection takes, with the places of these.
async fn ask_some<Q: Question>(
    database: &mut dyn Rows,
    ranges: &Ranges<'_>,
    question: &Q,
) -> Result<Vec<(usize, Vec<Q::Found>)>, Error> {
    let mut found = Vec::new();
    while let Some(range) = ranges.take().await? {
        found.push((range.place(), question.ask(database, &range).await?));
    }
    Ok(found)
}
