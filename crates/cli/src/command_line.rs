//! The command line as a whole: the command, and the options of every command.

use clap::Parser;
use clap::error::{ContextKind, ContextValue};
use mlflow_migrate_core::url::without_password;

use crate::commands::Command;
use crate::exit;

/// Upgrades MLflow tracking databases of any age.
#[derive(Debug, Parser)]
#[command(
    name = "mlflow-migrate",
    version,
    after_help = exit::table(),
    max_term_width = 100
)]
pub(crate) struct CommandLine {
    /// Write JSON Lines to stdout: events as they happen, then the result, or the error
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Write the result only, without progress and notes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Log to stderr what happens, and with -vv each statement; RUST_LOG chooses in detail
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Hides passwords in an error, which repeats arguments: one may be a URL in the wrong place.
pub(crate) fn without_passwords(mut error: clap::Error) -> clap::Error {
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
