//! Runs tasks in parallel, and hands over their results in the order of the tasks.
//!
//! Each task has a channel of its own, which holds a few parts. A task that is ahead of the others
//! waits, so memory is bounded by the number of threads.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

use crate::output::{Item, Output};

/// The parts that may wait in the channel of one task.
const PARTS: usize = 2;

/// The tasks that may be ahead, for each thread.
const AHEAD: usize = 2;

type Task = Box<dyn FnOnce(&mut Output) + Send>;

/// Takes tasks, in the order in which their results are wanted.
pub(crate) struct Planner {
    tasks: SyncSender<(Task, Output)>,
    results: SyncSender<Receiver<Vec<Item>>>,
    is_closed: bool,
}

impl Planner {
    /// Returns whether nobody wants further results.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Has a thread run a task.
    pub(crate) fn task(&mut self, task: impl FnOnce(&mut Output) + Send + 'static) {
        let output = self.output();
        self.is_closed |= self.tasks.send((Box::new(task), output)).is_err();
    }

    /// Runs a task on which the next tasks depend.
    pub(crate) fn here<T>(&mut self, task: impl FnOnce(&mut Output) -> T) -> T {
        let mut output = self.output();
        let result = task(&mut output);
        output.flush();
        self.is_closed |= output.is_closed();
        result
    }

    fn output(&mut self) -> Output {
        let (sender, receiver) = sync_channel(PARTS);
        self.is_closed |= self.results.send(receiver).is_err();
        Output::new(sender)
    }
}

/// Runs the tasks that `plan` makes on some threads, and consumes all items on this one.
///
/// Stops at the first error of `consume`.
pub(crate) fn run<E: From<io::Error>>(
    threads: usize,
    plan: impl FnOnce(&mut Planner) + Send,
    mut consume: impl FnMut(Vec<Item>) -> Result<(), E>,
) -> Result<(), E> {
    let threads = threads.max(1);
    let (task_sender, task_receiver) = sync_channel(threads * AHEAD);
    let (result_sender, result_receiver) = sync_channel::<Receiver<Vec<Item>>>(threads * AHEAD);
    let task_receiver = Mutex::new(task_receiver);
    thread::scope(|scope| {
        // Moved here, so that an error drops the receivers and with them ends all threads.
        let results = result_receiver;
        for _ in 0..threads {
            Builder::new().spawn_scoped(scope, || work(&task_receiver))?;
        }
        let mut planner = Planner { tasks: task_sender, results: result_sender, is_closed: false };
        Builder::new().spawn_scoped(scope, move || plan(&mut planner))?;
        for result in results {
            for items in result {
                consume(items)?;
            }
        }
        Ok(())
    })
}

fn work(tasks: &Mutex<Receiver<(Task, Output)>>) {
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((task, mut output)) = next else { return };
        task(&mut output);
        output.flush();
    }
}
