//! Checks a file for damage, by SQLite's own check.

use mlflow_migrate_core::Error;
use rusqlite::{Connection, ErrorCode, ffi};

use crate::ddl::quote_identifier;
use crate::error::Context;

/// The number of problems that a message names.
const MOST: usize = 3;

/// Reads every page, and compares every index with its table.
pub(crate) fn check(connection: &Connection, context: Context<'_>) -> Result<(), Error> {
    let found = match whole_file(connection) {
        // A user's table may need a function or a collation that only the user's program defines.
        Err(source) if is_unknown(&source) => table_by_table(connection),
        found => found,
    };
    let damage = found.map_err(|source| context.error("checking the file", source))?;
    if damage.is_empty() {
        return Ok(());
    }
    Err(Error::Corrupt { name: context.name.to_owned(), problem: damage.join("; ") })
}

fn whole_file(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let found = Found::of(connection, &format!("PRAGMA integrity_check({MOST})"))?;
    if found.damage.is_empty() && found.others >= MOST {
        // SQLite stopped at problems of rows, which it reports after all problems of pages. Damaged
        // indexes may follow.
        return Ok(Found::of(connection, &format!("PRAGMA integrity_check({})", i32::MAX))?.damage);
    }
    Ok(found.damage)
}

/// Checks one table after the other, as far as SQLite can without the user's program.
fn table_by_table(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0";
    let mut tables = connection.prepare(tables)?;
    let names = tables.query_map([], |row| row.get::<_, String>(0))?;
    let mut damage = Vec::new();
    for name in names {
        let name = quote_identifier(&name?);
        for check in ["integrity_check", "quick_check"] {
            match Found::of(connection, &format!("PRAGMA {check}({name})")) {
                Err(source) if is_unknown(&source) => {}
                found => {
                    damage.extend(found?.damage);
                    break;
                }
            }
        }
    }
    damage.truncate(MOST);
    Ok(damage)
}

/// The findings of a check.
#[derive(Default)]
struct Found {
    /// The first problems of pages and indexes.
    damage: Vec<String>,
    /// The number of rows that violate their columns' constraints, which is no damage.
    others: usize,
}

/// The beginnings of SQLite's messages about a row that violates its column's constraint or type.
///
/// SQLite reports these problems only as texts.
const OF_ROWS: [&str; 4] =
    ["NULL value in ", "CHECK constraint failed ", "TEXT value in ", "NUMERIC value in "];

impl Found {
    fn of(connection: &Connection, pragma: &str) -> rusqlite::Result<Self> {
        let mut found = Self::default();
        let mut statement = connection.prepare(pragma)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let problem: String = row.get(0)?;
            if is_lack_of_memory(&problem) {
                return Err(rusqlite::Error::SqliteFailure(
                    ffi::Error::new(ffi::SQLITE_NOMEM),
                    None,
                ));
            }
            if OF_ROWS.iter().any(|known| problem.starts_with(known)) {
                found.others += 1;
            } else if problem != "ok" {
                found.damage.push(problem);
                if found.damage.len() == MOST {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// Returns whether SQLite had no memory for a page that it could not check, which is no damage.
///
/// SQLite reports the reason as `unable to get the page. error code=7`, only as a text.
fn is_lack_of_memory(problem: &str) -> bool {
    let code = problem.rsplit_once("error code=").and_then(|(_, code)| code.trim().parse().ok());
    matches!(code, Some(ffi::SQLITE_NOMEM | ffi::SQLITE_IOERR_NOMEM))
}

/// Returns whether SQLite lacks something that the statement needs, which is no damage.
fn is_unknown(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqlInputError { .. })
        || error.sqlite_error_code() == Some(ErrorCode::Unknown)
}

#[cfg(test)]
mod tests {
    use super::is_lack_of_memory;

    #[test]
    fn a_page_without_memory_is_no_damage() {
        for (problem, expected) in [
            ("Tree 5 page 6: unable to get the page. error code=7", true),
            ("Tree 5 page 6: unable to get the page. error code=3082", true),
            ("Tree 5 page 6: unable to get the page. error code=11", false),
            ("Tree 5 page 6: unable to get the page. error code=522", false),
            ("row 7 missing from index i", false),
        ] {
            assert_eq!(is_lack_of_memory(problem), expected, "{problem}");
        }
    }
}
