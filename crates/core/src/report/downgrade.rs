//! Shows what a downgrade would do, lose, and be stopped by, and changes nothing.

use crate::backend::Backend;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::report::preview::{Preview, preview_in_session};
use crate::report::session::{begin_reading, end_reading};
use crate::upgrade::inspection::inspect_and_plan;
use crate::upgrade::options::UpgradeOptions;
use crate::upgrade::preflight::obstacles;

/// What a downgrade would do, and what prevents it.
#[derive(Debug)]
#[non_exhaustive]
pub struct DowngradePreview {
    /// The steps, and what they lose.
    pub preview: Preview,
    /// The obstacles to the downgrade.
    pub problems: Vec<Error>,
}

/// Plans a downgrade, and describes each step.
///
/// # Errors
/// If the database is not MLflow's, or a revision on the way back cannot be undone.
pub async fn preview_downgrade(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &UpgradeOptions,
) -> Result<DowngradePreview, Error> {
    begin_reading(backend, catalogue).await?;
    let result = in_session(backend, catalogue, options).await;
    end_reading(backend, result).await
}

async fn in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &UpgradeOptions,
) -> Result<DowngradePreview, Error> {
    let preview = preview_in_session(backend, catalogue, options).await?;
    let (plan, live) = inspect_and_plan(backend, catalogue, options).await?;
    let problems = match plan.is_empty() {
        true => Vec::new(),
        false => obstacles(backend, catalogue, &plan, &live, options).await?,
    };
    Ok(DowngradePreview { preview, problems })
}
