//! New files: who may read them, and that they stay.

use std::fs::{self, File, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use mlflow_migrate_core::Error;

/// What else SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// Creates an empty file that nobody but its owner can read. A symbolic link of that name is not
/// followed.
pub(crate) fn create_private(path: &Path) -> Result<(), Error> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(source) => Err(failed("creating", path, source)),
    }
}

/// Who may read and write a file.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    permissions: Permissions,
    #[cfg(unix)]
    owner: (u32, u32),
}

impl Access {
    /// Of the file behind a path.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let metadata = fs::metadata(path).map_err(|source| failed("looking at", path, source))?;
        Ok(Self {
            permissions: metadata.permissions(),
            #[cfg(unix)]
            owner: {
                use std::os::unix::fs::MetadataExt;
                (metadata.uid(), metadata.gid())
            },
        })
    }

    /// Gives it to another file, whose owner can write it in any case.
    pub(crate) fn give_to(&self, path: &Path) -> Result<(), Error> {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes"))]
        let mut permissions = self.permissions.clone();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let (user, group) = self.owner;
            // Only root can give a file away, and others only to groups of theirs.
            let is_of_group = std::os::unix::fs::chown(path, Some(user), Some(group))
                .or_else(|_| std::os::unix::fs::chown(path, None, Some(group)))
                .is_ok();
            // What a group may do another one may not.
            let shared = if is_of_group { 0o077 } else { 0o007 };
            permissions.set_mode(permissions.mode() & shared | 0o600);
        }
        fs::set_permissions(path, permissions)
            .map_err(|source| failed("setting the mode of", path, source))
    }
}

/// Sees to it that the name of a file in its folder survives a crash of the machine.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Other systems do not open folders.
    let synced = if cfg!(unix) { File::open(folder).and_then(|it| it.sync_all()) } else { Ok(()) };
    synced.map_err(|source| failed("writing", folder, source))
}

/// Refuses a name that is taken, by a link to nothing too.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(path).is_ok() { Err(exists(path)) } else { Ok(()) }
}

fn exists(path: &Path) -> Error {
    Error::Unreachable {
        name: path.display().to_string(),
        problem: "the file exists already".to_owned(),
        hint: "give another name; nothing is ever overwritten".to_owned(),
    }
}

/// The files that SQLite may keep beside a database.
pub(crate) fn beside(path: &Path) -> impl Iterator<Item = PathBuf> {
    BESIDE.into_iter().map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// A journal or a log beside a database that has something to add to it, or to take back.
pub(crate) fn left_beside(path: &Path) -> Option<PathBuf> {
    let has_content = |path: &PathBuf| fs::metadata(path).is_ok_and(|it| it.len() > 0);
    beside(path).take(2).find(has_content)
}

/// An error of the operating system's.
pub(crate) fn failed(action: &str, path: &Path, source: io::Error) -> Error {
    Error::Database { action: format!("{action} {}", path.display()), source: Box::new(source) }
}
