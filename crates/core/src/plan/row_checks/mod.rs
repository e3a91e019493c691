//! Builds SQL that counts existing rows which would violate a constraint that the plan adds.
//!
//! The database itself would find such rows only after the earlier steps of the plan, and report
//! only the first. Only columns are checked that exist already, and that no data migration writes
//! before.

mod narrowing;
mod references;
mod written;

use std::collections::BTreeSet;

use crate::error::{ConstraintError, Error};
use crate::plan::{Plan, Step, TableChange};
use crate::schema::platform::Dialect;
use crate::schema::{Check, Column, ForeignKey, Index, Schema, Table};

use written::Written;

/// The spelling of a dialect.
#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    /// Quotes a name.
    pub quote: fn(&str) -> String,
    /// The type to which a sum is cast, so that it is an integer.
    pub integer: &'static str,
    /// The dialect.
    pub dialect: Dialect,
    /// Whether the server enforces CHECK constraints.
    pub enforces_checks: bool,
}

/// A constraint, and the SQL that finds the rows violating it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The constraint, in words.
    pub constraint: String,
    /// The SQL for the number of rows that violate the constraint.
    ///
    /// An expression over the table's rows or, for a rule about several rows, a statement.
    pub count: String,
    /// A query for these rows, for the user.
    pub query: String,
    /// A statement that deletes these rows, where deletion is a reasonable fix.
    pub delete: Option<String>,
}

/// Returns whether the database checks a kept foreign key again when it makes a change.
pub type ChecksAgain<'a> = &'a dyn Fn(&TableChange, &ForeignKey) -> bool;

/// The rules for one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The table.
    pub table: String,
    /// Rules that each row satisfies or violates alone.
    pub of_rows: Vec<Rule>,
    /// Rules that need other rows too: keys and references.
    pub of_several: Vec<Rule>,
    quoted: String,
}

impl Rules {
    /// Returns the counts that find violations.
    ///
    /// One count covers, in one pass, all rules about single rows.
    #[must_use]
    pub fn counts(&self) -> Vec<RowCount<'_>> {
        let columns: Vec<&str> = self.of_rows.iter().map(|rule| rule.count.as_str()).collect();
        let of_rows = (!columns.is_empty()).then(|| RowCount {
            sql: format!("SELECT {} FROM {}", columns.join(", "), self.quoted),
            table: &self.table,
            rules: &self.of_rows,
        });
        let several = self.of_several.iter().map(|rule| RowCount {
            sql: rule.count.clone(),
            table: &self.table,
            rules: std::slice::from_ref(rule),
        });
        of_rows.into_iter().chain(several).collect()
    }

    /// Returns each rule's constraint, and a statement whose only value counts the violations.
    pub fn each(&self) -> impl Iterator<Item = (&str, String)> {
        let of_rows = self.of_rows.iter().map(|rule| {
            (rule.constraint.as_str(), format!("SELECT {} FROM {}", rule.count, self.quoted))
        });
        let of_several = self.of_several.iter();
        of_rows.chain(of_several.map(|rule| (rule.constraint.as_str(), rule.count.clone())))
    }
}

/// A statement whose only row counts the violations of some rules, one column each.
#[derive(Clone, Debug)]
pub struct RowCount<'a> {
    /// The statement.
    pub sql: String,
    table: &'a str,
    rules: &'a [Rule],
}

impl RowCount<'_> {
    /// Returns the errors for the numbers of the statement's row.
    #[must_use]
    pub fn refusals(&self, counts: &[i64]) -> Vec<Error> {
        let counted = self.rules.iter().zip(counts);
        counted.filter_map(|(rule, count)| refusal(self.table, rule, *count)).collect()
    }
}

fn refusal(table: &str, rule: &Rule, count: i64) -> Option<Error> {
    let (table, constraint) = (table.to_owned(), rule.constraint.clone());
    let (count, query) = (u64::try_from(count).ok()?, rule.query.clone());
    let error = match rule.delete.clone() {
        Some(delete) => ConstraintError::Orphans { table, constraint, count, query, delete },
        None => ConstraintError::Violated { table, constraint, count, query: Some(query) },
    };
    (count > 0).then(|| error.into())
}

