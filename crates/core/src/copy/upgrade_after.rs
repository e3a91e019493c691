//! Upgrades the destination after the copy, and reports a copy that an earlier run has made.

use std::time::Instant;

use super::Copying;
use super::report::{CopiedTable, CopyReport};
use super::source::Source;
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

    /// Returns the report of a copy whose rows an earlier run has copied.
    pub(super) fn report_of_copied(&self, found: &Source, tables: Vec<CopiedTable>) -> CopyReport {
        CopyReport {
            revision: found.location.revision.clone(),
            releases: Vec::new(),
            was_copied: true,
            rows: tables.iter().map(|table| table.rows).sum(),
            tables,
            left_out: found.left_out(),
            skipped: Vec::new(),
            rewritten: Vec::new(),
            renumbered: Vec::new(),
            upgrade: None,
            seconds: 0.0,
        }
    }
}
