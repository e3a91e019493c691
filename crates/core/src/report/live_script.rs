//! Writes the scripts of an upgrade of a live database, and changes nothing.

use crate::backend::Backend;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::report::session::{begin_reading, end_reading};
use crate::script::{Script, ScriptOptions, write};
use crate::upgrade::inspection::inspect_and_plan;
use crate::upgrade::options::UpgradeOptions;

/// Writes the scripts that lead a database to a target, as [`write()`] does.
///
/// # Errors
/// If the database is not MLflow's, or cannot be upgraded to the target by scripts.
pub async fn live_script(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    options: &ScriptOptions,
) -> Result<Script, Error> {
    begin_reading(backend, catalogue).await?;
    let result = in_session(backend, catalogue, request, options).await;
    end_reading(backend, result).await
}

async fn in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    options: &ScriptOptions,
) -> Result<Script, Error> {
    let (plan, live) = inspect_and_plan(backend, catalogue, request).await?;
    if let Some(refused) = plan.refuse_dependents(backend.platform()).into_iter().next() {
        return Err(refused);
    }
    let dialect = backend.script_dialect(&plan).await?;
    write(catalogue, &*dialect, &live, &plan.from, plan.to.as_deref(), options).await
}
