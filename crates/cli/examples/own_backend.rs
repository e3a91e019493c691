//! Opens an SQLite file with options of its own, and hands the backend to the migrator. Any type that
//! implements `Backend` can be handed over like that.
//!
//! `cargo run --example own_backend -- mlruns.db`

use std::path::PathBuf;
use std::time::Duration;

use mlflow_migrate::{Migrator, Verdict};
use mlflow_migrate_backend_sqlite::{OpenOptions, Sqlite};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path: PathBuf = std::env::args().nth(1).ok_or("which file?")?.into();
    let options = OpenOptions::waiting(Duration::from_secs(1));
    let backend = Sqlite::open(&path, &options).await?;
    let mut migrator = Migrator::with_backend(Box::new(backend))?;
    let found = migrator.check().await?;
    out(&format!("{}: at {}", migrator.name(), found.position.location.label()));
    match found.verdict {
        Verdict::AtHead | Verdict::AtTarget => out("nothing is due"),
        Verdict::Behind => out(&format!("{} revisions are due", found.position.due.len())),
        _ => found.drift.iter().for_each(|difference| out(&difference.to_string())),
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
fn out(line: &str) {
    println!("{line}");
}
