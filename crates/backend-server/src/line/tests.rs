//! Answers that do not arrive, or do not end.

use std::future::{pending, ready};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;

use super::{BRIEF, Line, Meter, NoAnswer, ROWS};

const PATIENCE: Duration = Duration::from_millis(20);

fn line() -> Line {
    Line::new(Arc::new(Meter::up_to(0)), PATIENCE)
}

fn cause<T>(answered: io::Result<T>) -> Option<NoAnswer> {
    answered.err().as_ref().and_then(NoAnswer::of)
}

#[tokio::test]
async fn what_does_not_come_soon_ends_the_line() {
    let line = line();
    let wait = Duration::from_millis(10);
    let late = cause(line.brief_after(wait, pending::<io::Result<()>>()).await);
    assert_eq!(late, Some(NoAnswer::Late(PATIENCE + wait)));
    line.meter.ended().await;
    // Nothing more is sent.
    for answered in [line.brief(ready(Ok(()))).await, line.long(ready(Ok(()))).await] {
        assert_eq!(cause(answered), late);
    }
}

#[tokio::test]
async fn what_takes_long_is_waited_for() {
    let line = line();
    let slow = async {
        tokio::time::sleep(4 * PATIENCE).await;
        Ok::<_, io::Error>(7)
    };
    assert_eq!(line.long(slow).await.unwrap(), 7);
}

#[tokio::test]
async fn what_does_not_end_is_not_read_on() {
    let line = line();
    let endless = async {
        while line.meter.count(BRIEF / 3) {}
        Err::<(), _>(io::Error::from(io::ErrorKind::UnexpectedEof))
    };
    assert_eq!(cause(line.brief(endless).await), Some(NoAnswer::Endless));
    line.meter.ended().await;
    assert_eq!(cause(line.long(ready(Ok(()))).await), Some(NoAnswer::Endless));
}

#[tokio::test]
async fn each_answer_counts_for_itself() {
    let line = line();
    for _ in 0..4 {
        let answer = async { Ok::<_, io::Error>(line.meter.count(BRIEF / 2)) };
        assert!(line.brief(answer).await.unwrap());
    }
}

/// The rows take no time and no bytes here.
#[tokio::test]
async fn rows_without_end_are_not_kept() {
    let line = Line::new(Arc::new(Meter::up_to(0)), Duration::from_secs(60));
    let rows = stream::repeat_with(|| Ok::<_, io::Error>(()));
    assert_eq!(cause(line.rows(rows).await), Some(NoAnswer::Endless));
    let few = stream::iter((0..ROWS).map(Ok::<_, io::Error>));
    let line = Line::new(Arc::new(Meter::up_to(0)), Duration::from_secs(60));
    assert_eq!(line.rows(few).await.unwrap().len(), ROWS);
}
