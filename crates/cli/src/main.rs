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
mod database;
mod exit;
mod logging;
mod outcome;
mod render;
mod signals;
mod url;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::history::catalogue::Catalogue;

use command_line::CommandLine;
use commands::Command;
use outcome::Outcome;
use render::Renderer;
use signals::Signals;

/// What every command needs.
pub(crate) struct Context {
    /// MLflow's revisions and releases.
    pub(crate) catalogue: Catalogue,
    /// Shows events and results to the user.
    pub(crate) renderer: Arc<dyn Renderer>,
    /// Stops an upgrade after a signal.
    pub(crate) stop: CancellationToken,
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or_default();
        render::write_line(&format!("error: a bug in mlflow-migrate, at {place}: {message}"));
        render::write_line(exit::AFTER_A_BUG);
    }));
    std::panic::catch_unwind(told)
        .unwrap_or_else(|_| exit::code_of_error(ErrorKind::Internal).into())
}

/// Runs the command of the arguments, and shows its result to the user.
fn told() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => {
            let error = command_line::without_passwords(error);
            // A closed terminal leaves no reader for the error.
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    if let Err(code) = authorities::rerun_without_system_authorities() {
        return code;
    }
    logging::begin(command_line.verbose);
    let verbose = command_line.verbose > 0;
    let renderer = render::choose(command_line.json, command_line.quiet, verbose);
    let signals = Signals::default();
    let told = match run(&command_line.command, &renderer, &signals) {
        Ok(outcome) => renderer.outcome(&outcome).map(|()| exit::code_of_outcome(&outcome)),
        Err(error) => {
            let code = match error.kind() {
                ErrorKind::Stopped => signals.exit_code(),
                kind => exit::code_of_error(kind),
            };
            renderer.error(&error, code).map(|()| code)
        }
    };
    match told {
        Ok(code) => code.into(),
        Err(error) => {
            render::write_line(&format!("error: the result could not be written: {error}"));
            exit::OUTPUT.into()
        }
    }
}

fn run(
    command: &Command,
    renderer: &Arc<dyn Renderer>,
    signals: &Signals,
) -> Result<Outcome, Error> {
    let catalogue = mlflow_migrate_revisions::tracking()?;
    let stop = CancellationToken::default();
    let context = Context { catalogue, renderer: Arc::clone(renderer), stop: stop.clone() };
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
