//! The command line as a whole: the command, and the options of every command.

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser, ValueEnum};
use mlflow_migrate_core::url::without_password;

use crate::commands::Command;
use crate::{exit, other_words, version};

/// Upgrades MLflow tracking databases of any age.
#[derive(Debug, Parser)]
#[command(
    name = "mlflow-migrate",
    version,
    long_version = version::long(),
    after_help = exit::table(),
    max_term_width = 100
)]
pub(crate) struct CommandLine {
    /// Write JSON Lines to stdout: events as they happen, then the result, or the error
    #[arg(long, global = true, help_heading = HEADING)]
    pub(crate) json: bool,

    /// Write the result only, without progress and notes
    #[arg(long, short, global = true, help_heading = HEADING)]
    pub(crate) quiet: bool,

    /// Log to stderr what happens, and with -vv each statement; RUST_LOG chooses in detail
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = HEADING)]
    pub(crate) verbose: u8,

    /// When to use colors: auto (on a terminal, unless NO_COLOR is set), always, or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true, help_heading = HEADING)]
    pub(crate) color: Color,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The heading of the options that every command has.
const HEADING: &str = "Global";

/// When the program uses colors.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Even into a file.
    Always,
    /// Nowhere.
    Never,
}

impl Color {
    /// Makes this the choice for all that the program writes.
    pub(crate) fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// Returns whether the arguments ask for JSON, where they are not understood otherwise.
pub(crate) fn asks_for_json() -> bool {
    std::env::args_os().skip(1).take_while(|one| one != "--").any(|one| one == "--json")
}

/// Returns the error as the user sees it: without passwords, and with an answer to words that only
/// other tools have.
pub(crate) fn explained(error: clap::Error) -> clap::Error {
    match other_words::answer(&error) {
        Some(answer) => CommandLine::command().error(error.kind(), answer),
        None => without_passwords(error),
    }
}

/// Hides passwords in an error, which repeats arguments: one may be a URL in the wrong place.
fn without_passwords(mut error: clap::Error) -> clap::Error {
    let hidden: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => {
                // The URL may follow the name of an option: `--to=postgresql://…`.
                let start = text.starts_with('-').then(|| text.find('=')).flatten();
                let (option, url) = text.split_at(start.map_or(0, |equals| equals + 1));
                let shown = format!("{option}{}", without_password(url));
                (shown != *text).then_some((kind, ContextValue::String(shown)))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in hidden {
        error.insert(kind, value);
    }
    error
}
