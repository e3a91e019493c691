//! What the changes of a plan ask of the rows that are there, as SQL that counts those that fall short.
//!
//! A database would find such rows only after what comes before in the plan, and tell of the first. Only
//! what can be known beforehand is asked for: of columns that are there already, in tables that no data
//! migration writes on the way.

use std::collections::BTreeSet;

use crate::backend::TableChange;
use crate::error::Error;
use crate::plan::{Plan, Step};
use crate::schema::{Check, Column, ColumnType, ForeignKey, Index, Schema, Table};

/// How a dialect writes what is asked.
#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    /// Puts a name in quotes.
    pub quote: fn(&str) -> String,
    /// The type that a sum is cast to for it to be an integer.
    pub integer: &'static str,
    /// Whether a text can be too long for its column, and the preflight does not look at lengths
    /// otherwise: SQLite stores what is longer.
    pub limits_texts: bool,
    /// Whether the server enforces CHECKs.
    pub enforces_checks: bool,
}

/// A constraint, and how the rows that it would refuse are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The constraint, in words.
    pub constraint: String,
    /// The number of the rows that it refuses: an expression over the table's rows, or, for a rule about
    /// several of them, a statement.
    pub count: String,
    /// A query for these rows, for people.
    pub query: String,
}

/// What is asked of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The table.
    pub table: String,
    /// What each row shows by itself.
    pub of_rows: Vec<Rule>,
    /// What needs a look at other rows too: keys and references.
    pub of_several: Vec<Rule>,
    quoted: String,
}

impl Rules {
    /// One pass over the table that counts what each row shows by itself, a column a rule; `None` if
    /// nothing is asked of that kind.
    #[must_use]
    pub fn count_of_rows(&self) -> Option<String> {
        let counts: Vec<&str> = self.of_rows.iter().map(|rule| rule.count.as_str()).collect();
        let Self { quoted, .. } = self;
        (!counts.is_empty()).then(|| format!("SELECT {} FROM {quoted}", counts.join(", ")))
    }

    /// What to say of so many rows that a rule refuses, if there are any.
    #[must_use]
    pub fn refusal(&self, rule: &Rule, count: i64) -> Option<Error> {
        (count > 0).then(|| Error::Constraint {
            table: self.table.clone(),
            constraint: rule.constraint.clone(),
            count: count.unsigned_abs(),
            query: Some(rule.query.clone()),
        })
    }
}

/// What a plan asks of the rows of a live database, table by table.
#[must_use]
pub fn rules(plan: &Plan, live: &Schema, spelling: Spelling) -> Vec<Rules> {
    let mut written: BTreeSet<&str> = BTreeSet::new();
    let mut all = Vec::new();
    for step in &plan.steps {
        match step {
            Step::RemoveLeftovers(_) => {}
            Step::Migrate { migration, .. } => {
                written.extend(migration.writes().iter().map(|(table, _)| *table));
            }
            Step::Change(change) if written.contains(change.after.name.as_str()) => {}
            Step::Change(change) => {
                let found = live.table(&change.after.name);
                if let (Some(before), Some(found)) = (&change.before, found) {
                    let tables = Tables { before, after: &change.after, found, spelling };
                    let unwritten =
                        |table: &str| live.table(table).filter(|_| !written.contains(table));
                    all.extend(tables.rules(unwritten));
                }
            }
        }
    }
    all
}

/// What one change asks of the rows of its table, wherever that is on the way of a plan.
#[must_use]
pub fn rules_of(change: &TableChange, live: &Schema, spelling: Spelling) -> Option<Rules> {
    let before = change.before.as_ref()?;
    let tables = Tables { before, after: &change.after, found: before, spelling };
    tables.rules(|table| live.table(table))
}

/// A table before and after a change, and as it was found before the first of all.
#[derive(Clone, Copy)]
struct Tables<'a> {
    before: &'a Table,
    after: &'a Table,
    found: &'a Table,
    spelling: Spelling,
}

