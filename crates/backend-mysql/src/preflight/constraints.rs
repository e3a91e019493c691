//! Rows that a new constraint would refuse, counted.

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableChange;
use mlflow_migrate_core::schema::{ForeignKey, Table};

use crate::connect::Mysql;
use crate::error::server_error;
use crate::text::{self, quote};

/// `ER_BAD_FIELD_ERROR`, `ER_NO_SUCH_TABLE`: a column or a table that is not there yet has no rows.
/// `ER_CANT_AGGREGATE_2COLLATIONS`: nor can columns be compared that will get another collation.
const NOT_YET: [u16; 3] = [1054, 1146, 1267];

/// A constraint, a query that counts the rows that it refuses, and one that finds them.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    constraint: String,
    count: String,
    query: String,
}

impl Question {
    /// About rows that have something in common, written from `FROM` on.
    fn about(constraint: String, refused: &str) -> Self {
        Self {
            constraint,
            count: format!("SELECT COUNT(*) {refused}"),
            query: format!("SELECT * {refused}"),
        }
    }
}

/// Finds the rows that stand in the way of a change. The rows of `touched` tables will be others by
/// the time of the change, so that nothing can be said of them.
pub(super) async fn check(
    database: &mut Mysql,
    change: &TableChange,
    touched: &BTreeSet<&str>,
) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    let after = &change.after;
    let Some(before) = &change.before else { return Ok(problems) };
    if touched.contains(after.name.as_str()) {
        return Ok(problems);
    }
    for question in questions(before, after, database.features.enforces_checks(), touched) {
        let counted = text::value(&mut database.connection, question.count).await;
        let count = match counted {
            Ok(count) => count.and_then(|count| count.parse().ok()).unwrap_or(0),
            Err(source)
                if server_error(&source).is_some_and(|(number, _)| NOT_YET.contains(&number)) =>
            {
                0
            }
            Err(source) => {
                let action = format!("looking at the rows of {}", after.name);
                return Err(database.context.error(&action, source));
            }
        };
        if count > 0 {
            let (table, constraint) = (after.name.clone(), question.constraint);
            let query = Some(question.query);
            problems.push(Error::Constraint { table, constraint, count, query });
        }
    }
    Ok(problems)
}

fn questions(
    before: &Table,
    after: &Table,
    enforces_checks: bool,
    touched: &BTreeSet<&str>,
) -> Vec<Question> {
    let table = quote(&before.name);
    let mut questions = Vec::new();
    for column in &after.columns {
        let known = before.find_column(column.live_name());
        if known.is_some_and(|known| known.nullable) && !column.nullable {
            questions.push(Question::about(
                format!("NOT NULL of column {}", column.name),
                &format!("FROM {table} WHERE {} IS NULL", quote(column.live_name())),
            ));
        }
    }
    for check in after.checks.iter().filter(|_| enforces_checks) {
        if !before.checks.iter().any(|known| known.normalized() == check.normalized()) {
            questions.push(Question::about(
                format!("CHECK ({})", check.expression),
                &format!("FROM {table} WHERE NOT ({})", check.expression),
            ));
        }
    }
    for key in &after.foreign_keys {
        let is_same = |known: &&ForeignKey| {
            known.columns == key.columns
                && known.referred_table == key.referred_table
                && known.referred_columns == key.referred_columns
        };
        let is_known = before.foreign_keys.iter().any(|known| is_same(&known));
        if !is_known && !touched.contains(key.referred_table.as_str()) {
            questions.push(orphans(before, key));
        }
    }
    let keys = unique_keys(after);
    let known: Vec<Vec<String>> = unique_keys(before).into_iter().map(|(_, key)| key).collect();
    for (constraint, columns) in keys {
        // A key that contains another one allows whatever that one does.
        let is_wider = |key: &Vec<String>| key.iter().all(|column| columns.contains(column));
        if !known.iter().any(is_wider) {
            questions.push(duplicates(before, constraint, &columns));
        }
    }
    questions
}

