//! Finds the backups of a database by their names.

use std::path::{Path, PathBuf};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;

use super::file::{failed, folder_of};

const BACKUP: &str = ".backup";

/// Returns the default path of a backup: beside the database, with the moment in the name.
///
/// A moment looks like `20260131T235959Z`.
#[must_use]
pub fn backup_path(database: &Path, moment: &str) -> PathBuf {
    with_suffix(database, &format!(".{moment}{BACKUP}"))
}

/// Appends a suffix to the file name of a path.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the newest backup whose name has the form that [`backup_path`] gives.
///
/// # Errors
/// If no such backup of the same owner exists.
pub fn newest_backup(database: &Path) -> Result<PathBuf, Error> {
    let prefix = format!("{}.", database.file_name().unwrap_or_default().display());
    let is_backup = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let rest = name.and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(BACKUP));
        rest.is_some_and(is_moment)
    };
    let folder = folder_of(database);
    let entries = std::fs::read_dir(folder).map_err(|source| failed("reading", folder, source))?;
    let names = entries.flatten().map(|entry| database.with_file_name(entry.file_name()));
    let (own, others): (Vec<PathBuf>, Vec<PathBuf>) =
        names.filter(is_backup).partition(|path| is_of_same_owner(path, database));
    own.into_iter().max().ok_or_else(|| Error::Unreachable {
        name: database.display().to_string(),
        problem: match others.first() {
            None => "there is no backup beside it".to_owned(),
            Some(other) => format!(
                "there is no backup beside it that is a file of its owner's, as {} is not",
                other.display()
            ),
        },
        remedy: Remedy::NameBackup,
    })
}

/// Returns whether a backup is a regular file that belongs to the database's owner.
///
/// If the database is gone, its folder's owner counts. Anybody who may write to the folder could
/// put a file there.
fn is_of_same_owner(backup: &Path, database: &Path) -> bool {
    let Ok(found) = std::fs::symlink_metadata(backup) else { return false };
    #[cfg(unix)]
    let is_same = {
        use std::os::unix::fs::MetadataExt;
        let owner = std::fs::metadata(database).or_else(|_| std::fs::metadata(folder_of(database)));
        owner.is_ok_and(|owner| owner.uid() == found.uid())
    };
    #[cfg(not(unix))]
    let is_same = true;
    found.is_file() && is_same
}

fn is_moment(text: &str) -> bool {
    let is_at = |(place, byte): (usize, u8)| match place {
        8 => byte == b'T',
        15 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 16 && text.bytes().enumerate().all(is_at)
}

#[cfg(test)]
mod tests {
    use super::is_moment;

    #[test]
    fn moments_are_told_from_other_words() {
        assert!(is_moment("20260131T235959Z"));
        for other in ["", "20260131T235959", "20260131T235959ZZ", "2026-1-31T235959Z", "old"] {
            assert!(!is_moment(other), "{other}");
        }
    }
}
