//! How long a server may take to answer, and how much an answer may hold.
//!
//! What asks about the catalogue is answered soon, or never. What changes or counts rows may take as long as
//! it takes. A line is over when an answer has not come, or does not end: nothing more is sent then.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::sync::Notify;

/// What an answer about the catalogue may hold, in bytes. A column of a table takes some 200.
const BRIEF: usize = 64 << 20;

/// How many rows it may have: even an empty one takes memory.
const ROWS: usize = 1_000_000;

/// What any other answer may hold. No server has a longer value, and rows are read in batches.
const LONG: usize = 1 << 30;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// It did not come, or not to its end, in that time.
    Late(Duration),
    /// It is longer than any that makes sense.
    Endless,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(limit) => write!(f, "no answer within {} s", limit.as_secs_f64()),
            Self::Endless => f.write_str("an answer without end, of which the rest was not read"),
        }
    }
}

impl std::error::Error for NoAnswer {}

impl NoAnswer {
    /// Whether that is what an error is about.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// Measures what comes from a server.
#[derive(Debug)]
pub struct Meter {
    received: AtomicUsize,
    limit: AtomicUsize,
    over: OnceLock<NoAnswer>,
    ending: Notify,
}

impl Meter {
    /// Lets a server send so many bytes.
    #[must_use]
    pub fn up_to(limit: usize) -> Self {
        Self {
            received: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
            over: OnceLock::new(),
            ending: Notify::new(),
        }
    }

    /// From now on the server may send so many bytes.
    pub(crate) fn allow(&self, limit: usize) {
        self.received.store(0, Ordering::Release);
        self.limit.store(limit, Ordering::Release);
    }

    /// Counts what has come, and tells whether that is still allowed.
    pub fn count(&self, length: usize) -> bool {
        let before = self.received.fetch_add(length, Ordering::AcqRel);
        let allowed = before + length <= self.limit.load(Ordering::Acquire);
        if !allowed {
            self.end(NoAnswer::Endless);
        }
        allowed
    }

    /// Whether the server has sent more than it may.
    #[must_use]
    pub fn has_overflowed(&self) -> bool {
        self.over.get() == Some(&NoAnswer::Endless)
    }

    fn end(&self, cause: NoAnswer) {
        // The first cause is the one to tell.
        let _ = self.over.set(cause);
        self.ending.notify_one();
    }

    /// Waits until the connection has to end.
    pub async fn ended(&self) {
        self.ending.notified().await;
    }
}

/// The way to a server, as far as its answers are concerned.
#[derive(Clone, Debug)]
pub struct Line {
    meter: Arc<Meter>,
    patience: Duration,
}

impl Line {
    /// A line whose server may take so long to answer what is soon answered.
    #[must_use]
    pub fn new(meter: Arc<Meter>, patience: Duration) -> Self {
        Self { meter, patience }
    }

    /// Waits for an answer that comes soon.
    ///
    /// # Errors
    /// That of the statement, or that there is no answer.
    pub async fn brief<T, E: From<io::Error>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.brief_after(Duration::ZERO, answer).await
    }

    /// Waits for an answer that comes soon after a lock, which takes so long at most.
    ///
    /// # Errors
    /// That of the statement, or that there is no answer.
    pub async fn brief_after<T, E: From<io::Error>>(
        &self,
        wait: Duration,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let limit = self.patience.saturating_add(wait);
        match tokio::time::timeout(limit, self.measured(BRIEF, answer)).await {
            Ok(answered) => answered,
            Err(_) => {
                self.meter.end(NoAnswer::Late(limit));
                Err(io::Error::other(NoAnswer::Late(limit)).into())
            }
        }
    }

    /// Waits for rows that come soon.
    ///
    /// # Errors
    /// That of the statement, or that there is no answer.
    pub async fn rows<T, E: From<io::Error>>(
        &self,
        rows: impl Stream<Item = Result<T, E>>,
    ) -> Result<Vec<T>, E> {
        self.brief(async {
            let (mut rows, mut read) = (pin!(rows), Vec::new());
            while let Some(row) = rows.next().await {
                if read.len() == ROWS {
                    self.meter.end(NoAnswer::Endless);
                    return Err(io::Error::other(NoAnswer::Endless).into());
                }
                read.push(row?);
            }
            Ok(read)
        })
        .await
    }

    /// Waits for an answer however long that takes.
    ///
    /// # Errors
    /// That of the statement, or that the line is over.
    pub async fn long<T, E: From<io::Error>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.measured(LONG, answer).await
    }

    async fn measured<T, E: From<io::Error>>(
        &self,
        limit: usize,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if let Some(cause) = self.meter.over.get() {
            return Err(io::Error::other(*cause).into());
        }
        self.meter.allow(limit);
        match answer.await {
            Err(_) if self.meter.has_overflowed() => {
                Err(io::Error::other(NoAnswer::Endless).into())
            }
            answered => answered,
        }
    }
}

#[cfg(test)]
mod tests;
