//! `mlflow-migrate`: upgrades MLflow tracking databases.
//!
//! The program handles options, environment variables and rendering. Core performs the upgrade.
#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(
        unused_variables,
        dead_code,
        reason = "a build that leaves a backend out has no use for what only that one needs"
    )
)]

mod advice;
mod arguments;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod authorities;
mod clock;
mod command_line;
mod commands;
mod copy_source;
mod creation;
mod database;
mod exit;
mod graphs;
mod installed_mlflow;
mod logging;
mod other_words;
mod outcome;
mod render;
mod signals;
mod report_file;
mod url;
mod version;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::history::catalogue::Catalogue;

use command_line::CommandLine;
use commands::Command;
use outcome::Outcome;
use render::Renderer;
use report_file::ReportFile;
use signals::Signals;

/// What every command needs.
pub(crate) struct Context {
    /// The tracking store's revisions and releases.
    pub(crate) catalogue: Catalogue,
    /// The auth app's revisions and releases.
    pub(crate) auth: Catalogue,
    /// Shows events and results to the user.
    pub(crate) renderer: Arc<dyn Renderer>,
    /// Stops an upgrade after a signal.
    pub(crate) stop: CancellationToken,
    /// Returns the description of the whole command line.
    pub(crate) command_line: fn() -> clap::Command,
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or_default();
        render::write_line(&format!("error: a bug in mlflow-migrate, at {place}: {message}"));
        render::write_line(&format!("hint: {}", exit::AFTER_A_BUG));
    }));
    std::panic::catch_unwind(told).unwrap_or_else(|payload| {
        let code = exit::code_of_error(ErrorKind::Internal);
        if command_line::asks_for_json() {
            render::bug(&*payload, code, exit::AFTER_A_BUG);
        }
        code.into()
    })
}

/// Runs the command of the arguments, and shows its result to the user.
fn told() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return refuse(error),
    };
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    if let Err(code) = authorities::rerun_without_system_authorities() {
        return code;
    }
    command_line.color.apply();
    logging::begin(command_line.verbose);
    let verbose = command_line.verbose > 0;
    let renderer = render::choose(command_line.json, command_line.quiet, verbose);
    let signals = Signals::default();
    // The file is opened beforehand: no upgrade begins whose report cannot be written.
    let report = match command_line.command.report().map(ReportFile::open).transpose() {
        Ok(report) => report,
        Err(error) => return unwritten(&error, command_line.json),
    };
    let result = run(&command_line.command, &renderer, &signals);
    let code = match &result {
        Ok(outcome) => exit::code_of_outcome(outcome),
        Err(error) => match error.kind() {
            ErrorKind::Stopped => signals.exit_code(),
            kind => exit::code_of_error(kind),
        },
    };
    let shown = match &result {
        Ok(outcome) => renderer.outcome(outcome),
        Err(error) => renderer.error(error, code),
    };
    let reported = report.map_or(Ok(()), |file| file.write(&render::report(&result, code)?));
    match shown.and(reported) {
        Ok(()) => code.into(),
        Err(error) => unwritten(&error, command_line.json),
    }
}

/// Shows that the arguments are not understood, or the help that they ask for.
fn refuse(error: clap::Error) -> ExitCode {
    let error = command_line::explained(error);
    let is_refused = error.use_stderr();
    render::usage(&error, is_refused && command_line::asks_for_json(), exit::USAGE);
    if is_refused { exit::USAGE.into() } else { ExitCode::SUCCESS }
}

fn unwritten(error: &std::io::Error, as_json: bool) -> ExitCode {
    render::unwritten(error, as_json, exit::OUTPUT);
    exit::OUTPUT.into()
}

fn run(
    command: &Command,
    renderer: &Arc<dyn Renderer>,
    signals: &Signals,
) -> Result<Outcome, Error> {
    let catalogue = mlflow_migrate_revisions::tracking()?;
    let auth = mlflow_migrate_revisions::auth()?;
    let stop = CancellationToken::default();
    let context = Context {
        catalogue,
        auth,
        renderer: Arc::clone(renderer),
        stop: stop.clone(),
        command_line: CommandLine::command,
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|source| {
            Error::Database { action: "starting".to_owned(), source: Box::new(source) }
        })?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = command.run(&context) => result,
            () = signals.end(&stop, renderer) => Err(Error::Stopped),
        }
    });
    // Work on other threads has no reader any more.
    runtime.shutdown_background();
    result
}
