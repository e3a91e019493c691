//! Finds orphaned rows of foreign keys.
//!
//! An existing foreign key does not prove that its rows are valid. A user who restores a dump or
//! deletes rows by hand may switch the check off. MySQL has `foreign_key_checks` for this,
//! PostgreSQL disables the triggers. Only SQLite lets an upgrade ignore such rows, as MLflow's own
//! upgrade does.

use super::{Rule, Rules, Spelling, Tables};
use crate::data::DataMigration;
use crate::schema::platform::Dialect;
use crate::schema::{ForeignKey, ReferentialAction, Schema, Table};

/// A column, and the column that it references.
type Pair<'a> = (&'a str, &'a str);

impl Tables<'_> {
    /// Returns the rules for foreign keys that are new, or that the server checks again.
    ///
    /// A pair of columns that are both new has the same value on either side.
    pub(super) fn rules_of_references(
        self,
        again: &dyn Fn(&ForeignKey) -> bool,
        live: &Schema,
    ) -> Vec<Rule> {
        let known = &self.before.foreign_keys;
        let asked = self.after.foreign_keys.iter().filter(|key| !known.contains(key) || again(key));
        asked
            .filter_map(|key| self.rule_of_reference(key, live.table(&key.referred_table)?, live))
            .collect()
    }

    fn rule_of_reference(self, key: &ForeignKey, referred: &Table, live: &Schema) -> Option<Rule> {
        let pairs = key.columns.iter().zip(&key.referred_columns);
        let mut pairs: Vec<Pair<'_>> =
            pairs.map(|(column, other)| (column.as_str(), other.as_str())).collect();
        pairs.retain(|(column, other)| {
            self.found.find_column(column).is_some() || referred.find_column(other).is_some()
        });
        let are_there = pairs.iter().all(|(column, other)| {
            self.is_there(column)
                && referred.find_column(other).is_some()
                && !self.written.touches(&referred.name, other)
        });
        let is_passed_over = self.spelling.dialect == Dialect::Sqlite
            && self.has_reference(&pairs, &key.referred_table);
        if pairs.is_empty() || !are_there || is_passed_over {
            return None;
        }
        let orphans = Orphans {
            table: &self.found.name,
            referred_table: &referred.name,
            is_full: pairs.len() > 1
                && key.qualifiers.as_ref().is_some_and(|text| text.contains("MATCH FULL")),
            pairs,
            dependents: dependents(live, &self.found.name, &[]),
            spelling: self.spelling,
        };
        let name = key.name.as_ref().map_or(String::new(), |name| format!("{name} "));
        let columns = key.columns.join(", ");
        Some(orphans.rule(format!("foreign key {name}({columns}) to {}", key.referred_table)))
    }

    fn has_reference(self, pairs: &[Pair<'_>], referred_table: &str) -> bool {
        self.found.foreign_keys.iter().any(|known| {
            let columns = known.columns.iter().map(String::as_str);
            known.referred_table == referred_table
                && columns
                    .zip(known.referred_columns.iter().map(String::as_str))
                    .eq(pairs.iter().copied())
        })
    }
}

/// Returns the rules for columns whose values a data migration copies into a reference.
pub(super) fn copied(
    migration: &dyn DataMigration,
    live: &Schema,
    spelling: Spelling,
) -> Vec<Rules> {
    if spelling.dialect == Dialect::Sqlite {
        return Vec::new();
    }
    let is_there = |(table, column): (&str, &str)| {
        live.table(table).is_some_and(|table| table.find_column(column).is_some())
    };
    let asked = migration
        .references()
        .iter()
        .filter(|reference| is_there(reference.from) && is_there(reference.referred));
    let rules = asked.map(|reference| {
        let ((table, column), (referred_table, other)) = (reference.from, reference.referred);
        let pairs = vec![(column, other)];
        let dependents = dependents(live, table, &[]);
        let orphans =
            Orphans { table, referred_table, is_full: false, pairs, dependents, spelling };
        let constraint =
            format!("foreign key ({column}) of {} to {referred_table}", reference.into);
        Rules {
            table: table.to_owned(),
            of_rows: Vec::new(),
            of_several: vec![orphans.rule(constraint)],
            quoted: (spelling.quote)(table),
        }
    });
    rules.collect()
}

/// A table, and the foreign key by which its rows reference another table.
#[derive(Clone, Copy, Debug)]
struct Dependent<'a> {
    table: &'a str,
    key: &'a ForeignKey,
}

/// Returns the paths to tables whose rows prevent a delete from `table`, the farthest first.
fn dependents<'a>(live: &'a Schema, table: &str, way: &[Dependent<'a>]) -> Vec<Vec<Dependent<'a>>> {
    use ReferentialAction::{Cascade, SetNull};
    let mut found = Vec::new();
    for other in live.tables.values() {
        let is_known = way.iter().any(|step| step.table == other.name) || other.name == table;
        let keys = other.foreign_keys.iter().filter(|key| key.referred_table == table && !is_known);
        for key in keys {
            let way = [way, &[Dependent { table: &other.name, key }]].concat();
            found.extend(dependents(live, &other.name, &way));
            if !matches!(key.on_delete, Cascade | SetNull) {
                found.push(way);
            }
        }
    }
    found
}

/// The orphaned rows of a table.
struct Orphans<'a> {
    table: &'a str,
    referred_table: &'a str,
    pairs: Vec<Pair<'a>>,
    /// Whether a row must have all of the columns or none: `MATCH FULL`.
    is_full: bool,
    /// The rows that must be deleted first.
    dependents: Vec<Vec<Dependent<'a>>>,
    spelling: Spelling,
}

