//! Defines what a dialect must render for a script.

use sea_query::QueryStatement;

use crate::error::Error;
use crate::plan::row_checks::Rules;
use crate::plan::{ChangePlan, Plan, TableChange};
use crate::schema::platform::Platform;
use crate::schema::{Schema, Table};

/// Renders scripts in one dialect, as the dialect's own client runs them.
///
/// A text has everything that the client needs to find its end: a semicolon, or a line end after a
/// command of the client's own.
pub trait ScriptDialect: Send + Sync {
    /// Returns the dialect's features, as far as a script may use them.
    fn platform(&self) -> &Platform;

    /// Returns the shell command that runs the script `FILE` on a database.
    fn client(&self) -> &'static str;

    /// Returns the beginning of a script: the client stops at the first error from here on.
    ///
    /// Begins a transaction where one can hold the whole script.
    fn opening(&self) -> String;

    /// Returns the end of a script, which commits.
    fn closing(&self) -> String;

    /// Returns what fails with a message unless a condition holds.
    fn require(&self, condition: &str, message: &str) -> String;

    /// Returns what prints a message.
    fn say(&self, message: &str) -> String;

    /// Returns how a script changes a table, with statements that the client runs as they are.
    ///
    /// # Errors
    /// If a script cannot change the table.
    fn change(&self, change: &TableChange) -> Result<ChangePlan, Error>;

    /// Returns the rules that the rows of a database must satisfy for a plan.
    fn rules(&self, plan: &Plan, live: &Schema) -> Vec<Rules>;

    /// Returns a statement with its values in place, without an end.
    fn statement(&self, statement: &QueryStatement) -> String;

    /// Returns the statements, without their ends, that fill `latest_metrics`, whatever it holds.
    ///
    /// `metrics` is the table as it is at that time. `None` where the neutral statements do.
    fn latest_metrics(&self, metrics: &Table) -> Option<Vec<String>>;

    /// Returns the statement, without its end, that drops a table.
    fn drop_table(&self, table: &str) -> String;
}

/// Returns a statement with its end, which a comment at the end of the statement does not hide.
#[must_use]
pub fn ended(statement: &str) -> String {
    let statement = statement.trim_end().trim_end_matches(';');
    let last = statement.lines().next_back().unwrap_or_default();
    let end = if last.contains("--") || last.contains('#') { "\n;\n" } else { ";\n" };
    format!("{statement}{end}")
}
