//! Lists the rows that an interrupted upgrade has left out.

use crate::backend::Backend;
use crate::error::Error;
use crate::event::Omission;
use crate::plan::{Plan, Step};
use crate::upgrade::journal::Journal;

/// Returns the rows that the done steps of an interrupted upgrade have left out.
///
/// The journal has no list of them, so the migrations look for these rows again.
///
/// # Errors
/// If the rows cannot be read.
pub(super) async fn of_done_steps(
    backend: &mut dyn Backend,
    plan: &Plan,
    journal: &Journal,
) -> Result<Vec<Omission>, Error> {
    let mut found = Vec::new();
    if journal.data.skip_invalid {
        for step in plan.steps.iter().take(journal.done) {
            if let Step::Migrate { migration, .. } = step {
                found.extend(migration.left_out(backend, &journal.live).await?);
            }
        }
    }
    Ok(found)
}
