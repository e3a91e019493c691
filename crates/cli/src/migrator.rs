//! One database, and every operation on it.

use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::cleanup::{CleanupReport, cleanup};
use mlflow_migrate_core::copy::{CopyOptions, CopyReport};
use mlflow_migrate_core::error::Error;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::location::Assumption;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::prepare::{PrepareReport, prepare, undo};
use mlflow_migrate_core::report::check::{self, CheckReport, Position};
use mlflow_migrate_core::report::doctor::{self, DoctorReport};
use mlflow_migrate_core::report::estimate::{self, Estimate, EstimateOptions};
use mlflow_migrate_core::report::preview::{self, Preview};
use mlflow_migrate_core::report::status::{self, Status};
use mlflow_migrate_core::report::verify::{self, VerifyReport};
use mlflow_migrate_core::upgrade::abort::{self, AbortReport};
use mlflow_migrate_core::upgrade::options::UpgradeOptions;
use mlflow_migrate_core::upgrade::repair::{self, RepairOptions, RepairReport};
use mlflow_migrate_core::upgrade::report::UpgradeReport;
use mlflow_migrate_core::upgrade::stamp::{self, StampReport};
use mlflow_migrate_core::url::DatabaseUrl;

use crate::attempts::Attempts;
use crate::connect::{ConnectOptions, open};

/// One MLflow tracking database, with methods that inspect and upgrade it.
///
/// A migrator made from a URL reconnects for a retry, if [`Migrator::retry_for`] allows one.
pub struct Migrator {
    backend: Box<dyn Backend>,
    catalogue: Catalogue,
    observer: Arc<dyn Observer>,
    /// Replaces the token of the options, if the caller has set one.
    cancellation: Option<CancellationToken>,
    assumption: Option<Assumption>,
    /// The database to reconnect to; `None` for a backend of the caller.
    source: Option<(DatabaseUrl, ConnectOptions)>,
    retry_for: Duration,
}

impl std::fmt::Debug for Migrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Migrator").field("database", &self.backend.name()).finish_non_exhaustive()
    }
}

