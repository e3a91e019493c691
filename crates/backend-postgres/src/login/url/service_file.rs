//! The file of services that libpq reads: sections of `parameter=value`, each of which stands in for
//! what a URL leaves out, before the environment does.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where packages of PostgreSQL keep the file of all users.
const SYSTEM_FOLDERS: [&str; 3] = ["/etc/postgresql-common", "/etc/sysconfig/pgsql", "/etc"];

/// Where services are looked for.
pub(crate) struct Files {
    /// The file that is named, or the user's own.
    pub(crate) own: Option<PathBuf>,
    /// Whether the own one is named, so that it has to be there.
    pub(crate) is_named: bool,
    /// The folder of the file of all users, if it is named.
    pub(crate) system: Option<PathBuf>,
}

impl Files {
    /// The parameters of a service.
    ///
    /// # Errors
    /// What is wrong, if no file holds the service, or one cannot be read.
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

/// The parameters of a section, or the number of the first line that is none.
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
            // The first one counts.
            Some((key, value)) => {
                found.entry(key.trim().to_owned()).or_insert_with(|| value.trim().to_owned());
            }
            None => return Some(Err(number + 1)),
        }
    }
    Some(Ok(found))
}