/// Returns the rules that a plan requires of the rows of a live database, table by table.
#[must_use]
pub fn rules(
    plan: &Plan,
    live: &Schema,
    spelling: Spelling,
    checks_again: ChecksAgain<'_>,
) -> Vec<Rules> {
    let mut written = Written::default();
    let mut all = Vec::new();
    for step in &plan.steps {
        match step {
            Step::RemoveLeftovers(_) | Step::DropTable(_) => {}
            Step::Migrate { migration, .. } => {
                all.extend(references::copied(&**migration, live, spelling));
                written.add(&**migration);
            }
            Step::Change(change) => {
                let found = live.table(&change.after.name);
                if let (Some(before), Some(found)) = (&change.before, found) {
                    let after = &change.after;
                    let tables = Tables { before, after, found, spelling, written: &written };
                    let again = |key: &ForeignKey| checks_again(change, key);
                    all.extend(tables.rules(&again, live));
                }
            }
        }
    }
    let mut asked = BTreeSet::new();
    for rules in &mut all {
        let mut is_new = |rule: &Rule| asked.insert(rule.query.clone());
        rules.of_rows.retain(&mut is_new);
        rules.of_several.retain(&mut is_new);
    }
    all.retain(|rules| !(rules.of_rows.is_empty() && rules.of_several.is_empty()));
    all
}

/// Returns the rules that one change requires of the rows of its table, as they now are.
#[must_use]
pub fn rules_of(
    change: &TableChange,
    live: &Schema,
    spelling: Spelling,
    checks_again: ChecksAgain<'_>,
) -> Option<Rules> {
    let before = change.before.as_ref()?;
    let written = Written::default();
    let tables =
        Tables { before, after: &change.after, found: before, spelling, written: &written };
    tables.rules(&|key| checks_again(change, key), live)
}

/// A table before and after a change, and as found before the first change.
#[derive(Clone, Copy)]
struct Tables<'a> {
    before: &'a Table,
    after: &'a Table,
    found: &'a Table,
    spelling: Spelling,
    written: &'a Written,
}

