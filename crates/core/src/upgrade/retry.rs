//! Decides when a failed upgrade is retried automatically, and after which wait.
//!
//! A retry repeats the whole request over a new connection, since an upgrade inspects the database
//! before it changes anything. Where the upgrade is one transaction, a lost transaction has left
//! nothing. If its COMMIT was executed after all, nothing is left to do. Elsewhere the journal
//! holds the progress. So a retry does the same as an operator who repeats the command. The one
//! exception is a target relative to the database's revision.

use std::time::Duration;

use crate::error::Error;
use crate::history::target::Target;

/// The first wait; each wait is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// The number of retries of an upgrade that had a connection.
///
/// The upgrade's own statement may be what ends the connection, and must not crash a server without
/// end.
const MOST_REPETITIONS: u32 = 3;

/// The state of the retries of one request.
#[derive(Debug)]
pub struct Retry {
    /// The time that may still be spent waiting.
    left: Duration,
    next: Duration,
    repetitions: u32,
    /// The error to report in the end.
    ///
    /// The last error of an upgrade that had a connection, or else the reason why no connection was
    /// made.
    telling: Option<Error>,
}

impl Retry {
    /// Returns retries that wait no longer than a limit, all waits added up.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self { left: limit, next: FIRST_WAIT, repetitions: 0, telling: None }
    }

    /// Returns the wait before a failed request is retried.
    ///
    /// # Errors
    /// The error of the request, if it is not retried.
    pub fn after(&mut self, error: Error, target: &Target) -> Result<Duration, Error> {
        let wait = self.wait(&error, target);
        let had_connection = !matches!(error, Error::Unavailable { .. });
        tracing::info!(%error, ?wait, "the attempt failed");
        if wait.is_none() && had_connection {
            return Err(error);
        }
        let telling = match self.telling.take() {
            Some(telling) if !had_connection => telling,
            _ => error,
        };
        match wait {
            Some(wait) => {
                self.telling = Some(telling);
                Ok(wait)
            }
            None => Err(telling),
        }
    }

    /// Returns the error of a request whose wait the user ends.
    #[must_use]
    pub fn stopped(self) -> Error {
        match self.telling {
            Some(Error::Interrupted { operation, step, steps, title, .. }) => Error::Interrupted {
                operation,
                step,
                steps,
                title,
                source: Box::new(Error::Stopped),
            },
            Some(in_doubt @ Error::InDoubt { .. }) => in_doubt,
            _ => Error::Stopped,
        }
    }

    fn wait(&mut self, error: &Error, target: &Target) -> Option<Duration> {
        match Cause::of(error)? {
            Cause::Unavailable => {}
            // A relative target counts from a revision that may have changed.
            Cause::Interruption if matches!(target, Target::Relative(_)) => return None,
            Cause::Interruption => self.repetitions += 1,
        }
        let wait = self.next.min(self.left);
        if wait.is_zero() || self.repetitions > MOST_REPETITIONS {
            return None;
        }
        self.left -= wait;
        self.next = (self.next * 2).min(LONGEST_WAIT);
        Some(wait)
    }
}

/// A cause that can pass without intervention.
enum Cause {
    /// No connection was made.
    Unavailable,
    /// The work in progress is rolled back, noted in the journal, or committed.
    Interruption,
}

