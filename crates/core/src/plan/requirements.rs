//! Checks the features that a revision requires of the server.

use crate::error::{Error, Remedy};
use crate::schema::op::{Op, TableEdit};
use crate::schema::platform::Platform;
use crate::schema::{Column, ColumnType};

/// Refuses a revision that requires a feature that the server lacks.
///
/// `before` is the last revision on the path that the server can reach.
pub(super) fn refuse_what_the_server_lacks(
    op: &Op,
    platform: &Platform,
    revision: &str,
    before: Option<&str>,
) -> Result<(), Error> {
    let Some(feature) = columns(op).into_iter().find_map(|column| lacking(column, platform)) else {
        return Ok(());
    };
    Err(Error::ServerLimit {
        name: "the server is too old".to_owned(),
        problem: format!("revision {revision} needs {feature}"),
        remedy: Remedy::NewerServer { reachable: before.map(ToOwned::to_owned) },
    })
}

fn columns(op: &Op) -> Vec<&Column> {
    match op {
        Op::CreateTable(table) => table.columns.iter().collect(),
        Op::Alter { edit: TableEdit::AddColumn(column), .. } => vec![column],
        Op::Alter { .. } => Vec::new(),
    }
}

fn lacking(column: &Column, platform: &Platform) -> Option<&'static str> {
    if column.generated.is_some() && !platform.generated_columns {
        Some("generated columns (MySQL 5.7 and later have them)")
    } else if column.column_type == ColumnType::Json && !platform.json {
        Some("the type JSON (MySQL 5.7 and later have it)")
    } else {
        None
    }
}
