//! Tells the user: as text for a person, or as JSON Lines for a program.

mod json;
mod progress;
mod text;
mod visible;
mod words;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Observer;

use crate::outcome::Outcome;
pub(crate) use progress::write_line;

/// Somebody who tells the user what happens, and how it ended.
pub(crate) trait Renderer: Observer {
    /// Tells a command's result.
    fn outcome(&self, outcome: &Outcome) -> io::Result<()>;

    /// Tells what went wrong, and in JSON the exit code.
    fn error(&self, error: &Error, exit_code: u8) -> io::Result<()>;
}

/// The renderer that the arguments ask for.
pub(crate) fn choose(json: bool, quiet: bool) -> Arc<dyn Renderer> {
    if json {
        Arc::new(json::Json::new(quiet))
    } else {
        Arc::new(text::Text::new(quiet, io::stderr().is_terminal()))
    }
}

/// A reader who has seen enough, such as `head`, is no error.
fn unless_reader_is_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// What has caused an error, from the nearest cause on, without what it has said itself.
fn causes(error: &Error) -> Vec<String> {
    let message = error.to_string();
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !message.contains(&text) && causes.last() != Some(&text) {
            causes.push(text);
        }
        next = cause.source();
    }
    causes
}