impl<'a> Tables<'a> {
    /// Everything that is asked. Only `referred` tables can be referenced.
    fn rules(self, referred: impl Fn(&str) -> Option<&'a Table>) -> Option<Rules> {
        let of_rows = self.rules_of_rows();
        let of_several = [self.rules_of_keys(), self.rules_of_references(referred)].concat();
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
        }
    }

    /// NOT NULL, CHECK, and shorter texts.
    fn rules_of_rows(self) -> Vec<Rule> {
        let must_be_there = |table: &Table, name: &String| {
            table.find_column(name).is_some_and(|column| !column.nullable)
                || table.key_columns().contains(name)
        };
        let tightened = self.found.columns.iter().filter(|old| {
            old.nullable
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
        not_null.chain(checks).chain(self.shortened()).collect()
    }

    /// Texts that get a shorter type. Spaces at the end do not count: storing cuts them.
    fn shortened(self) -> impl Iterator<Item = Rule> {
        let shorter = |column: &'a Column| {
            let known = self.before.find_column(&column.name)?;
            self.found.find_column(&column.name)?;
            match (&known.column_type, &column.column_type) {
                (ColumnType::Varchar(old), ColumnType::Varchar(new)) if new >= old => None,
                (ColumnType::Varchar(_) | ColumnType::Text, ColumnType::Varchar(length)) => {
                    Some((&column.name, *length))
                }
                _ => None,
            }
        };
        let columns = self.after.columns.iter().filter(move |_| self.spelling.limits_texts);
        columns.filter_map(shorter).map(move |(name, length)| {
            let is_refused = format!("char_length(rtrim({}, ' ')) > {length}", self.quoted(name));
            self.row_rule(format!("VARCHAR({length}) of {name}"), &is_refused)
        })
    }

    /// Whether a column is still to come: it has the same value in every row then.
    fn is_new(self, column: &str) -> bool {
        let renamed = |it: &Column| it.live_name() != it.name;
        !self.is_there(column)
            && self.after.find_column(column).is_some_and(|column| !renamed(column))
    }

    /// Whether an expression names no column that is still to come.
    fn is_checkable(self, expression: &str) -> bool {
        let outside_strings: String = expression.split('\'').step_by(2).collect();
        let mut words = outside_strings.split(|one: char| !one.is_alphanumeric() && one != '_');
        !words.any(|word| self.after.find_column(word).is_some() && !self.is_there(word))
    }

    fn is_there(self, column: &str) -> bool {
        self.found.find_column(column).is_some()
    }

    /// Keys whose columns do not include those of a key that is there already. New columns
    /// distinguish nothing.
    fn rules_of_keys(self) -> Vec<Rule> {
        let (known, before) = (unique_keys(self.found), unique_keys(self.before));
        let rule = |(constraint, mut columns): (String, Vec<String>)| {
            columns.retain(|column| !self.is_new(column));
            let is_implied =
                known.iter().any(|(_, unique)| unique.iter().all(|it| columns.contains(it)));
            if is_implied || columns.is_empty() || !columns.iter().all(|it| self.is_there(it)) {
                return None;
            }
            let names: Vec<String> = columns.iter().map(|column| self.quoted(column)).collect();
            let are_there: Vec<String> =
                names.iter().map(|name| format!("{name} IS NOT NULL")).collect();
            let (table, columns) = (self.quoted(&self.found.name), names.join(", "));
            let query = format!(
                "SELECT {columns}, count(*) AS n FROM {table} WHERE {} GROUP BY {columns} \
                 HAVING count(*) > 1",
                are_there.join(" AND ")
            );
            let integer = self.spelling.integer;
            let count =
                format!("SELECT CAST(coalesce(sum(d.n), 0) AS {integer}) FROM ({query}) AS d");
            Some(Rule { constraint, count, query })
        };
        let new = unique_keys(self.after).into_iter().filter(|key| !before.contains(key));
        new.filter_map(rule).collect()
    }

    /// References that are not there yet. A pair of columns that are both new has the same value on
    /// either side.
    fn rules_of_references(self, referred: impl Fn(&str) -> Option<&'a Table>) -> Vec<Rule> {
        let known = &self.before.foreign_keys;
        let new = self.after.foreign_keys.iter().filter(|key| !known.contains(key));
        let rule = |key: &ForeignKey| {
            let referred = referred(&key.referred_table)?;
            let mut pairs: Vec<(&String, &String)> =
                key.columns.iter().zip(&key.referred_columns).collect();
            pairs.retain(|(column, other)| {
                self.is_there(column) || referred.find_column(other).is_some()
            });
            let are_there = pairs.iter().all(|(column, other)| {
                self.is_there(column) && referred.find_column(other).is_some()
            });
            if pairs.is_empty() || !are_there || self.has_reference(&pairs, &key.referred_table) {
                return None;
            }
            let name = key.name.as_ref().map_or(String::new(), |name| format!("{name} "));
            let orphans = self.orphans(&key.referred_table, &pairs);
            Some(Rule {
                constraint: format!(
                    "foreign key {name}({}) to {}",
                    key.columns.join(", "),
                    key.referred_table
                ),
                count: format!("SELECT count(*) {orphans}"),
                query: format!("SELECT * {orphans}"),
            })
        };
        new.filter_map(rule).collect()
    }

    fn has_reference(self, pairs: &[(&String, &String)], referred_table: &str) -> bool {
        self.found.foreign_keys.iter().any(|known| {
            known.referred_table == referred_table
                && known.columns.iter().zip(&known.referred_columns).eq(pairs.iter().copied())
        })
    }

    fn orphans(self, referred_table: &str, pairs: &[(&String, &String)]) -> String {
        let pair = |(column, other): &(&String, &String)| {
            format!("p.{} = c.{}", self.quoted(other), self.quoted(column))
        };
        let is_parent: Vec<String> = pairs.iter().map(pair).collect();
        let is_reference: Vec<String> = pairs
            .iter()
            .map(|(column, _)| format!("c.{} IS NOT NULL", self.quoted(column)))
            .collect();
        format!(
            "FROM {} AS c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
            self.quoted(&self.found.name),
            is_reference.join(" AND "),
            self.quoted(referred_table),
            is_parent.join(" AND ")
        )
    }
}

/// Whatever forbids that two rows agree in these columns.
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