impl Migrator {
    /// Connects to the database that a URL or the path of an SQLite file names.
    ///
    /// # Errors
    /// If the URL names no database of a kind that this build supports, or the database cannot be
    /// reached.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::connect_with(url, ConnectOptions::default(), Arc::new(NoopObserver)).await
    }

    /// Connects with options. The observer receives every event from the start.
    ///
    /// # Errors
    /// As [`Migrator::connect`].
    pub async fn connect_with(
        url: &str,
        options: ConnectOptions,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Error> {
        let url = DatabaseUrl::parse(url)?;
        let backend = open(&url, &options, &*observer).await?;
        let migrator = Self::with_backend(backend)?;
        Ok(Self { source: Some((url, options)), observer, ..migrator })
    }

    /// Uses a backend of the caller.
    ///
    /// # Errors
    /// If MLflow's revisions do not form a graph: a bug.
    pub fn with_backend(backend: Box<dyn Backend>) -> Result<Self, Error> {
        Ok(Self {
            backend,
            catalogue: mlflow_migrate_revisions::tracking()?,
            observer: Arc::new(NoopObserver),
            cancellation: None,
            assumption: None,
            source: None,
            retry_for: Duration::ZERO,
        })
    }

    /// Works on the tables of another of MLflow's graphs than the tracking store's.
    ///
    /// # Errors
    /// If MLflow's revisions do not form a graph: a bug.
    pub fn on_graph(mut self, graph: GraphName) -> Result<Self, Error> {
        self.catalogue = match graph {
            GraphName::Tracking => mlflow_migrate_revisions::tracking()?,
            GraphName::Auth => mlflow_migrate_revisions::auth()?,
        };
        Ok(self)
    }

    /// Sets the observer that receives an event for each step.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Sets the token that can ask a running upgrade to stop at the next safe point.
    #[must_use]
    pub fn cancelled_by(mut self, cancellation: CancellationToken) -> Self {
        self.cancellation = Some(cancellation);
        self
    }

    /// Sets how long an upgrade waits, in total, to retry after a lost connection.
    #[must_use]
    pub fn retry_for(mut self, limit: Duration) -> Self {
        self.retry_for = limit;
        self
    }

    /// Sets the revision of a database that does not name its own.
    #[must_use]
    pub fn assuming(mut self, assumption: Assumption) -> Self {
        self.assumption = Some(assumption);
        self
    }

    /// Returns MLflow's revisions and releases.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Returns the database's name for messages, without a password.
    #[must_use]
    pub fn name(&self) -> String {
        self.backend.name()
    }

    /// Finds the database's revision.
    ///
    /// Changes nothing, as all methods except [`Migrator::upgrade`], [`Migrator::repair`],
    /// [`Migrator::stamp`], [`Migrator::abort`], [`Migrator::prepare`] and its undoing,
    /// [`Migrator::cleanup`], and [`Migrator::copy_to`] for its destination.
    ///
    /// # Errors
    /// If the database is not MLflow's, or its revision cannot be determined.
    pub async fn current(&mut self) -> Result<Position, Error> {
        check::position(&mut *self.backend, &self.catalogue, self.assumption.as_ref()).await
    }

    /// Compares the schema with the schema of its revision, object by object.
    ///
    /// # Errors
    /// As [`Migrator::current`].
    pub async fn check(&mut self) -> Result<CheckReport, Error> {
        check::check(&mut *self.backend, &self.catalogue, self.assumption.as_ref()).await
    }

    /// Plans an upgrade, and describes each of its steps.
    ///
    /// # Errors
    /// If the database is not MLflow's, or cannot be upgraded to the target.
    pub async fn plan(&mut self, options: &UpgradeOptions) -> Result<Preview, Error> {
        let options = self.complete(options);
        preview::preview(&mut *self.backend, &self.catalogue, &options).await
    }

    /// Finds everything that would stop an upgrade.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn doctor(&mut self, options: &UpgradeOptions) -> Result<DoctorReport, Error> {
        let options = self.complete(options);
        doctor::diagnose(&mut *self.backend, &self.catalogue, &options).await
    }

    /// Counts what determines how long an upgrade takes.
    ///
    /// # Errors
    /// As [`Migrator::plan`].
    pub async fn estimate(&mut self, options: &UpgradeOptions) -> Result<Estimate, Error> {
        let (options, estimates) = (self.complete(options), EstimateOptions::default());
        estimate::estimate(&mut *self.backend, &self.catalogue, &options, estimates).await
    }

    /// Returns whether an upgrade is unfinished, and what comes next.
    ///
    /// # Errors
    /// As [`Migrator::current`].
    pub async fn status(&mut self) -> Result<Status, Error> {
        status::status(&mut *self.backend, &self.catalogue, self.assumption.as_ref()).await
    }

    /// Verifies the schema, references and latest metrics.
    ///
    /// With `deep`, also verifies that each latest metric is the newest entry, for which every
    /// metric is read.
    ///
    /// # Errors
    /// As [`Migrator::current`].
    pub async fn verify(&mut self, deep: bool) -> Result<VerifyReport, Error> {
        let assumption = self.assumption.as_ref();
        verify::verify(&mut *self.backend, &self.catalogue, assumption, deep).await
    }

    /// Upgrades the database, or resumes an interrupted upgrade.
    ///
    /// Without an error, the whole upgrade is done and verified. After an error, the database is as
    /// before, or on MySQL the upgrade can be resumed.
    ///
    /// # Errors
    /// The first obstacle; [`Error::kind`] returns its kind.
    pub async fn upgrade(&mut self, options: &UpgradeOptions) -> Result<UpgradeReport, Error> {
        let options = self.complete(options);
        let observer = Arc::clone(&self.observer);
        let mut attempts = Attempts::within(self.retry_for, &options, &*observer);
        loop {
            let done = mlflow_migrate_core::upgrade(
                &mut *self.backend,
                &self.catalogue,
                &options,
                &observer,
            );
            let mut failed = match done.await {
                Ok(report) => return Ok(report),
                Err(error) => error,
            };
            // A backend of the caller's own cannot be connected again.
            let Some((url, connecting)) = &self.source else { return Err(failed) };
            self.backend = loop {
                attempts.wait_after(failed, None).await?;
                match open(url, connecting, &*observer).await {
                    Ok(backend) => break backend,
                    Err(error) => failed = error,
                }
            };
        }
    }

    /// Makes a part of an upgrade beforehand, while MLflow runs.
    ///
    /// # Errors
    /// If the database is an SQLite file, cannot be upgraded to the target, or another upgrade is at
    /// work.
    pub async fn prepare(&mut self, options: &UpgradeOptions) -> Result<PrepareReport, Error> {
        let options = self.complete(options);
        prepare(&mut *self.backend, &self.catalogue, &options, &self.observer).await
    }

    /// Drops what [`Migrator::prepare`] has made.
    ///
    /// # Errors
    /// As [`Migrator::prepare`].
    pub async fn undo_preparation(
        &mut self,
        options: &UpgradeOptions,
    ) -> Result<PrepareReport, Error> {
        let options = self.complete(options);
        undo(&mut *self.backend, &self.catalogue, &options, &self.observer).await
    }

    /// Removes rows that an upgrade has left, while MLflow runs.
    ///
    /// # Errors
    /// If the database is an SQLite file, or another upgrade is at work or unfinished.
    pub async fn cleanup(&mut self, options: &UpgradeOptions) -> Result<CleanupReport, Error> {
        let options = self.complete(options);
        cleanup(&mut *self.backend, &self.catalogue, &options, &self.observer).await
    }

    /// Copies the database into an empty one, which then has the same rows at the same revision.
    ///
    /// This database is read in one snapshot, and never written.
    ///
    /// # Errors
    /// The first obstacle. [`Error::Copy`] names rows that the destination cannot hold.
    pub async fn copy_to(
        &mut self,
        destination: &mut Self,
        options: &CopyOptions,
    ) -> Result<CopyReport, Error> {
        let mut options = options.clone();
        if options.assume.is_none() {
            options.assume.clone_from(&self.assumption);
        }
        if let Some(token) = &self.cancellation {
            options.stop = token.clone();
        }
        let (from, into) = (&mut *self.backend, &mut *destination.backend);
        mlflow_migrate_core::copy::copy(from, into, &self.catalogue, &options, &self.observer).await
    }

    /// Rolls an unfinished upgrade back to its beginning, as long as no data is lost.
    ///
    /// # Errors
    /// If no upgrade is in progress, or a step without an inverse has begun.
    pub async fn abort(&mut self) -> Result<AbortReport, Error> {
        let cancellation = self.cancellation.clone().unwrap_or_default();
        abort::abort(&mut *self.backend, &self.catalogue, &self.observer, &cancellation).await
    }

    /// Puts back what the database's revision has and the database lacks.
    ///
    /// # Errors
    /// If an upgrade is unfinished, or rows would violate a constraint that is put back.
    pub async fn repair(&mut self, options: &RepairOptions) -> Result<RepairReport, Error> {
        let mut options = options.clone();
        if options.assume.is_none() {
            options.assume.clone_from(&self.assumption);
        }
        if let Some(token) = &self.cancellation {
            options.stop = token.clone();
        }
        repair::repair(&mut *self.backend, &self.catalogue, &options, &self.observer).await
    }

    /// Writes a version, if the schema is that of the version, or if `force` is set.
    ///
    /// # Errors
    /// If the target does not exist, or an upgrade is unfinished.
    pub async fn stamp(&mut self, target: &Target, force: bool) -> Result<StampReport, Error> {
        stamp::stamp(&mut *self.backend, &self.catalogue, target, force).await
    }

    /// Completes options with the migrator's own assumption and token.
    fn complete(&self, options: &UpgradeOptions) -> UpgradeOptions {
        let mut options = options.clone();
        if options.assume.is_none() {
            options.assume.clone_from(&self.assumption);
        }
        if let Some(token) = &self.cancellation {
            options.stop = token.clone();
        }
        options
    }
}
