//! Renders events and results, as text for people or as JSON Lines for programs.

mod json;
mod progress;
mod text;
mod visible;
mod words;

use std::any::Any;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Event, Observer};
use mlflow_migrate_core::graphs::GraphName;

use crate::outcome::Outcome;
use json::OtherErrorKind;
pub(crate) use progress::write_line;
pub(crate) use visible::one_line;
pub(crate) use words::{count_of, disk_use};

/// Shows the user what happens, and the result.
pub(crate) trait Renderer: Observer {
    /// Writes a command's result.
    fn outcome(&self, outcome: &Outcome) -> io::Result<()>;

    /// Shows an event of one graph, where the events of another may follow or come before.
    fn notify_of(&self, _: GraphName, event: &Event) {
        self.notify(event);
    }

    /// Writes a result that a later one of the same command follows.
    fn interim(&self, outcome: &Outcome) -> io::Result<()> {
        self.outcome(outcome)
    }

    /// Returns whether a later result replaces an earlier one on a terminal.
    fn redraws(&self) -> bool {
        false
    }

    /// Writes an error, and in JSON the exit code.
    fn error(&self, error: &Error, exit_code: u8) -> io::Result<()>;
}

/// Returns the renderer that the arguments ask for.
pub(crate) fn choose(json: bool, quiet: bool, verbose: bool) -> Arc<dyn Renderer> {
    if json {
        Arc::new(json::Json::new(quiet))
    } else {
        // A dumb terminal cannot go back to the start of a line.
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let on_terminal = io::stderr().is_terminal() && !is_dumb;
        Arc::new(text::Text::new(quiet, verbose, on_terminal))
    }
}

/// Returns a command's result as one line of JSON; of an error, with its exit code.
pub(crate) fn report(result: &Result<Outcome, Error>, exit_code: u8) -> io::Result<String> {
    match result {
        Ok(outcome) => json::outcome_line(outcome),
        Err(error) => json::error_line(error, exit_code),
    }
}

/// Writes that the arguments are not understood, as text or as JSON.
pub(crate) fn usage(error: &clap::Error, as_json: bool, exit_code: u8) {
    // A closed terminal leaves no reader for the error.
    let _ = match as_json {
        true => {
            let message = error.to_string();
            json::write_other_error(OtherErrorKind::Usage, message.trim_end(), exit_code, None)
        }
        false => error.print(),
    };
}

/// Writes that the result could not be written to its destination.
pub(crate) fn unwritten(error: &io::Error, as_json: bool, exit_code: u8) {
    let message = format!("the result could not be written: {error}");
    write_line(&format!("error: {message}"));
    if as_json {
        // Stdout may be what could not be written.
        let _ = json::write_other_error(OtherErrorKind::Output, &message, exit_code, None);
    }
}

/// Writes as JSON that a bug ended the program; `payload` is that of the panic.
pub(crate) fn bug(payload: &(dyn Any + Send), exit_code: u8, hint: &str) {
    let message = bug_message(payload);
    // Nothing else can be done where stdout is closed, too.
    let _ = json::write_other_error(OtherErrorKind::Internal, &message, exit_code, Some(hint));
}

fn bug_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("a bug in mlflow-migrate: {}", text.unwrap_or("it has no message"))
}

/// Ignores a closed stdout, which is no error: `head` closes its input early.
fn unless_reader_is_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Returns the causes of an error, the nearest first, without texts that its message contains.
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

#[cfg(test)]
mod tests {
    use super::bug_message;

    #[test]
    fn the_message_of_a_panic_is_told() {
        let number = 3;
        let payloads: [Box<dyn std::any::Any + Send>; 3] =
            [Box::new("as it stands"), Box::new(format!("of {number}")), Box::new(number)];
        let messages = payloads.map(|payload| bug_message(&*payload));
        let expected = ["as it stands", "of 3", "it has no message"];
        assert_eq!(messages, expected.map(|text| format!("a bug in mlflow-migrate: {text}")));
    }
}
