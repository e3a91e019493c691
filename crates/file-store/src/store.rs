//! Opens a file store, and reads all of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlflow_migrate_core::event::cancellation::CancellationToken;

use crate::collector::Collector;
use crate::entities::experiment::{self, Experiment};
use crate::entities::{logged_model, read_datasets, registered_model, run, trace};
use crate::error::FileStoreError;
use crate::files::{self, Listing};
use crate::output::Output;
use crate::pipeline::{self, Planner};
use crate::reason::Reason;
use crate::report::ReadReport;
use crate::tables::{Table, TableRows};

/// The entries that a thread reads at a time.
const ENTRIES: usize = 32;

/// The options of reading a file store.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The number of threads that read files.
    pub threads: usize,
    /// Whether to leave malformed entries out.
    pub skip_invalid: bool,
    /// The time in milliseconds since 1970, for experiments, runs and models that have none.
    pub now_ms: i64,
    /// Stops the reading.
    pub stop: CancellationToken,
}

/// A file store: a folder with a folder for each experiment.
#[derive(Clone, Debug)]
pub struct FileStore {
    root: PathBuf,
}

impl FileStore {
    /// Opens a folder, which is a file store or holds one as `mlruns`.
    ///
    /// # Errors
    /// [`FileStoreError::NotAFileStore`] if neither has a folder of an experiment or of models.
    pub fn open(folder: &Path) -> Result<Self, FileStoreError> {
        let inner = folder.join("mlruns");
        if inner.is_dir() {
            return Ok(Self { root: inner });
        }
        let unreadable = |source| FileStoreError::Unreadable { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_digits = !name.is_empty() && name.chars().all(char::is_numeric);
            if (is_digits || name == ".trash" || name == "models") && entry.path().is_dir() {
                return Ok(Self { root: folder.to_owned() });
            }
        }
        Err(FileStoreError::NotAFileStore(folder.to_owned()))
    }

    /// Returns the folder that holds the experiments.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads all rows, and hands them over in batches.
    ///
    /// A row comes after those that it references. The sink is called from this thread alone.
    ///
    /// # Errors
    /// [`FileStoreError::Malformed`] if entries are malformed, unless the options leave them out.
    /// By then the sink has received an incomplete store. Errors of the sink end the reading.
    pub fn read(
        &self,
        options: &ReadOptions,
        sink: &mut dyn FnMut(TableRows) -> Result<(), mlflow_migrate_core::Error>,
    ) -> Result<ReadReport, FileStoreError> {
        let mut collector = Collector::new(options.skip_invalid, sink);
        let plan = |planner: &mut Planner| plan(&self.root, options.now_ms, planner);
        pipeline::run(options.threads, plan, |items| {
            options.stop.check()?;
            collector.add(items)
        })?;
        let report = collector.finish()?;
        if report.malformed.is_empty() || options.skip_invalid {
            return Ok(report);
        }
        Err(FileStoreError::Malformed(Box::new(report)))
    }
}

/// Makes the tasks: all runs first, since metrics of logged models refer to runs.
fn plan(root: &Path, now_ms: i64, planner: &mut Planner) {
    let all = planner.here(|output| experiment::read_all(root, now_ms, output));
    for experiment in &all {
        plan_runs(experiment, now_ms, planner);
    }
    for experiment in all.iter().filter(|experiment| experiment.is_kept) {
        plan_entries(experiment, "traces", Table::TraceInfo, trace::read, planner);
        plan_entries(experiment, "models", Table::LoggedModels, logged_model::read, planner);
    }
    let models = root.join("models");
    let names = planner.here(|output| list(Table::RegisteredModels, &models, output));
    let models: Arc<Path> = models.into();
    for names in names.chunks(ENTRIES).map(<[String]>::to_vec) {
        let models = Arc::clone(&models);
        planner.task(move |output| {
            for name in names {
                registered_model::read(&models, &name, now_ms, output);
            }
        });
    }
}

fn plan_runs(experiment: &Experiment, now_ms: i64, planner: &mut Planner) {
    if planner.is_closed() {
        return;
    }
    let names = planner.here(|output| {
        let mut names = list(Table::Runs, &experiment.folder, output);
        names.retain(|name| !run::RESERVED.contains(&name.as_str()));
        if !experiment.is_kept {
            report_orphans(experiment, &names, output);
        }
        names
    });
    if !experiment.is_kept {
        return;
    }
    let datasets = Arc::new(planner.here(|output| read_datasets(experiment, output)));
    for names in names.chunks(ENTRIES).map(<[String]>::to_vec) {
        let (experiment, datasets) = (experiment.clone(), Arc::clone(&datasets));
        planner.task(move |output| {
            for name in names {
                if output.is_closed() {
                    return;
                }
                run::read(&experiment, &datasets, &name, now_ms, output);
            }
        });
    }
}

/// Reports what would refer to an experiment that is left out.
fn report_orphans(experiment: &Experiment, runs: &[String], output: &mut Output) {
    let runs = runs.iter().map(|name| experiment.folder.join(name));
    for path in runs.filter(|path| path.join("meta.yaml").is_file()) {
        output.malformed(Table::Runs, &path, Reason::NoExperiment);
    }
    for (folder, table) in [
        ("datasets", Table::Datasets),
        ("traces", Table::TraceInfo),
        ("models", Table::LoggedModels),
    ] {
        let folder = experiment.folder.join(folder);
        for name in list(table, &folder, output) {
            output.malformed(table, &folder.join(name), Reason::NoExperiment);
        }
    }
}

/// Makes the tasks for the traces or models of an experiment.
fn plan_entries(
    experiment: &Experiment,
    folder: &str,
    table: Table,
    read: fn(&Experiment, &Path, &str, &mut Output),
    planner: &mut Planner,
) {
    if planner.is_closed() {
        return;
    }
    let folder = experiment.folder.join(folder);
    let names = planner.here(|output| list(table, &folder, output));
    let folder: Arc<Path> = folder.into();
    for names in names.chunks(ENTRIES).map(<[String]>::to_vec) {
        let (experiment, folder) = (experiment.clone(), Arc::clone(&folder));
        planner.task(move |output| {
            for name in names {
                if output.is_closed() {
                    return;
                }
                read(&experiment, &folder, &name, output);
            }
        });
    }
}

/// Returns the names of the folders in a folder, and reports those that are no text.
fn list(table: Table, folder: &Path, output: &mut Output) -> Vec<String> {
    match files::folders(folder) {
        Ok(Listing { names, unnamed }) => {
            for path in unnamed {
                output.malformed(table, &path, Reason::NameNotUtf8);
            }
            names
        }
        Err(reason) => {
            output.malformed(table, folder, reason);
            Vec::new()
        }
    }
}