impl Tables<'_> {
    /// Returns every rule. Only live tables can be referenced.
    fn rules(self, again: &dyn Fn(&ForeignKey) -> bool, live: &Schema) -> Option<Rules> {
        let of_rows = self.rules_of_rows();
        let of_several = [self.rules_of_keys(), self.rules_of_references(again, live)].concat();
        (!of_rows.is_empty() || !of_several.is_empty()).then(|| Rules {
            table: self.found.name.clone(),
            of_rows,
            of_several,
            quoted: self.quoted(&self.found.name),
        })
    }

    fn quoted(self, name: &str) -> String {
        (self.spelling.quote)(name)
    }

    fn row_rule(self, constraint: String, is_refused: &str) -> Rule {
        let table = self.quoted(&self.found.name);
        Rule {
            constraint,
            count: format!("coalesce(sum(CASE WHEN {is_refused} THEN 1 ELSE 0 END), 0)"),
            query: format!("SELECT * FROM {table} WHERE {is_refused}"),
            delete: None,
        }
    }

    /// Returns the rules for NOT NULL, CHECK, and narrower types.
    fn rules_of_rows(self) -> Vec<Rule> {
        let must_be_there = |table: &Table, name: &String| {
            table.find_column(name).is_some_and(|column| !column.nullable)
                || table.key_columns().contains(name)
        };
        let tightened = self.found.columns.iter().filter(|old| {
            old.nullable
                && self.is_there(&old.name)
                && must_be_there(self.after, &old.name)
                && !must_be_there(self.before, &old.name)
        });
        let not_null = tightened.map(|column| {
            let is_refused = format!("{} IS NULL", self.quoted(&column.name));
            self.row_rule(format!("NOT NULL of {}", column.name), &is_refused)
        });
        let known = self.found.checks.iter().chain(&self.before.checks);
        let known: Vec<String> = known.map(Check::normalized).collect();
        let mut asked = BTreeSet::new();
        let new = self.after.checks.iter().filter(|check| {
            self.spelling.enforces_checks
                && !known.contains(&check.normalized())
                && self.is_checkable(&check.expression)
                && asked.insert(check.normalized())
        });
        let checks = new.map(|check| {
            // A comment at the end must not swallow the parenthesis.
            let end = if check.expression.contains("--") { "\n" } else { "" };
            let is_refused = format!("NOT ({}{end})", check.expression);
            self.row_rule(format!("CHECK ({})", check.expression), &is_refused)
        });
        not_null.chain(checks).chain(self.narrowed()).collect()
    }

    /// Returns whether the plan adds the column, which then has the same value in every row.
    fn is_new(self, column: &str) -> bool {
        let renamed = |it: &Column| it.live_name() != it.name;
        self.found.find_column(column).is_none()
            && self.after.find_column(column).is_some_and(|column| !renamed(column))
    }

    /// Returns whether an expression names no column whose values are pending.
    fn is_checkable(self, expression: &str) -> bool {
        let outside_strings: String = expression.split('\'').step_by(2).collect();
        let mut words = outside_strings.split(|one: char| !one.is_alphanumeric() && one != '_');
        !words.any(|word| self.after.find_column(word).is_some() && !self.is_there(word))
    }

    /// Returns whether a column has its final values already.
    fn is_there(self, column: &str) -> bool {
        self.found.find_column(column).is_some() && !self.written.changes(&self.found.name, column)
    }

    /// Returns the rules for keys that no existing key implies.
    ///
    /// A key implies every key that includes its columns. A new column distinguishes no rows. A key
    /// over a column that gets a less distinguishing collation counts as new.
    fn rules_of_keys(self) -> Vec<Rule> {
        let (known, before) = (unique_keys(self.found), unique_keys(self.before));
        let merges = |columns: &[String]| columns.iter().any(|name| self.merges(name));
        let rule = |(constraint, mut columns): (String, Vec<String>)| {
            columns.retain(|column| !self.is_new(column));
            let is_implied = known
                .iter()
                .any(|(_, unique)| unique.iter().all(|it| columns.contains(it)) && !merges(unique));
            if is_implied || columns.is_empty() || !columns.iter().all(|it| self.is_there(it)) {
                return None;
            }
            let names: Vec<String> = columns.iter().map(|column| self.compared(column)).collect();
            let are_there: Vec<String> =
                columns.iter().map(|name| format!("{} IS NOT NULL", self.quoted(name))).collect();
            let (table, columns) = (self.quoted(&self.found.name), names.join(", "));
            let query = format!(
                "SELECT {columns}, count(*) AS n FROM {table} WHERE {} GROUP BY {columns} \
                 HAVING count(*) > 1",
                are_there.join(" AND ")
            );
            let integer = self.spelling.integer;
            let count =
                format!("SELECT CAST(coalesce(sum(d.n), 0) AS {integer}) FROM ({query}) AS d");
            Some(Rule { constraint, count, query, delete: None })
        };
        let is_asked = |key: &(String, Vec<String>)| !before.contains(key) || merges(&key.1);
        unique_keys(self.after).into_iter().filter(is_asked).filter_map(rule).collect()
    }
}

/// Returns every constraint under which no two rows are equal in its columns.
fn unique_keys(table: &Table) -> Vec<(String, Vec<String>)> {
    let named = |kind: &str, name: Option<&str>| match name {
        Some(name) => format!("{kind} {name}"),
        None => kind.to_owned(),
    };
    let primary = table
        .primary_key
        .iter()
        .map(|key| (named("primary key", key.name.as_deref()), key.columns.clone()));
    let uniques = table
        .uniques
        .iter()
        .map(|unique| (named("unique key", unique.name.as_deref()), unique.columns.clone()));
    let is_whole =
        |index: &&Index| index.unique && index.predicate.is_none() && index.definition.is_none();
    let indexes = table.indexes.iter().filter(is_whole).map(|index| {
        let columns = index.column_names().map(ToOwned::to_owned).collect();
        (named("unique index", Some(&index.name)), columns)
    });
    primary.chain(uniques).chain(indexes).collect()
}

#[cfg(test)]
mod tests;