fn orphans(table: &Table, key: &ForeignKey) -> Question {
    let pairs = || key.columns.iter().zip(&key.referred_columns);
    let agree: Vec<String> = pairs()
        .map(|(column, other)| format!("parent.{} = child.{}", quote(other), quote(column)))
        .collect();
    let present: Vec<String> =
        key.columns.iter().map(|column| format!("child.{} IS NOT NULL", quote(column))).collect();
    let name = key.name.as_deref().map_or(String::new(), |name| format!("{name} "));
    Question::about(
        format!("foreign key {name}({}) to {}", key.columns.join(", "), key.referred_table),
        &format!(
            "FROM {} AS child WHERE {} \
             AND NOT EXISTS (SELECT 1 FROM {} AS parent WHERE {})",
            quote(&table.name),
            present.join(" AND "),
            quote(&key.referred_table),
            agree.join(" AND ")
        ),
    )
}

fn duplicates(table: &Table, constraint: String, columns: &[String]) -> Question {
    let names: Vec<String> = columns.iter().map(|column| quote(column)).collect();
    let present: Vec<String> = names.iter().map(|name| format!("{name} IS NOT NULL")).collect();
    let names = names.join(", ");
    let query = format!(
        "SELECT {names}, COUNT(*) AS n FROM {} WHERE {} GROUP BY {names} HAVING COUNT(*) > 1",
        quote(&table.name),
        present.join(" AND "),
    );
    let count = format!("SELECT COALESCE(SUM(n), 0) FROM ({query}) AS duplicates");
    Question { constraint, count, query }
}

/// What each unique key over whole columns is called, and its columns.
fn unique_keys(table: &Table) -> Vec<(String, Vec<String>)> {
    let primary = table.primary_key.iter().map(|key| ("the primary key".to_owned(), &key.columns));
    let uniques = table.uniques.iter().map(|unique| {
        (format!("unique key {}", unique.name.as_deref().unwrap_or("")), &unique.columns)
    });
    let mut keys: Vec<(String, Vec<String>)> =
        primary.chain(uniques).map(|(name, columns)| (name, columns.clone())).collect();
    let plain = table.indexes.iter().filter(|index| {
        index.unique && index.columns.iter().all(|column| column.prefix_length.is_none())
    });
    keys.extend(plain.map(|index| {
        let columns = index.column_names().map(ToOwned::to_owned).collect();
        (format!("unique index {}", index.name), columns)
    }));
    keys
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mlflow_migrate_core::schema::{ForeignKey, Table, integer, varchar};

    use super::questions;

    fn before() -> Table {
        Table::new("t").column(varchar("a", 9)).column(integer("b")).primary_key("pk", &["a"])
    }

    fn asked(after: &Table, enforces_checks: bool, touched: &[&str]) -> Vec<String> {
        let touched: BTreeSet<&str> = touched.iter().copied().collect();
        let found = questions(&before(), after, enforces_checks, &touched);
        found.into_iter().map(|question| question.count).collect()
    }

    #[test]
    fn a_wider_primary_key_needs_no_look() {
        let mut after = before();
        after.primary_key = Table::new("t").primary_key("pk", &["b", "a"]).primary_key;
        assert!(asked(&after, true, &[]).is_empty());
        after.primary_key = Table::new("t").primary_key("pk", &["b"]).primary_key;
        assert_eq!(asked(&after, true, &[]).len(), 1);
    }

    #[test]
    fn checks_are_asked_for_where_they_are_enforced() {
        let after = before().check("c", "b > 0");
        assert_eq!(asked(&after, true, &[]), ["SELECT COUNT(*) FROM `t` WHERE NOT (b > 0)"]);
        assert!(asked(&after, false, &[]).is_empty());
    }

    #[test]
    fn references_and_nulls_are_counted() {
        let mut after = before().foreign_key(ForeignKey::new(&["b"], "p", &["id"]));
        after.columns[1].nullable = false;
        let expected = [
            "SELECT COUNT(*) FROM `t` WHERE `b` IS NULL",
            "SELECT COUNT(*) FROM `t` AS child WHERE child.`b` IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM `p` AS parent WHERE parent.`id` = child.`b`)",
        ];
        assert_eq!(asked(&after, true, &[]), expected);
        assert_eq!(asked(&after, true, &["p"]).len(), 1);
    }
}
