//! Waits for a future where the caller cannot.
//!
//! A test is asynchronous and its own SQL is not, since a test reads better without a word at each
//! statement that it awaits. A runtime cannot be entered twice in one thread, so that the SQL runs in
//! a thread of its own.

/// Runs a future to its end.
///
/// # Panics
/// If the future does.
#[allow(clippy::expect_used, reason = "a test without a runtime cannot go on")]
pub fn wait<T: Send>(work: impl Future<Output = T> + Send) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work)
    };
    let outcome = std::thread::scope(|scope| scope.spawn(run).join());
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
