//! Permissions on scorers, whose names are encoded as Python's `urllib.parse.quote` does.

use std::collections::HashSet;
use std::fmt::Write as _;

use sea_query::{Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, Value};

use super::sources::{is_kept, place, role_name};
use super::{PERMISSION_COLUMNS, REVISION};
use crate::data::batch_size::BatchSize;
use crate::data::value::{self, owned};
use crate::error::{Error, RowProblem};
use crate::event::Progress;
use crate::rows::{Row, Rows};
use crate::schema::Schema;
use crate::schema::platform::{Dialect, Platform};

const TABLE: &str = "scorer_permissions";

/// The length of `role_permissions.resource_pattern`, which PostgreSQL enforces.
const LONGEST: usize = 255;

const NAMED_ROWS: usize = 10;

/// Returns a text as `quote(text, safe='')` does: every byte of UTF-8 except unreserved characters.
fn quoted(text: &[u8]) -> String {
    let mut quoted = String::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(quoted, "%{byte:02X}");
        }
    }
    quoted
}

/// Returns the pattern of a scorer, from the experiment and the name.
fn pattern(experiment: Option<&Value>, name: Option<&Value>) -> Option<String> {
    let experiment = value::text(experiment)?;
    let name = match name? {
        Value::String(Some(text)) => quoted(text.as_bytes()),
        Value::Bytes(Some(bytes)) => quoted(bytes),
        _ => return None,
    };
    Some(format!("{experiment}/{name}"))
}

/// Selects scorers that become grants after a place, in the order of places.
///
/// The columns are place, experiment, name, permission, and the user's own role.
fn page(platform: &Platform, after: Option<Value>, rows: u64) -> SelectStatement {
    let column = |name: &'static str| Expr::col((TABLE, name));
    let here = || Expr::cust(format!("{TABLE}.{}", place(platform)));
    let own_role = Expr::col(("roles", "workspace"))
        .eq(Expr::cust("'default'"))
        .and(Expr::col(("roles", "name")).eq(role_name(&format!("{TABLE}.user_id"))));
    let mut select = Query::select();
    select
        .expr_as(in_row(here(), platform), "place")
        .expr(column("experiment_id"))
        .expr(column("scorer_name"))
        .expr(column("permission"))
        .column(("roles", "id"))
        .from(TABLE)
        .join(JoinType::InnerJoin, "roles", own_role)
        .and_where(is_kept())
        .order_by_expr(here(), Order::Asc)
        .limit(rows);
    if let Some(after) = after {
        let after = match platform.dialect {
            // Parameters have the type that the server infers, and a place is none of core's.
            Dialect::Postgres => Func::cast_as(Func::cast_as(after, "text"), "tid").into(),
            Dialect::Sqlite | Dialect::Mysql => Expr::val(after),
        };
        select.and_where(here().gt(after));
    }
    select
}

/// Returns a place as a value of a row.
fn in_row(place: Expr, platform: &Platform) -> Expr {
    match platform.dialect {
        Dialect::Postgres => Func::cast_as(place, "text").into(),
        Dialect::Sqlite | Dialect::Mysql => place,
    }
}

/// Adds the grants on scorers, and returns their number.
pub(super) async fn add(database: &mut dyn Rows, progress: &Progress) -> Result<u64, Error> {
    let platform = database.platform().clone();
    let mut size = BatchSize::new();
    let mut written = 0;
    let mut rows = database.query(page(&platform, None, size.rows())).await?;
    while let Some(last) = rows.last() {
        let after = owned(last.first());
        let mut grants = Vec::with_capacity(rows.len());
        for row in &rows {
            let pattern = pattern(row.get(1), row.get(2)).ok_or_else(|| no_text(row))?;
            grants.push((owned(row.get(4)), pattern, owned(row.get(3))));
        }
        size.note(grants.iter().map(|(_, pattern, _)| pattern.len()).sum());
        let mut known = known(database, &grants).await?;
        let mut new = Vec::new();
        for (role, pattern, permission) in grants {
            if known.insert((key(&role), pattern.clone())) {
                new.push(vec![role, "scorer".into(), pattern.into(), permission]);
            }
        }
        written += database.insert("role_permissions", PERMISSION_COLUMNS, new).await?;
        progress.check()?;
        rows = database.query(page(&platform, Some(after), size.rows())).await?;
    }
    Ok(written)
}

