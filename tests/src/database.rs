//! Private databases for tests, the same to a test whatever server holds them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::data::DataOptions;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{Event, Observer};
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::location::Assumption;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{Error, UpgradeOptions, UpgradeReport};

use serde_json::{Value, json};

use crate::address::Address;
use crate::json_schema;
use crate::reference::Server;

/// A value of a row, by its storage class; floats by their bits, so that -0.0 is not 0.0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A float.
    Real(u64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Real(value.to_bits())
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// A database that exists for one test, and goes with it.
#[async_trait]
pub trait TestDatabase: fmt::Debug + Send + Sync {
    /// The server that holds it.
    fn server(&self) -> Server;

    /// Where it is, if it is on a server.
    fn address(&self) -> Option<&Address>;

    /// The file that holds it, if it is one.
    fn path(&self) -> Option<&std::path::Path> {
        None
    }

    /// A new connection of this tool.
    async fn connect(&self) -> Result<Box<dyn Backend>, Error>;

    /// Another database that holds the same, where one can be had for less than making it again.
    /// MySQL has no such thing: what `SHOW CREATE TABLE` gives does not tell an index that InnoDB
    /// made for a foreign key from one that somebody wanted.
    fn copy(&self) -> Option<Box<dyn TestDatabase>>;

    /// Runs SQL statements, separated by semicolons, outside of this tool.
    fn run(&self, sql: &str);

    /// Runs SQL statements as [`TestDatabase::run`] does, but lets references be broken.
    fn run_unchecked(&self, sql: &str);

    /// Runs one query outside of this tool.
    fn query(&self, sql: &str) -> Vec<Vec<Cell>>;

    /// Everything that the database holds, so that two calls tell whether anything has changed.
    fn contents(&self) -> Vec<u8>;
}

/// How long a connection of this tool waits for others.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// For somebody who holds a table.
    pub table: Duration,
    /// For another upgrader.
    pub upgrader: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { table: Duration::from_secs(10), upgrader: Duration::from_secs(60) }
    }
}

/// Collects what an upgrade tells.
#[derive(Debug, Default)]
pub struct Recorder(std::sync::Mutex<Vec<Event>>);

impl Recorder {
    /// The events so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().map(|events| events.clone()).unwrap_or_default()
    }
}

impl Observer for Recorder {
    fn notify(&self, event: &Event) {
        if let Ok(mut events) = self.0.lock() {
            events.push(event.clone());
        }
    }
}

/// An upgrade to write down in few words.
#[derive(Clone, Debug, Default)]
pub struct Upgrade {
    /// What is assumed of a database without a version.
    pub assume: Option<Assumption>,
    /// What the data migrations are told.
    pub data: DataOptions,
    /// Whether it goes on with drift.
    pub accept_drift: bool,
    /// Whether the revisions go one by one.
    pub step_by_step: bool,
    /// With what it can be asked to end.
    pub stop: CancellationToken,
}

impl Upgrade {
    /// Upgrades a database to a target, and tells what happened besides.
    pub async fn run(
        &self,
        catalogue: &Catalogue,
        database: &dyn TestDatabase,
        target: &str,
    ) -> (Result<UpgradeReport, Error>, Vec<Event>) {
        match database.connect().await {
            Ok(mut backend) => self.run_on(catalogue, &mut *backend, target).await,
            Err(error) => (Err(error), Vec::new()),
        }
    }

    /// Upgrades to a target over a connection that is there already.
    pub async fn run_on(
        &self,
        catalogue: &Catalogue,
        backend: &mut dyn Backend,
        target: &str,
    ) -> (Result<UpgradeReport, Error>, Vec<Event>) {
        let recorder = Arc::new(Recorder::default());
        let observer: Arc<dyn Observer> = Arc::clone(&recorder) as Arc<dyn Observer>;
        let mut request = UpgradeOptions::to(Target::parse(target));
        request.assume.clone_from(&self.assume);
        request.data = self.data;
        request.accept_drift = self.accept_drift;
        request.step_by_step = self.step_by_step;
        request.stop = self.stop.clone();
        let result = mlflow_migrate_core::upgrade(backend, catalogue, &request, &observer).await;
        let events = recorder.events();
        events.iter().for_each(|event| json_schema::assert_fits(event, &Value::Null));
        if let Ok(report) = &result {
            let others = json!({ "event": "finished", "database": "", "source": null });
            json_schema::assert_fits(report, &others);
        }
        (result, events)
    }
}

/// Upgrades a database to a target (`base`, a revision, `head`) with no options.
///
/// # Errors
/// Whatever stands in the way.
pub async fn upgrade(
    catalogue: &Catalogue,
    database: &dyn TestDatabase,
    target: &str,
) -> Result<UpgradeReport, Error> {
    Upgrade::default().run(catalogue, database, target).await.0
}
