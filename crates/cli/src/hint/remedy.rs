//! Puts a remedy into words.

use std::path::PathBuf;

use mlflow_migrate_core::error::{Remedy, shell_word};

/// Returns what the program advises for a remedy.
pub(super) fn in_words(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Words(words) => words.clone(),
        Remedy::NewerServer { reachable: Some(reachable) } => format!(
            "upgrade the server, or upgrade as far as this server allows: `--to {reachable}`; the database is unchanged"
        ),
        Remedy::NewerServer { reachable: None } => {
            "upgrade the server first; the database is unchanged".to_owned()
        }
        Remedy::Resume { to: Some(to) } => {
            format!("finish it with `mlflow-migrate upgrade --to {to}`")
        }
        Remedy::Resume { to: None } => "`mlflow-migrate upgrade` finishes it".to_owned(),
        Remedy::ResumeDowngrade { to } => {
            format!("finish it with `mlflow-migrate downgrade --to {to}`")
        }
        Remedy::OtherVersion { version: Some(version) } => format!("use mlflow-migrate {version}"),
        Remedy::OtherVersion { version: None } => {
            "resume with the mlflow-migrate version that began it, or restore a backup".to_owned()
        }
        Remedy::MakeWritable => {
            "make the file and its folder writable; `--into FILE` leaves the source as it is"
                .to_owned()
        }
        Remedy::CreateFile => {
            "check the path; `mlflow-migrate upgrade --create` makes a new database there"
                .to_owned()
        }
        Remedy::NameBackup => "`--from FILE` names the backup".to_owned(),
        Remedy::CopyFiles { files } => copying(files),
        // `check` shows what a remedy of a later version of the library is about.
        _ => "the database is unchanged; `mlflow-migrate check` lists every difference".to_owned(),
    }
}

/// Advises to copy files, of which the first is the database.
fn copying(files: &[PathBuf]) -> String {
    let words: Vec<String> =
        files.iter().map(|file| shell_word(&file.display().to_string())).collect();
    let name = files.first().and_then(|file| file.file_name()).unwrap_or_default();
    format!(
        "the database is unchanged; copy the files to a folder that can be written, and use the copy: \
         `d=$(mktemp -d) && install -m 600 {} \"$d\" && mlflow-migrate doctor \"$d\"/{}`",
        words.join(" "),
        shell_word(&name.display().to_string()),
    )
}
