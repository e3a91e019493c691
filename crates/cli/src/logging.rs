//! Logs to stderr what core and the backends report.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

use crate::render::write_line;

/// The variable that chooses what is logged, as `target=level,target=level`.
const VARIABLE: &str = "RUST_LOG";

/// What `-v` chooses: this program's own crates.
const OWN: [&str; 5] = [
    "mlflow_migrate",
    "mlflow_migrate_core",
    "mlflow_migrate_backend_mysql",
    "mlflow_migrate_backend_postgres",
    "mlflow_migrate_backend_sqlite",
];

/// Begins to log, if the variable or the number of `-v` asks for that.
pub(crate) fn begin(verbose: u8) {
    let chosen = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    let targets = match (chosen.map(|text| text.parse::<Targets>()), verbose) {
        (Some(Ok(targets)), _) => targets,
        (Some(Err(error)), _) => {
            write_line(&format!("warning: {VARIABLE} is not understood: {error}"));
            return;
        }
        (None, 0) => return,
        (None, 1) => own(LevelFilter::INFO),
        (None, _) => own(LevelFilter::DEBUG),
    };
    let layer = fmt::layer().with_writer(io::stderr).with_ansi(false);
    // Nobody else has begun: this is the first thing that the program does.
    let _ = registry().with(layer).with(targets).try_init();
}

fn own(level: LevelFilter) -> Targets {
    Targets::new().with_targets(OWN.map(|target| (target, level)))
}
