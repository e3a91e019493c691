//! File systems that can be full. They are in memory, and only root can make them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::REQUIRED;

/// Makes an empty folder a file system of its own, of so many MiB.
///
/// # Errors
/// If whoever runs this may not.
pub fn mount(folder: &Path, size: u32) -> Result<(), String> {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", &format!("size={size}m"), "mlflow-migrate"]).arg(folder);
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "a test of a full disk takes root, who may mount one: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// A file system, which goes with this value.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// A new one of so many MiB.
    ///
    /// # Errors
    /// If whoever runs this may not make one.
    pub fn new(size: u32) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("mlflow-migrate-disk.").tempdir();
        let folder = folder.map_err(|error| error.to_string())?;
        mount(folder.path(), size)?;
        Ok(Self { folder: folder.keep() })
    }

    /// A new one; `None`, with a line that says so, where whoever runs this may not make one.
    ///
    /// # Panics
    /// If it cannot be made where the tests have to be complete.
    #[must_use]
    #[allow(clippy::print_stderr, clippy::panic, reason = "a test that is left out must be seen")]
    pub fn if_possible(size: u32) -> Option<Self> {
        match Self::new(size) {
            Ok(disk) => Some(disk),
            Err(problem) if std::env::var_os(REQUIRED).is_some() => panic!("{problem}"),
            Err(problem) => {
                eprintln!("not run: {problem}");
                None
            }
        }
    }

    /// Lets nobody write to it any more.
    ///
    /// # Errors
    /// If whoever runs this may not.
    pub fn make_read_only(&self) -> Result<(), String> {
        let mut command = Command::new("mount");
        let output = command.args(["-o", "remount,ro"]).arg(&self.folder).output();
        let output = output.map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// A file that only takes room, until this value is dropped.
#[derive(Debug)]
pub struct Ballast {
    path: PathBuf,
}

impl Ballast {
    /// Takes all the room of the file system that is mounted on a folder, but for so many bytes.
    ///
    /// # Panics
    /// If there is not even so much room.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test cannot go on then")]
    pub fn leaving(folder: &Path, bytes: u64) -> Self {
        let ballast = Self { path: folder.join("ballast") };
        let mut file = File::create(&ballast.path).expect("a file");
        // The last of these writes fails, since there is no room for all of it.
        let _ = std::io::copy(&mut std::io::repeat(0), &mut file);
        let taken = file.metadata().expect("its size").len();
        file.set_len(taken.checked_sub(bytes).expect("so much room")).expect("its new size");
        ballast
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
