//! Upgrades a database, shows each step, and stops at the next safe point after some seconds.
//!
//! `cargo run --example progress -- postgresql://mlflow@localhost/mlflow 60`

use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate::{
    CancellationToken, ConnectOptions, Event, Migrator, Observer, Target, UpgradeOptions,
};

/// Shows steps as they begin and end.
struct Steps;

impl Observer for Steps {
    fn notify(&self, event: &Event) {
        match event {
            Event::StepStarted { step, step_count, title, .. } => {
                out(&format!("{step}/{step_count} {title}"));
            }
            Event::Progress { amount, .. } => {
                if let Some(total) = amount.total {
                    out(&format!("  {} of {total}", amount.done));
                }
            }
            Event::Notice { message } => out(message),
            _ => {}
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("which database? give its URL")?;
    let seconds = arguments.next().map_or(Ok(3600), |text| text.parse())?;
    let cancellation = CancellationToken::default();
    let mut migrator = Migrator::connect_with(&url, ConnectOptions::default(), Arc::new(Steps))
        .await?
        .cancelled_by(cancellation.clone())
        .retry_for(Duration::from_secs(30));
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        cancellation.request();
    });
    let report = migrator.upgrade(&UpgradeOptions::to(Target::Head)).await?;
    out(&format!("done in {:.1} s", report.seconds));
    Ok(())
}

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
fn out(line: &str) {
    println!("{line}");
}
