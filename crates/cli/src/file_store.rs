//! Reads a file store, the folder `mlruns`, as a database.

use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use mlflow_migrate_backend_sqlite::{OpenOptions, Sqlite};
use mlflow_migrate_core::backend::{Backend, SessionMode};
use mlflow_migrate_core::error::{CopyError, CopyFinding, Error};
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{Event, NoopObserver, Observer};
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::upgrade::options::UpgradeOptions;
use mlflow_migrate_file_store::{
    Entries, Entry, FileStore, FileStoreError, ReadOptions, ReadReport, Table, TableRows,
};
use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel};

/// How many batches of rows wait to be written.
const BATCHES: usize = 8;

/// The options of reading a file store.
#[derive(Clone, Debug)]
pub struct FileStoreOptions {
    /// The number of threads that read files.
    pub threads: usize,
    /// Whether to leave malformed entries out, instead of refusing the store.
    pub skip_invalid: bool,
    /// The token through which the user stops the reading.
    pub stop: CancellationToken,
}

/// A file store, read into a temporary SQLite database at MLflow's head revision.
///
/// The database goes with this value.
pub struct FileStoreDatabase {
    /// The database.
    pub backend: Box<dyn Backend>,
    /// The entries that were left out since they are malformed.
    pub skipped: Vec<CopyFinding>,
    _folder: TempDir,
}

impl std::fmt::Debug for FileStoreDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileStoreDatabase").finish_non_exhaustive()
    }
}

impl FileStoreDatabase {
    /// Reads a file store as `mlflow migrate-filestore` does. Notices report what is left out.
    ///
    /// # Errors
    /// [`CopyError::Uncopied`] names the malformed entries, unless the options leave them out.
    pub async fn read(
        folder: &Path,
        options: &FileStoreOptions,
        catalogue: &Catalogue,
        observer: &Arc<dyn Observer>,
    ) -> Result<Self, Error> {
        let store = FileStore::open(folder).map_err(|source| failed(folder, source))?;
        let message = format!("reading the file store {}", store.root().display());
        observer.notify(&Event::Notice { message });
        let temporary = tempfile::tempdir().map_err(|source| Error::Database {
            action: "creating a temporary folder".to_owned(),
            source: Box::new(source),
        })?;
        let mut backend = empty(&temporary, catalogue, &options.stop).await?;
        let report = fill(&mut *backend, store, options).await?;
        let message = format!("read {} rows of the file store", report.row_count());
        observer.notify(&Event::Notice { message });
        for (table, entries) in &report.skipped {
            let named: Vec<String> =
                entries.first.iter().map(|entry| shown(entry, folder)).collect();
            let more = if entries.count > named.len() as u64 { "; …" } else { "" };
            let message = format!(
                "left out of {}, as MLflow does ({}): {}{more}",
                table.name(),
                entries.count,
                named.join("; ")
            );
            observer.notify(&Event::Notice { message });
        }
        Ok(Self { backend, skipped: malformed(&report, folder), _folder: temporary })
    }
}

/// Creates a database at MLflow's head revision.
async fn empty(
    folder: &TempDir,
    catalogue: &Catalogue,
    stop: &CancellationToken,
) -> Result<Box<dyn Backend>, Error> {
    let mut open = OpenOptions::default();
    open.create = true;
    let mut backend = Sqlite::open(&folder.path().join("file_store.db"), &open).await?;
    let mut request = UpgradeOptions::to(Target::Head);
    request.stop = stop.clone();
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    mlflow_migrate_core::upgrade(&mut backend, catalogue, &request, &observer).await?;
    Ok(Box::new(backend))
}

/// Reads all files on threads of their own, and writes the rows in one transaction.
async fn fill(
    backend: &mut dyn Backend,
    store: FileStore,
    options: &FileStoreOptions,
) -> Result<ReadReport, Error> {
    let (to, rows) = channel(BATCHES);
    let (threads, skip_invalid) = (options.threads, options.skip_invalid);
    let now_ms = changed_ms(store.root());
    let reading = ReadOptions { threads, skip_invalid, now_ms, stop: options.stop.clone() };
    let root = store.root().to_owned();
    let reader = tokio::task::spawn_blocking(move || {
        store.read(&reading, &mut |rows| to.blocking_send(rows).map_err(|_| Error::Stopped))
    });
    backend.begin(SessionMode::Upgrade).await?;
    let written = write(backend, rows).await;
    let report = reader.await.map_err(|source| Error::Database {
        action: "reading the file store".to_owned(),
        source: Box::new(source),
    })?;
    // A reader whose rows nobody takes ends as if it were stopped.
    written?;
    let report = report.map_err(|source| failed(&root, source))?;
    backend.commit().await?;
    Ok(report)
}

async fn write(backend: &mut dyn Backend, mut rows: Receiver<TableRows>) -> Result<(), Error> {
    while let Some(TableRows { table, columns, rows }) = rows.recv().await {
        backend.insert(table.name(), columns, rows).await?;
    }
    Ok(())
}

fn failed(folder: &Path, error: FileStoreError) -> Error {
    let name = folder.display().to_string();
    match error {
        FileStoreError::Core(error) => error,
        FileStoreError::Malformed(report) => {
            CopyError::Uncopied { findings: malformed(&report, folder) }.into()
        }
        FileStoreError::NotAFileStore(_) => Error::Unreachable {
            name,
            problem: "this folder holds no MLflow file store".to_owned(),
            remedy: "give the folder mlruns, or the one that holds it".into(),
        },
        error => Error::Unreachable {
            name,
            problem: error.to_string(),
            remedy: "check the path and its permissions".into(),
        },
    }
}

fn malformed(report: &ReadReport, folder: &Path) -> Vec<CopyFinding> {
    report.malformed.iter().map(|(table, entries)| finding(*table, entries, folder)).collect()
}

/// Describes entries that belong to one table.
fn finding(table: Table, entries: &Entries, folder: &Path) -> CopyFinding {
    CopyFinding {
        table: table.name().to_owned(),
        place: "files or folders".to_owned(),
        problem: "cannot be read".to_owned(),
        count: entries.count,
        examples: entries.first.iter().map(|entry| shown(entry, folder)).collect(),
        query: None,
        is_skippable: true,
        is_consequence: false,
        remedy: None,
    }
}

fn shown(Entry { path, reason }: &Entry, folder: &Path) -> String {
    format!("{} {reason}", path.strip_prefix(folder).unwrap_or(path).display())
}

/// Returns when a folder was changed, in milliseconds since 1970.
///
/// MLflow takes the current time where a file has none. The same store has to give the same rows, so
/// that a copy can be compared with it.
fn changed_ms(folder: &Path) -> i64 {
    let changed = std::fs::metadata(folder).and_then(|found| found.modified()).ok();
    let since = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default()
}
