//! Lists folders and reads files as Python's `pathlib` does.

use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::reason::Reason;

/// The largest file that becomes a value: 16 MiB, the most that MySQL's `MEDIUMTEXT` holds.
const LARGEST_VALUE: u64 = 16 << 20;

/// Returns the text of a file, with `\n` for each kind of line break.
///
/// Python's `read_text` does the same where its encoding is UTF-8.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, Reason> {
    let unreadable = |error: io::Error| Reason::Unreadable(error.to_string());
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Reason::Unreadable("it is no file".to_owned()));
    }
    if metadata.len() > limit {
        return Err(Reason::TooLarge(limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    // The file may have grown since.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(Reason::TooLarge(limit));
    }
    let text = String::from_utf8(bytes).map_err(|_| Reason::NotUtf8)?;
    if text.contains('\r') {
        return Ok(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    Ok(text)
}

/// The entries of a folder, sorted by name.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) names: Vec<String>,
    /// The entries whose names are no text.
    pub(crate) unnamed: Vec<PathBuf>,
}

/// Returns the names of the folders in a folder, links to folders among them.
///
/// Nothing if the folder does not exist, as in MLflow.
pub(crate) fn folders(path: &Path) -> Result<Listing, Reason> {
    list(path, |entry| is(entry, fs::FileType::is_dir, fs::Metadata::is_dir))
}

/// Returns the names of the files in a folder, links to files among them.
pub(crate) fn files(path: &Path) -> Result<Listing, Reason> {
    list(path, |entry| is(entry, fs::FileType::is_file, fs::Metadata::is_file))
}

fn list(path: &Path, wanted: impl Fn(&DirEntry) -> bool) -> Result<Listing, Reason> {
    let mut listing = Listing::default();
    for entry in entries(path)? {
        if wanted(&entry) {
            match entry.file_name().into_string() {
                Ok(name) => listing.names.push(name),
                Err(_) => listing.unnamed.push(entry.path()),
            }
        }
    }
    listing.names.sort_unstable();
    listing.unnamed.sort_unstable();
    Ok(listing)
}

/// Returns the entries of a folder; none if it does not exist, or is no folder.
fn entries(path: &Path) -> Result<Vec<DirEntry>, Reason> {
    let absent = |kind| matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    match fs::read_dir(path).and_then(Iterator::collect) {
        Ok(entries) => Ok(entries),
        Err(error) if absent(error.kind()) => Ok(Vec::new()),
        Err(error) => Err(Reason::Unreadable(error.to_string())),
    }
}

fn is(
    entry: &DirEntry,
    by_type: impl Fn(&fs::FileType) -> bool,
    by_metadata: impl Fn(&fs::Metadata) -> bool,
) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => fs::metadata(entry.path()).is_ok_and(|m| by_metadata(&m)),
        Ok(kind) => by_type(&kind),
        Err(_) => false,
    }
}

/// A file below a folder, whose path is the key of a parameter, tag or metric.
pub(crate) struct KeyedFile {
    pub(crate) path: PathBuf,
    /// The path relative to the folder, with slashes; `None` if it is no text.
    pub(crate) key: Option<String>,
}

/// Returns all files below a folder, sorted by key within each folder.
///
/// Follows links to files, and no links to folders, as `rglob` of Python 3.11 does. So no circle of
/// links is endless. Folders that cannot be read are returned as reasons.
pub(crate) fn keyed_files(folder: &Path) -> (Vec<KeyedFile>, Vec<(PathBuf, Reason)>) {
    let mut found = Vec::new();
    let mut unreadable = Vec::new();
    let mut pending = vec![(folder.to_owned(), Some(String::new()))];
    while let Some((folder, prefix)) = pending.pop() {
        let mut entries = match entries(&folder) {
            Ok(entries) => entries,
            Err(reason) => {
                unreadable.push((folder, reason));
                continue;
            }
        };
        entries.sort_unstable_by_key(DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().into_string().ok();
            let key = prefix.as_ref().zip(name).map(|(prefix, name)| format!("{prefix}{name}"));
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                pending.push((entry.path(), key.map(|key| key + "/")));
            } else if is(&entry, fs::FileType::is_file, fs::Metadata::is_file) {
                found.push(KeyedFile { path: entry.path(), key });
            }
        }
    }
    (found, unreadable)
}

/// Returns the text of a file that is a value.
pub(crate) fn read_value(path: &Path) -> Result<String, Reason> {
    read_text(path, LARGEST_VALUE)
}
