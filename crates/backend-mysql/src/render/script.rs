//! Renders what only the client of a script needs.

use mlflow_migrate_core::script::ended;

use crate::quoting::{literal, quote};

/// The most characters of a message that a server shows whole: those of a name.
const MESSAGE: usize = 64;

/// Ends a statement that has semicolons. The clients cut a delimiter after 15 characters.
const DELIMITER: &str = "$migrate$";

/// Returns what fails with a message unless a condition holds.
///
/// Outside of a stored program, no statement fails on a condition. So the message is the name of a
/// column that the server does not know.
pub(crate) fn require(condition: &str, message: &str) -> String {
    let message: String = message.replace('`', "'").chars().take(MESSAGE).collect();
    let refusal = literal(&format!("SELECT {}", quote(message.trim_end())));
    format!(
        "SET @mlflow_migrate = IF({condition}, 'DO 0', {refusal});\n\
         PREPARE mlflow_migrate FROM @mlflow_migrate;\n\
         EXECUTE mlflow_migrate;\n\
         DEALLOCATE PREPARE mlflow_migrate;\n"
    )
}

/// Returns a statement with its end. A trigger's own semicolons do not end it for the client.
pub(crate) fn scripted(statement: &str) -> String {
    if !statement.contains(';') {
        return ended(statement);
    }
    let statement = statement.trim_end().trim_end_matches(';');
    format!("DELIMITER {DELIMITER}\n{statement}\n{DELIMITER}\nDELIMITER ;\n")
}
