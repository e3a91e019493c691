//! Upgrades MLflow tracking databases: a fast, safe replacement for `mlflow db upgrade`.
//!
//! A [`Migrator`] stands for one database and offers every operation on it. The program
//! `mlflow-migrate` offers the same on the command line.
//!
//! ```
//! use mlflow_migrate::{Migrator, Target, UpgradeOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("mlruns.db");
//! # std::fs::copy("../../examples/mlruns-1.2.0.db", &path)?;
//! # let url = path.to_str().ok_or("a path that is text")?;
//! let mut migrator = Migrator::connect(url).await?;
//! let report = migrator.upgrade(&UpgradeOptions::to(Target::Head)).await?;
//! assert_eq!(report.from.as_deref(), Some("7ac759974ad8"));
//! assert_eq!(report.releases, ["3.18.x"]);
//! # Ok(())
//! # }
//! ```
//!
//! The library never prints or ends the process. It takes options of a connection from
//! [`ConnectOptions::environment`], not from the process. Two things come from the process: the
//! TLS library reads `SSL_CERT_FILE` and `SSL_CERT_DIR`, and a PostgreSQL URL without a user means
//! `PGUSER` or the system's user. Progress arrives as [`Event`]s at an [`Observer`]. Every error is an [`Error`] with
//! a [kind](Error::kind) and a cause; [`hint`] returns what the program advises.
//!
//! The cargo features `sqlite`, `postgres` and `mysql` choose the databases; `cli` builds the
//! program. To embed the library for SQLite files alone:
//!
//! ```sh
//! cargo add mlflow-migrate --no-default-features --features sqlite
//! ```

mod attempts;
mod connect;
#[cfg(feature = "sqlite")]
mod file_store;
mod hint;
mod migrator;
mod scripts;

/// The page about embedding the library, whose code has to compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct EmbeddingPage;

pub use attempts::Attempts;
pub use connect::{ConnectOptions, check_build, environment_variables, open};
#[cfg(feature = "sqlite")]
pub use file_store::{FileStoreDatabase, FileStoreOptions};
pub use hint::{hint, hint_on_unfinished};
pub use migrator::Migrator;
pub use scripts::ScriptTarget;

pub use mlflow_migrate_core::backend::Backend;
pub use mlflow_migrate_core::copy::{ArtifactRoot, CopyOptions, CopyReport};
pub use mlflow_migrate_core::error::{Error, ErrorKind, Remedy, Unfinished};
pub use mlflow_migrate_core::event::cancellation::CancellationToken;
pub use mlflow_migrate_core::event::{Event, NoopObserver, Observer};
pub use mlflow_migrate_core::graphs::GraphName;
pub use mlflow_migrate_core::history::catalogue::Catalogue;
pub use mlflow_migrate_core::history::location::{Assumption, Location};
pub use mlflow_migrate_core::history::target::Target;
pub use mlflow_migrate_core::report::check::{CheckReport, Position, Verdict};
pub use mlflow_migrate_core::report::diff::DiffReport;
pub use mlflow_migrate_core::report::doctor::DoctorReport;
pub use mlflow_migrate_core::report::estimate::Estimate;
pub use mlflow_migrate_core::report::preview::{Preview, PreviewStep};
pub use mlflow_migrate_core::report::status::Status;
pub use mlflow_migrate_core::report::verify::VerifyReport;
pub use mlflow_migrate_core::upgrade::abort::AbortReport;
pub use mlflow_migrate_core::upgrade::options::{Pace, UpgradeOptions};
pub use mlflow_migrate_core::upgrade::repair::{Repair, RepairOptions, RepairReport};
pub use mlflow_migrate_core::upgrade::report::{StepReport, UpgradeReport};
pub use mlflow_migrate_core::upgrade::stamp::StampReport;
pub use mlflow_migrate_core::url::DatabaseUrl;
