//! Words that other tools have for what this program does otherwise: each gets an answer.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Commands and options of other tools, with what to use in their place.
const ANSWERS: [(&str, &str); 6] = [
    ("--dry-run", DRY_RUN),
    ("--sql", "there is no `--sql` here: `mlflow-migrate plan --sql` shows the statements"),
    ("heads", "`mlflow-migrate history` lists every revision, the newest first"),
    ("version", "`mlflow-migrate --version` shows the version"),
    ("migrate", "`mlflow-migrate upgrade` upgrades a database"),
    ("info", "`mlflow-migrate current` shows the revision, and `check` compares the schema"),
];

const DRY_RUN: &str = "there is no `--dry-run` here: `mlflow-migrate plan` shows what `upgrade` would do, and \
                       `doctor` what would stop it";

/// Returns what to use in place of the word that the arguments contain, if other tools have it.
pub(crate) fn answer(error: &clap::Error) -> Option<&'static str> {
    let kind = match error.kind() {
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        _ => return None,
    };
    let Some(ContextValue::String(word)) = error.get(kind) else { return None };
    ANSWERS.iter().find(|(known, _)| known == word).map(|(_, answer)| *answer)
}