impl Cause {
    fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Unavailable { .. } => Some(Self::Unavailable),
            Error::ConnectionLost { .. } | Error::InDoubt { .. } | Error::Conflict { .. } => {
                Some(Self::Interruption)
            }
            Error::Interrupted { source, .. } => Self::of(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Retry;
    use crate::error::{Error, ErrorKind, Operation};
    use crate::history::target::Target;

    fn unavailable() -> Error {
        Error::Unavailable { name: "db".into(), problem: "refused".into(), remedy: "wait".into() }
    }

    fn lost() -> Error {
        Error::ConnectionLost {
            name: "db".into(),
            action: "reading".into(),
            problem: "gone".into(),
        }
    }

    fn conflict() -> Error {
        Error::Conflict { name: "db".into(), action: "reading".into(), problem: "deadlock".into() }
    }

    fn in_doubt() -> Error {
        Error::InDoubt { source: Box::new(lost()) }
    }

    fn interrupted(source: Error) -> Error {
        let (operation, source) = (Operation::Upgrade, Box::new(source));
        Error::Interrupted { operation, step: 1, steps: 2, title: "one".into(), source }
    }

    fn locked() -> Error {
        Error::Locked { name: "db".into(), waited_seconds: 10, holders: Vec::new() }
    }

    /// Returns all waits of a request that always fails with the same error.
    fn waits(limit: u64, target: &Target, error: impl Fn() -> Error) -> Vec<u128> {
        let mut retry = Retry::within(Duration::from_secs(limit));
        let waits = std::iter::from_fn(|| retry.after(error(), target).ok());
        waits.map(|wait| wait.as_millis()).collect()
    }

    #[test]
    fn waits_grow_and_come_to_an_end() {
        let of = |limit| waits(limit, &Target::Head, unavailable);
        assert_eq!(of(0), []);
        assert_eq!(of(1), [250, 500, 250]);
        assert_eq!(of(30), [250, 500, 1000, 2000, 4000, 8000, 8000, 6250]);
        assert_eq!(of(30).iter().sum::<u128>(), 30_000);
    }

    #[test]
    fn work_is_repeated_a_few_times_however_long_one_waits() {
        for error in [lost, conflict, in_doubt] {
            assert_eq!(waits(3600, &Target::Head, error), [250, 500, 1000]);
            assert_eq!(waits(3600, &Target::Head, || interrupted(error())), [250, 500, 1000]);
        }
    }

    #[test]
    fn a_server_that_comes_up_slowly_takes_none_of_these_times() {
        let mut retry = Retry::within(Duration::from_secs(3600));
        for _ in 0..50 {
            retry.after(unavailable(), &Target::Head).unwrap();
        }
        retry.after(lost(), &Target::Head).unwrap();
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        let unreachable = || Error::Unreachable {
            name: "db".into(),
            problem: "there is no such database".into(),
            remedy: "create it".into(),
        };
        for error in [locked(), interrupted(locked()), unreachable(), Error::Stopped] {
            let kind = error.kind();
            let told = Retry::within(Duration::MAX).after(error, &Target::Head).unwrap_err();
            assert_eq!(told.kind(), kind);
        }
    }

    /// Two steps from the present revision may be four steps from the first one.
    #[test]
    fn a_relative_target_waits_for_its_first_connection_only() {
        let target = Target::Relative(2);
        assert_eq!(waits(3600, &target, in_doubt), []);
        assert_eq!(waits(3600, &target, || interrupted(lost())), []);
        assert_eq!(waits(1, &target, unavailable).len(), 3);
    }

    #[test]
    fn an_end_that_somebody_asks_for_tells_what_is_left() {
        let stopped = |errors: Vec<Error>| {
            let mut retry = Retry::within(Duration::from_secs(30));
            for error in errors {
                retry.after(error, &Target::Head).unwrap();
            }
            retry.stopped()
        };
        assert_eq!(stopped(vec![unavailable()]).kind(), ErrorKind::Stopped);
        assert_eq!(stopped(vec![lost()]).kind(), ErrorKind::Stopped);
        assert_eq!(stopped(vec![in_doubt(), unavailable()]).kind(), ErrorKind::ConnectionLost);
        let noted = stopped(vec![interrupted(lost()), unavailable()]);
        assert_eq!(noted.kind(), ErrorKind::Stopped);
        assert!(matches!(noted, Error::Interrupted { .. }));
    }

    /// A server that does not come back must not hide how far the upgrade was.
    #[test]
    fn what_had_a_connection_is_what_is_told() {
        let mut retry = Retry::within(Duration::from_millis(700));
        retry.after(interrupted(lost()), &Target::Head).unwrap();
        retry.after(unavailable(), &Target::Head).unwrap();
        let told = retry.after(unavailable(), &Target::Head).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::ConnectionLost);
        let mut retry = Retry::within(Duration::from_millis(250));
        retry.after(unavailable(), &Target::Head).unwrap();
        let told = retry.after(unavailable(), &Target::Head).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Unreachable);
    }
}
