//! Creates files with the right permissions, and makes their names durable.

use std::fs::{self, File, Permissions};
use std::io;
use std::path::Path;

use mlflow_migrate_core::Error;
use tempfile::NamedTempFile;

/// Creates an empty private file beside another, under an unpredictable name.
///
/// Only the owner can read the file. No part of its path is a link.
pub(crate) fn create_private(destination: &Path) -> Result<NamedTempFile, Error> {
    let folder = folder_of(destination);
    let folder = folder.canonicalize().map_err(|source| failed("opening", folder, source))?;
    let mut prefix = destination.file_name().unwrap_or_default().to_owned();
    prefix.push(".partial-");
    tempfile::Builder::new()
        .prefix(&prefix)
        .tempfile_in(&folder)
        .map_err(|source| failed("creating a file in", &folder, source))
}

/// Returns the folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Refuses a name that leads to another file than the open one.
///
/// Then another user who may write to the folder has replaced the file.
pub(crate) fn refuse_exchanged(file: &File, name: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity = |found: fs::Metadata| (found.dev(), found.ino());
        let looking = |source| failed("looking at", name, source);
        let own = file.metadata().map(identity).map_err(looking)?;
        if fs::symlink_metadata(name).map(identity).map_err(looking)? != own {
            return Err(Error::Unreachable {
                name: name.display().to_string(),
                problem: "another user has replaced the copy with another file".to_owned(),
                remedy: "use a folder that nobody else may write to".into(),
            });
        }
    }
    Ok(())
}

/// A file's owner and permissions.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    permissions: Permissions,
    #[cfg(unix)]
    owner: (u32, u32),
}

impl Access {
    /// Reads the owner and permissions of a path's file, following links.
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

    /// Applies the owner and permissions to an open file, whose owner can always write it.
    ///
    /// The file is not reopened by its name, which may lead to another file by now. `name` is for
    /// the error's message.
    pub(crate) fn give_to(&self, file: &File, name: &Path) -> Result<(), Error> {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes"))]
        let mut permissions = self.permissions.clone();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let (user, group) = self.owner;
            // Only root can change a file's owner. Other users can only choose one of their own
            // groups.
            let is_of_group = std::os::unix::fs::fchown(file, Some(user), Some(group))
                .or_else(|_| std::os::unix::fs::fchown(file, None, Some(group)))
                .is_ok();
            // If the group stays another one, the file grants the group nothing.
            let shared = if is_of_group { 0o077 } else { 0o007 };
            permissions.set_mode(permissions.mode() & shared | 0o600);
        }
        file.set_permissions(permissions)
            .map_err(|source| failed("setting the mode of", name, source))
    }
}

/// Syncs a file's folder, so the file's name survives a crash of the machine.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = folder_of(path);
    // Systems other than Unix cannot open folders.
    let synced = if cfg!(unix) { File::open(folder).and_then(|it| it.sync_all()) } else { Ok(()) };
    synced.map_err(|source| failed("writing", folder, source))
}

/// Refuses a name that exists, even as a dangling link.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Error> {
    if fs::symlink_metadata(path).is_ok() { Err(exists(path)) } else { Ok(()) }
}

fn exists(path: &Path) -> Error {
    Error::Unreachable {
        name: path.display().to_string(),
        problem: "the file exists already".to_owned(),
        remedy: "give another name; nothing is ever overwritten".into(),
    }
}

/// Returns whether two paths lead to one file, also through a symbolic or a hard link.
pub(crate) fn is_same(one: &Path, other: &Path) -> Result<bool, Error> {
    let opening = |path: &Path| {
        let path = path.to_owned();
        move |source| failed("opening", &path, source)
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity =
            |path: &Path| fs::metadata(path).map(|it| (it.dev(), it.ino())).map_err(opening(path));
        if identity(one)? == identity(other)? {
            return Ok(true);
        }
    }
    let real = |path: &Path| path.canonicalize().map_err(opening(path));
    Ok(real(one)? == real(other)?)
}

/// Builds an error for a failure of the operating system.
pub(crate) fn failed(action: &str, path: &Path, source: io::Error) -> Error {
    Error::Database { action: format!("{action} {}", path.display()), source: Box::new(source) }
}