/// Returns which of some grants on scorers exist, as pairs of role and pattern.
async fn known(
    database: &mut dyn Rows,
    grants: &[(Value, String, Value)],
) -> Result<HashSet<(i64, String)>, Error> {
    let patterns = grants.iter().map(|(_, pattern, _)| pattern.as_str());
    let select = Query::select()
        .columns(["role_id", "resource_pattern"])
        .from("role_permissions")
        .and_where(Expr::col("resource_type").eq("scorer"))
        .and_where(Expr::col("resource_pattern").is_in(patterns))
        .take();
    let pair = |row: &Row| Some((key(row.first()?), value::text(row.get(1))?.to_owned()));
    Ok(database.query(select).await?.iter().filter_map(pair).collect())
}

/// Returns the number of a role.
fn key(role: &Value) -> i64 {
    match role {
        Value::BigInt(Some(number)) => *number,
        Value::Int(Some(number)) => i64::from(*number),
        _ => 0,
    }
}

/// Returns the error for a row of bytes where a text should be.
fn no_text(row: &Row) -> Error {
    let (experiment, name) = (value::display(row.get(1)), value::display(row.get(2)));
    Error::Refused {
        findings: vec![RowProblem {
            revision: REVISION.to_owned(),
            problem: format!("{TABLE}: an experiment or a scorer is no text"),
            count: 1,
            rows: vec![format!("scorer {name} of experiment {experiment}")],
            query: None,
            is_skippable: false,
        }],
    }
}

/// Returns the scorers whose patterns are longer than the database can hold.
pub(super) async fn too_long(
    database: &mut dyn Rows,
    live: &Schema,
) -> Result<Option<RowProblem>, Error> {
    if live.table(TABLE).is_none() || database.platform().dialect != Dialect::Postgres {
        return Ok(None);
    }
    // A byte becomes at most three characters.
    let longest = "length(experiment_id) + 1 + 3 * octet_length(scorer_name)";
    let select = Query::select()
        .columns(["experiment_id", "scorer_name"])
        .from(TABLE)
        .and_where(is_kept())
        .and_where(Expr::cust(format!("{longest} > {LONGEST}")))
        .take();
    let mut problem = RowProblem {
        revision: REVISION.to_owned(),
        problem: format!(
            "{TABLE}: with its name encoded, a scorer is longer than the {LONGEST} characters of \
             role_permissions.resource_pattern"
        ),
        count: 0,
        rows: Vec::new(),
        query: None,
        is_skippable: false,
    };
    for row in database.query(select).await? {
        let pattern = pattern(row.first(), row.get(1)).unwrap_or_default();
        if pattern.chars().count() <= LONGEST {
            continue;
        }
        problem.count += 1;
        if problem.rows.len() < NAMED_ROWS {
            let (experiment, name) = (value::display(row.first()), value::display(row.get(1)));
            problem.rows.push(format!("scorer {name} of experiment {experiment}"));
        }
    }
    Ok((problem.count > 0).then_some(problem))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_are_quoted_as_python_does() {
        for (name, expected) in [
            ("plain_Name-1.0~", "plain_Name-1.0~"),
            ("a/b c", "a%2Fb%20c"),
            ("100%", "100%25"),
            ("ü→😀", "%C3%BC%E2%86%92%F0%9F%98%80"),
            ("a+b&c=d'\"\\", "a%2Bb%26c%3Dd%27%22%5C"),
            ("\u{0}\n", "%00%0A"),
            ("", ""),
        ] {
            assert_eq!(quoted(name.as_bytes()), expected);
        }
    }
}
