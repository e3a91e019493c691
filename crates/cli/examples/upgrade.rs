//! Upgrades the database that the first argument names.
//!
//! `cargo run --example upgrade -- sqlite:///mlruns.db`

use mlflow_migrate::{Error, Migrator, Target, UpgradeOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("which database? give its URL")?;
    match upgrade(&url).await {
        Ok(()) => Ok(()),
        Err(error) => {
            let hint = mlflow_migrate::hint(&error).unwrap_or_default();
            Err(format!("{error}\nhint: {hint}").into())
        }
    }
}

async fn upgrade(url: &str) -> Result<(), Error> {
    let mut migrator = Migrator::connect(url).await?;
    let options = UpgradeOptions::to(Target::Head);
    let plan = migrator.plan(&options).await?;
    out(&format!("{}: {} steps", migrator.name(), plan.steps.len()));
    let report = migrator.upgrade(&options).await?;
    out(&format!(
        "at {}, for MLflow {}",
        report.to.unwrap_or_default(),
        report.releases.join(", ")
    ));
    Ok(())
}

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
fn out(line: &str) {
    println!("{line}");
}
