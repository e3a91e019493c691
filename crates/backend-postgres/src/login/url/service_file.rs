//! libpq's service file, whose sections hold `parameter=value` lines.
//!
//! A section replaces what a URL leaves out, and takes precedence over the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where PostgreSQL's packages keep the service file of all users.
const SYSTEM_FOLDERS: [&str; 3] = ["/etc/postgresql-common", "/etc/sysconfig/pgsql", "/etc"];

/// The files that may define a service.
pub(crate) struct Files {
    /// The file that the user names, or the file in the home folder.
    pub(crate) own: Option<PathBuf>,
    /// Whether the user names the file, which then must exist.
    pub(crate) is_named: bool,
    /// The folder of the service file of all users, if the environment names one.
    pub(crate) system: Option<PathBuf>,
}

impl Files {
    /// Returns the parameters of a service.
    ///
    /// # Errors
    /// The problem, if no file holds the service, or a file cannot be read.
    pub(crate) fn service(&self, name: &str) -> Result<BTreeMap<String, String>, String> {
        let folders = match &self.system {
            Some(folder) => vec![folder.clone()],
            None => SYSTEM_FOLDERS.iter().map(PathBuf::from).collect(),
        };
        let own = self.own.iter().map(|path| (path.clone(), self.is_named));
        let system = folders.into_iter().map(|folder| (folder.join("pg_service.conf"), false));
        for (path, must_exist) in own.chain(system) {
            if !must_exist && !path.exists() {
                continue;
            }
            let shown = path.display();
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("the file of services {shown} cannot be read: {error}"))?;
            if let Some(found) = section(&text, name) {
                return found
                    .map_err(|line| format!("{shown}, line {line}, is no parameter=value"));
            }
        }
        Err(format!("no file defines the service {name}"))
    }
}

/// Returns the parameters of a section, or the number of the first invalid line.
fn section(text: &str, name: &str) -> Option<Result<BTreeMap<String, String>, usize>> {
    let header = format!("[{name}]");
    let mut lines = text.lines().map(str::trim).enumerate();
    lines.find(|(_, line)| *line == header)?;
    let mut found = BTreeMap::new();
    for (number, line) in lines.take_while(|(_, line)| !line.starts_with('[')) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('=') {
            // The first value of a parameter counts.
            Some((key, value)) => {
                found.entry(key.trim().to_owned()).or_insert_with(|| value.trim().to_owned());
            }
            None => return Some(Err(number + 1)),
        }
    }
    Some(Ok(found))
}
