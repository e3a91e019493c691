//! The file of `upgrade --report`.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// How a report begins.
const BEGINNING: &[u8] = b"{\"schema_version\":";

/// A file that gets a report when the command ends.
#[derive(Debug)]
pub(crate) struct ReportFile(File);

impl ReportFile {
    /// Opens a new file, an empty one, or that of an earlier report.
    ///
    /// # Errors
    /// If the file holds something else: a mistyped path must not destroy a database.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        let mut beginning = Vec::new();
        Read::by_ref(&mut file).take(BEGINNING.len() as u64).read_to_end(&mut beginning)?;
        if beginning.is_empty() || beginning == BEGINNING {
            Ok(Self(file))
        } else {
            Err(io::Error::other("the file exists, and holds no report"))
        }
    }

    /// Replaces the file's content by a report.
    pub(crate) fn write(mut self, report: &str) -> io::Result<()> {
        self.0.rewind()?;
        self.0.set_len(0)?;
        writeln!(self.0, "{report}")?;
        self.0.sync_all()
    }
}
