use std::io::{self, IsTerminal, Write};

use mlflow_migrate_core::error::RowProblem;

use crate::outcome::Scripted;
use crate::render::visible;

/// Writes a script as it is, which a client reads; a terminal gets no control characters.
///
/// What would refuse the upgrade comes first, as comments.
pub(super) fn write(script: &Scripted, findings: &[RowProblem]) -> io::Result<()> {
    let mut text = String::new();
    for finding in findings {
        let finding = visible::one_line(&finding.to_string());
        text += &format!("-- the upgrade is refused until this is fixed: {finding}\n");
    }
    text += &script.script;
    let mut stdout = io::stdout().lock();
    if stdout.is_terminal() {
        text = visible::lines(&text.replace('\t', "    "));
    }
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
