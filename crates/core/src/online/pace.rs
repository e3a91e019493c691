//! Waits until the server has less to do, and rests after transactions.

use std::time::{Duration, Instant};

use crate::backend::OnlineChanges;
use crate::error::Error;
use crate::event::{Progress, Wait, WaitReason};
use crate::upgrade::options::Pace;

/// The time between two looks at a busy server.
const PAUSE: Duration = Duration::from_secs(1);

impl Pace {
    /// Waits until other sessions run no more statements than they may.
    ///
    /// # Errors
    /// If the user stops the work, or the server does not answer.
    pub(crate) async fn wait_for_load(
        self,
        server: &mut dyn OnlineChanges,
        progress: &Progress,
    ) -> Result<(), Error> {
        let Some(most) = self.max_load else { return Ok(()) };
        let began = Instant::now();
        let mut waits = false;
        while server.running_statements().await? > most {
            if !waits {
                progress.waits_for(Wait {
                    reason: WaitReason::Load,
                    holders: Vec::new(),
                    began_ms: None,
                    waited_seconds: 0,
                    limit_seconds: None,
                });
            }
            waits = true;
            tokio::time::sleep(PAUSE).await;
            progress.check()?;
        }
        if waits {
            progress.waited(began.elapsed());
        }
        Ok(())
    }

    /// Rests after a transaction that began at an instant.
    pub(crate) async fn rest_after(self, began: Instant) {
        tokio::time::sleep(began.elapsed().mul_f64(self.rest)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;

    use super::Pace;
    use crate::backend::OnlineChanges;
    use crate::error::Error;
    use crate::event::cancellation::CancellationToken;
    use crate::event::{Event, Observer, Progress, WaitReason};
    use crate::plan::TableChange;
    use crate::rows::Rows;
    use crate::schema::Index;

    /// A server that answers with these loads, and with the last one without end.
    struct Loaded(Vec<u64>);

    #[async_trait]
    impl OnlineChanges for Loaded {
        async fn begin_online(&mut self) -> Result<(), Error> {
            Ok(())
        }

        async fn tables_left_out(&mut self, _: &[String]) -> Result<Vec<(String, String)>, Error> {
            Ok(Vec::new())
        }

        async fn change_briefly(&mut self, _: &TableChange, _: &Progress) -> Result<(), Error> {
            Ok(())
        }

        async fn drop_table(&mut self, _: &str, _: &Progress) -> Result<(), Error> {
            Ok(())
        }

        async fn rows_online(&mut self) -> Result<Box<dyn Rows>, Error> {
            Err(Error::Stopped)
        }

        async fn running_statements(&mut self) -> Result<u64, Error> {
            Ok(match self.0.len() {
                1 => self.0[0],
                _ => self.0.remove(0),
            })
        }

        async fn create_index(&mut self, _: &str, _: &Index, _: &Progress) -> Result<(), Error> {
            Ok(())
        }

        async fn drop_index(&mut self, _: &str, _: &str, _: &Progress) -> Result<(), Error> {
            Ok(())
        }
    }

    #[derive(Default)]
    struct Recorder(Mutex<Vec<Event>>, Option<CancellationToken>);

    impl Observer for Recorder {
        fn notify(&self, event: &Event) {
            self.0.lock().unwrap().push(event.clone());
            if let (Event::Waiting(_), Some(stop)) = (event, &self.1) {
                stop.request();
            }
        }
    }

    async fn events_of(max_load: Option<u64>, loads: &[u64], stops: bool) -> (Vec<Event>, bool) {
        let stop = CancellationToken::default();
        let recorder = Arc::new(Recorder(Mutex::default(), stops.then(|| stop.clone())));
        let progress = Progress::new(Arc::clone(&recorder) as Arc<dyn Observer>, 1, stop);
        let mut server = Loaded(loads.to_vec());
        let pace = Pace { rest: 0.0, max_load };
        let waited = pace.wait_for_load(&mut server, &progress).await;
        let events = recorder.0.lock().unwrap().clone();
        (events, waited.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn work_waits_until_the_load_is_low_enough() {
        let cases: [(Option<u64>, &[u64]); 3] = [(None, &[99]), (Some(2), &[2]), (Some(0), &[0])];
        for (max_load, loads) in cases {
            let (events, is_free) = events_of(max_load, loads, false).await;
            assert!(events.is_empty() && is_free, "{max_load:?} {loads:?}: {events:?}");
        }
        let (events, is_free) = events_of(Some(2), &[3, 9, 3, 2, 9], false).await;
        assert!(is_free);
        let [Event::Waiting(wait), Event::WaitOver { .. }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(wait.reason, WaitReason::Load);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_wait() {
        let (events, is_free) = events_of(Some(2), &[3], true).await;
        assert!(!is_free && events.len() == 1, "{events:?}");
    }
}
