//! Limits on how long a server may take to answer, and on how much an answer may hold.
//!
//! A query of the catalog is answered soon or never. A statement that changes or counts rows may
//! take as long as it needs. A line is over when an answer does not arrive or does not end. Nothing
//! is sent over the line after this.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::sync::Notify;

/// The most bytes that an answer about the catalog may hold. A table's column takes about 200.
const BRIEF: usize = 64 << 20;

/// The most rows that an answer about the catalog may have: even an empty row takes memory.
const ROWS: usize = 1_000_000;

/// The most bytes that any other answer may hold.
///
/// No server has a longer value, and rows are read in batches.
const LONG: usize = 1 << 30;

/// Why a complete answer is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The answer did not arrive, or did not end, within this time.
    Late(Duration),
    /// The answer is longer than its limit.
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
    /// Returns the missing answer that an error reports, if the error reports one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// Measures the bytes that a server sends.
#[derive(Debug)]
pub struct Meter {
    received: AtomicUsize,
    limit: AtomicUsize,
    over: OnceLock<NoAnswer>,
    ending: Notify,
}

impl Meter {
    /// Creates a meter that lets the server send up to `limit` bytes.
    #[must_use]
    pub fn up_to(limit: usize) -> Self {
        Self {
            received: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
            over: OnceLock::new(),
            ending: Notify::new(),
        }
    }

    /// Resets the count, and lets the server send up to `limit` bytes from now on.
    pub(crate) fn allow(&self, limit: usize) {
        self.received.store(0, Ordering::Release);
        self.limit.store(limit, Ordering::Release);
    }

    /// Adds received bytes to the count, and returns whether the count is within the limit.
    pub fn count(&self, length: usize) -> bool {
        let before = self.received.fetch_add(length, Ordering::AcqRel);
        let allowed = before + length <= self.limit.load(Ordering::Acquire);
        if !allowed {
            self.end(NoAnswer::Endless);
        }
        allowed
    }

    /// Returns whether the server has sent more than its limit.
    #[must_use]
    pub fn has_overflowed(&self) -> bool {
        self.over.get() == Some(&NoAnswer::Endless)
    }

    fn end(&self, cause: NoAnswer) {
        // The first cause is the one to report.
        let _ = self.over.set(cause);
        self.ending.notify_one();
    }

    /// Waits until the connection must be closed.
    pub async fn ended(&self) {
        self.ending.notified().await;
    }
}

/// A connection's limits on time and size of the server's answers.
#[derive(Clone, Debug)]
pub struct Line {
    meter: Arc<Meter>,
    patience: Duration,
}

impl Line {
    /// Creates a line whose server may take `patience` to answer a quick statement.
    #[must_use]
    pub fn new(meter: Arc<Meter>, patience: Duration) -> Self {
        Self { meter, patience }
    }

    /// Returns how long the server may take to answer a quick statement.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// Waits for an answer that should arrive soon.
    ///
    /// # Errors
    /// The statement's error, or [`NoAnswer`].
    pub async fn brief<T, E: From<io::Error>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.brief_after(Duration::ZERO, answer).await
    }

    /// Waits for an answer that should arrive soon after a lock, which may take up to `wait`.
    ///
    /// # Errors
    /// The statement's error, or [`NoAnswer`].
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

    /// Waits for rows that should arrive soon.
    ///
    /// # Errors
    /// The statement's error, or [`NoAnswer`].
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

    /// Waits for an answer without a time limit.
    ///
    /// # Errors
    /// The statement's error, or [`NoAnswer`] if the line is over.
    pub async fn long<T, E: From<io::Error>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.measured(LONG, answer).await
    }

    /// Waits for the next row of an answer that may be of any length; no row is longer than an answer.
    ///
    /// # Errors
    /// The statement's error, or [`NoAnswer`] if the line is over.
    pub async fn next<T, E: From<io::Error>>(
        &self,
        rows: &mut (impl Stream<Item = Result<T, E>> + Unpin),
    ) -> Result<Option<T>, E> {
        self.measured(LONG, async { rows.next().await.transpose() }).await
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
