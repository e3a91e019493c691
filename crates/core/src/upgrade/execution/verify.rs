//! Verifies what the steps have made, before the revision is stamped.

use std::time::Instant;

use super::Execution;
use crate::backend::Backend;
use crate::error::{Error, VerificationError};
use crate::event::Event;
use crate::schema::{Difference, Index, Schema, differences};
use crate::upgrade::verification;

impl Execution<'_> {
    /// Verifies that the schema is exactly the planned one, and that no row is lost.
    pub(super) async fn verify(&self, backend: &mut dyn Backend) -> Result<(), Error> {
        let started = Instant::now();
        let mut live = backend.inspect().await?;
        if backend.platform().is_mysql() {
            self.accept_shortened_indexes(&mut live);
        }
        let mut differences = differences(&self.plan.result, &live, backend.platform());
        differences.retain(|difference| !self.follows(&live, &difference.table));
        // A server drops a user's object together with the object that it depends on, and no
        // program can restore the user's object. On SQLite, this program recreates the tables, so
        // an object that is gone there is a defect.
        if !backend.platform().is_sqlite() {
            let is_gone = |difference: &mut Difference| {
                difference.is_of_expected() && !self.plan.is_of_mlflow(difference)
            };
            for difference in differences.extract_if(.., is_gone) {
                let message = format!("not as planned, and not MLflow's: {difference}");
                self.observer.notify(&Event::Notice { message });
            }
        }
        if !differences.is_empty() {
            return Err(Error::Verification(VerificationError::Unverified { differences }));
        }
        let mut violations = verification::violations(backend, self.plan, &self.copied).await?;
        if self.is_resumed {
            let (before, after) = (&self.journal.live, &self.plan.result);
            violations.extend(verification::orphans(backend, before, after).await?);
        }
        if !violations.is_empty() {
            return Err(Error::Verification(VerificationError::UnverifiedRows { violations }));
        }
        backend.check_foreign_keys(&self.plan.tables_with_new_foreign_keys()).await?;
        self.observer.notify(&Event::Verified { seconds: started.elapsed().as_secs_f64() });
        Ok(())
    }

    /// Returns whether the server changes a table along with another, and the plan does not.
    fn follows(&self, live: &Schema, table: &str) -> bool {
        live.table(table).is_some_and(|live| live.follows)
            && self.plan.changes().all(|change| change.after.name != table)
    }

    /// Accepts a user's own index that MariaDB shortened to a prefix when its column outgrew it.
    fn accept_shortened_indexes(&self, live: &mut Schema) {
        for (name, now) in &mut live.tables {
            let (Some(before), Some(planned)) =
                (self.journal.live.table(name), self.plan.result.table(name))
            else {
                continue;
            };
            for index in &mut now.indexes {
                let same = |known: &&Index| {
                    known.name == index.name && known.column_names().eq(index.column_names())
                };
                let was_there = before.indexes.iter().any(|known| same(&known));
                if let Some(planned) = planned.indexes.iter().find(same).filter(|_| was_there) {
                    index.columns.clone_from(&planned.columns);
                }
            }
        }
    }
}
