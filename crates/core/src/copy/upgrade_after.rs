//! Upgrades the destination after the copy.

use std::time::Instant;

use super::Copying;
use crate::error::Error;
use crate::history::target::Target;
use crate::upgrade::journal::Journal;
use crate::upgrade::{begin, finish};
use crate::{UpgradeOptions, UpgradeReport};

impl Copying<'_> {
    /// Upgrades the destination, if the user has asked for it.
    pub(super) async fn upgrade(&mut self) -> Result<Option<UpgradeReport>, Error> {
        let Some(request) = self.request() else { return Ok(None) };
        let upgrade =
            begin(self.destination, self.catalogue, &request, self.observer, Instant::now());
        upgrade.await.map(Some)
    }

    /// Finishes the upgrade that an earlier run of the copy began.
    pub(super) async fn finish_upgrade(
        &mut self,
        journal: Journal,
    ) -> Result<UpgradeReport, Error> {
        let request = self.request().unwrap_or_else(|| {
            let to = journal.to.clone().map_or(Target::Base, Target::Named);
            UpgradeOptions::to(to)
        });
        finish(self.destination, self.catalogue, journal, &request, self.observer).await
    }

    fn request(&self) -> Option<UpgradeOptions> {
        let mut request = UpgradeOptions::to(self.options.target.clone()?);
        request.data = self.options.data;
        request.stop = self.options.stop.clone();
        // The rows were just read back.
        request.skip_check = true;
        request.follows_copy = true;
        Some(request)
    }
}