impl Orphans<'_> {
    fn rule(&self, constraint: String) -> Rule {
        let condition = self.condition();
        let from = format!("FROM {} AS c WHERE {condition}", self.quoted(self.table));
        let is_mysql = self.spelling.dialect == Dialect::Mysql;
        let count = if is_mysql { self.by_value() } else { from.clone() };
        let delete = if is_mysql {
            // No MySQL version accepts a subquery on the table itself here, and older versions
            // accept no alias.
            format!(
                "DELETE c FROM {} AS c {} WHERE {}",
                self.quoted(self.table),
                self.without_row("c"),
                self.is_missing("c")
            )
        } else {
            format!("DELETE {from}")
        };
        Rule {
            constraint,
            count: format!("SELECT count(*) {count}"),
            query: format!("SELECT * {from}"),
            delete: Some(self.deletes_before().chain([delete]).collect::<Vec<_>>().join("; ")),
        }
    }

    /// Returns the statements that delete rows which prevent the deletion of orphans.
    fn deletes_before(&self) -> impl Iterator<Item = String> {
        self.dependents.iter().map(|way| {
            let aliases: Vec<String> = (1..=way.len()).map(|number| format!("x{number}")).collect();
            let before = std::iter::once("c").chain(aliases.iter().map(String::as_str));
            let steps = way.iter().zip(&aliases).zip(before);
            // The joins lead from the orphans to the farthest table.
            let mut joins: Vec<(String, String)> = steps
                .map(|((step, alias), before)| {
                    let pairs = step.key.columns.iter().zip(&step.key.referred_columns);
                    let agree: Vec<String> = pairs
                        .map(|(column, other)| {
                            let (column, other) = (self.quoted(column), self.quoted(other));
                            format!("{alias}.{column} = {before}.{other}")
                        })
                        .collect();
                    (format!("{} AS {alias}", self.quoted(step.table)), agree.join(" AND "))
                })
                .collect();
            let (farthest, agree) = joins.pop().unwrap_or_default();
            let target = aliases.last().map(String::as_str).unwrap_or_default();
            let orphans = format!("{} AS c", self.quoted(self.table));
            let between: String =
                joins.iter().map(|(table, agree)| format!(" JOIN {table} ON {agree}")).collect();
            if self.spelling.dialect == Dialect::Mysql {
                let (missing, without) = (self.is_missing("c"), self.without_row("c"));
                format!(
                    "DELETE {target} FROM {orphans}{between} JOIN {farthest} ON {agree} {without} \
                     WHERE {missing}"
                )
            } else {
                let condition = self.condition();
                format!(
                    "DELETE FROM {farthest} WHERE EXISTS (SELECT 1 FROM {orphans}{between} \
                     WHERE {agree} AND {condition})"
                )
            }
        })
    }

    fn quoted(&self, name: &str) -> String {
        (self.spelling.quote)(name)
    }

    fn each(&self, separator: &str, of: impl Fn(&str, &str) -> String) -> String {
        let each: Vec<String> = self
            .pairs
            .iter()
            .map(|(column, other)| of(&self.quoted(column), &self.quoted(other)))
            .collect();
        each.join(separator)
    }

    fn condition(&self) -> String {
        let is_missing = format!(
            "NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
            self.quoted(self.referred_table),
            self.each(" AND ", |column, other| format!("p.{other} = c.{column}"))
        );
        if self.is_full {
            let any = self.each(" OR ", |column, _| format!("c.{column} IS NOT NULL"));
            let part = self.each(" OR ", |column, _| format!("c.{column} IS NULL"));
            return format!("({any}) AND ({part} OR {is_missing})");
        }
        let all = self.each(" AND ", |column, _| format!("c.{column} IS NOT NULL"));
        format!("{all} AND {is_missing}")
    }

    /// Returns the SQL that looks up each distinct value once.
    ///
    /// InnoDB reads one entry for each value in the foreign key's index, however many rows have
    /// that value. Then it reads only the rows whose value has no match.
    fn by_value(&self) -> String {
        let (table, alias) = (self.quoted(self.table), "d");
        format!(
            "FROM {table} AS c JOIN (SELECT {} FROM (SELECT DISTINCT {} FROM {table}) AS {alias} \
             {} WHERE {}) AS o ON {}",
            self.each(", ", |column, _| format!("{alias}.{column}")),
            self.each(", ", |column, _| column.to_owned()),
            self.without_row(alias),
            self.is_missing(alias),
            self.each(" AND ", |column, _| format!("o.{column} = c.{column}"))
        )
    }

    fn without_row(&self, alias: &str) -> String {
        let agree = self.each(" AND ", |column, other| format!("p.{other} = {alias}.{column}"));
        format!("LEFT JOIN {} AS p ON {agree}", self.quoted(self.referred_table))
    }

    fn is_missing(&self, alias: &str) -> String {
        let all = self.each(" AND ", |column, _| format!("{alias}.{column} IS NOT NULL"));
        let is_missing = self.pairs.first().map(|(_, other)| self.quoted(other));
        format!("{all} AND p.{} IS NULL", is_missing.unwrap_or_default())
    }
}
