//! Notes what a step loses before the step, and refuses what the user has not accepted.

use super::Execution;
use crate::backend::Backend;
use crate::data::count;
use crate::error::{DowngradeError, Error};
use crate::plan::{Step, TableChange};
use crate::upgrade::journal::resumable;
use crate::upgrade::{discards, losses};

impl Execution<'_> {
    /// Refuses a step that would lose rows which others have written since the preflight.
    ///
    /// Where one transaction holds the downgrade, its locks have kept writers out.
    pub(super) async fn refuse_new_losses(
        &self,
        backend: &mut dyn Backend,
        step: &Step,
    ) -> Result<(), Error> {
        if !self.keeps_rows || backend.resumable().is_none() {
            return Ok(());
        }
        let losses = discards::losses_of_step(backend, self.plan, step).await?;
        match losses.is_empty() {
            true => Ok(()),
            false => Err(Error::Downgrade(DowngradeError::Losses { losses })),
        }
    }

    /// Notes the number of rows of a table that is dropped, before they are gone.
    pub(super) async fn note_dropped_rows(
        &self,
        backend: &mut dyn Backend,
        table: &str,
        number: usize,
    ) -> Result<(), Error> {
        if backend.resumable().is_none() {
            return Ok(());
        }
        let rows = count(backend, table).await?;
        self.note_losses(backend, number, rows).await
    }

    /// Notes values that a change drops for good, before they are gone.
    pub(super) async fn note_dropped_values(
        &self,
        backend: &mut dyn Backend,
        change: &TableChange,
        number: usize,
    ) -> Result<(), Error> {
        if backend.resumable().is_none() {
            return Ok(());
        }
        let dropped = losses::dropped(change, &self.journal.live);
        if dropped.is_empty() {
            return Ok(());
        }
        let has_values = losses::has_values(backend, &change.after.name, &dropped).await?;
        self.note_losses(backend, number, u64::from(has_values)).await
    }

    /// Raises the noted row count of a step; an earlier run may have noted more.
    pub(super) async fn note_losses(
        &self,
        backend: &mut dyn Backend,
        step: usize,
        rows: u64,
    ) -> Result<(), Error> {
        let resumable = resumable(backend)?;
        let known = resumable.losses().await?.get(&step).copied();
        if known.is_none_or(|known| known < rows) {
            resumable.note_losses(step, rows).await?;
        }
        Ok(())
    }
}
