//! Classifies drift: what differs between a live schema and its revision.
//!
//! An additional object is the user's own, or made by a later revision, and is no drift.
//! Differences left by MLflow's own upgrade, interrupted within the next revision, are explained
//! (`mlflow_partial_run`). All other differences are unexplained. Without a table, a column or the
//! primary key, no upgrade is possible. With a different index, constraint or column type, an
//! upgrade is possible, but the user must accept the drift.

use std::collections::HashMap;

use crate::error::{Error, label};
use crate::event::{Event, Observer};
use crate::graphs::GraphName;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::locate::drift;
use crate::locate::mlflow_partial_run::{self, PartialRun};
use crate::schema::platform::Platform;
use crate::schema::{
    Detail, Difference, DifferenceKind, Object, PrimaryKey, Schema, by_name, differences,
};

/// The most objects of the target that are named one by one: a preparation makes dozens.
const MOST_NAMED: usize = 8;

/// The differences between a live schema and its revision, by their effect on an upgrade.
#[derive(Debug, Default)]
pub(crate) struct Drift {
    graph: GraphName,
    /// Differences that prevent an upgrade, even if the user accepts drift.
    fatal: Vec<Difference>,
    /// Differences with which an upgrade continues if the user accepts drift.
    acceptable: Vec<Difference>,
    /// Differences left alone: the user's own objects, and differences with a known cause.
    left: Vec<Difference>,
    /// Differences that match the target already.
    ahead: Vec<Difference>,
    partial: Option<PartialRun>,
}

impl Drift {
    /// Compares a live schema with its revision, given the target of the upgrade.
    ///
    /// # Errors
    /// If the catalogue contradicts itself.
    pub(crate) fn of(
        catalogue: &Catalogue,
        platform: &Platform,
        live: &Schema,
        location: &Location,
        target: Option<&str>,
    ) -> Result<Self, Error> {
        let mut all = drift(catalogue, platform, live, location)?;
        let partial = mlflow_partial_run::recognise(catalogue, platform, live, location, &all)?;
        if let Some(partial) = &partial {
            all.retain(|difference| !partial.explains(difference));
        }
        let mut later: HashMap<String, Vec<Difference>> = HashMap::new();
        for difference in differences(&catalogue.state(target, platform)?, live, platform) {
            later.entry(difference.table.clone()).or_default().push(difference);
        }
        let is_in_later = |difference: &Difference| {
            later.get(&difference.table).is_some_and(|those| those.contains(difference))
        };
        let mut found = Self { graph: catalogue.name, partial, ..Self::default() };
        for (weight, difference) in weigh(all, platform) {
            let place = match weight {
                Weight::Extra if is_in_later(&difference) => &mut found.left,
                Weight::Extra => &mut found.ahead,
                Weight::Fatal => &mut found.fatal,
                Weight::Harmless => &mut found.left,
                Weight::Drift => &mut found.acceptable,
            };
            place.push(difference);
        }
        Ok(found)
    }

    /// Refuses fatal differences, and differences that the user has not accepted.
    ///
    /// Unaccepted differences are refused only if `is_due`, that is, if the upgrade would change
    /// something. `repairs` returns the statements that remove differences.
    ///
    /// # Errors
    /// [`Error::Drift`]
    pub(crate) fn refuse(
        &self,
        location: &Location,
        is_due: bool,
        is_accepted: bool,
        repairs: impl FnOnce(&[Difference]) -> Vec<String>,
    ) -> Result<(), Error> {
        let is_refused =
            !self.fatal.is_empty() || is_due && !is_accepted && !self.acceptable.is_empty();
        if !is_refused {
            return Ok(());
        }
        Err(Error::Drift {
            table: self.graph.version_table(),
            revision: location.label().to_owned(),
            differences: [self.fatal.as_slice(), &self.acceptable].concat(),
            is_acceptable: self.fatal.is_empty(),
            repairs: repairs(&self.acceptable),
            is_repairable: false,
        })
    }

    /// Returns what the live schema has of the target already.
    pub(crate) fn into_ahead(self) -> Vec<Difference> {
        self.ahead
    }

    /// Notifies the observer of the differences with which the upgrade continues.
    pub(crate) fn tell(&self, location: &Location, target: Option<&str>, observer: &dyn Observer) {
        let notify = |message| observer.notify(&Event::Notice { message });
        if let Some(partial) = &self.partial {
            notify(format!("{partial}; the upgrade continues from there"));
        }
        let from = location.label();
        for difference in &self.left {
            notify(format!("not as in {from}, left as it is: {difference}"));
        }
        let target = label(target);
        match self.ahead.len() {
            0..=MOST_NAMED => {
                for difference in &self.ahead {
                    notify(format!("there already, as in {target}: {difference}"));
                }
            }
            several => {
                notify(format!(
                    "{several} tables, columns and indexes are there already, as in {target}"
                ));
            }
        }
        for difference in &self.acceptable {
            notify(format!("not as in {from}, accepted: {difference}"));
        }
    }
}

/// The effect of a difference on an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// No upgrade can start from such a schema.
    Fatal,
    /// An upgrade continues if the user accepts drift.
    Drift,
    /// The cause is known, and neither an upgrade nor MLflow is affected.
    Harmless,
    /// The object is additional to the expected ones.
    Extra,
}

/// Weighs differences, and merges a missing and an extra object of one name into a change.
pub(crate) fn weigh(all: Vec<Difference>, platform: &Platform) -> Vec<(Weight, Difference)> {
    let expected = all.iter().filter(|difference| difference.is_of_expected());
    let weights: Vec<Weight> =
        expected.map(|difference| Weight::of(difference, &all, platform)).collect();
    // After the merge, differences of expected objects come first, in their order.
    let weights = weights.into_iter().chain(std::iter::repeat(Weight::Extra));
    weights.zip(by_name(all)).collect()
}

impl Weight {
    /// Weighs one of `all` differences from a revision.
    pub(crate) fn of(difference: &Difference, all: &[Difference], platform: &Platform) -> Self {
        match difference.kind {
            DifferenceKind::Extra => Self::Extra,
            DifferenceKind::Missing => Self::of_missing(difference, all, platform),
            DifferenceKind::Changed => match (&difference.object, &difference.detail) {
                (Object::ColumnOrder, _) => Self::Harmless,
                (_, Some(Detail::PrimaryKey { found, expected })) => {
                    let columns = |key: &Option<PrimaryKey>| {
                        key.as_ref().map(|key| key.columns.clone()).unwrap_or_default()
                    };
                    // MLflow names the primary key, but a server may not keep the name.
                    let is_same = columns(found) == columns(expected);
                    if is_same { Self::Harmless } else { Self::Fatal }
                }
                _ => Self::Drift,
            },
        }
    }

    fn of_missing(missing: &Difference, all: &[Difference], platform: &Platform) -> Self {
        let mut extra = all
            .iter()
            .filter(|other| other.kind == DifferenceKind::Extra && other.table == missing.table);
        let is_harmless = match &missing.object {
            Object::Table | Object::Column(_) => return Self::Fatal,
            // The text of triggers is not compared.
            Object::Trigger(_) => false,
            // A constraint gets another name when a database moves to another server.
            object if extra.clone().any(|other| is_same_in_use(&other.object, object)) => true,
            object if extra.any(|other| other.object.stands_for(object)) => false,
            // MySQL 5.7 parses CHECKs and ignores them.
            Object::Check(_) => platform.is_mysql(),
            // Without a non-unique index, queries are slower, but still correct.
            Object::Index(index) => !index.unique,
            _ => false,
        };
        if is_harmless { Self::Harmless } else { Self::Drift }
    }
}

pub(crate) fn is_same_in_use(found: &Object, expected: &Object) -> bool {
    found.has_same_content(expected) && found.inactive() == expected.inactive()
}

#[cfg(test)]
mod tests {
    use super::Weight;
    use crate::schema::platform::Platform;
    use crate::schema::{
        Check, Detail, Difference, DifferenceKind, ForeignKey, Index, Object, PrimaryKey, Trigger,
        Unique,
    };

    fn key(name: Option<&str>, columns: &[&str]) -> Option<PrimaryKey> {
        let columns = columns.iter().map(ToString::to_string).collect();
        Some(PrimaryKey { name: name.map(ToOwned::to_owned), columns })
    }

    #[test]
    fn a_key_by_another_name_is_the_same() {
        let expected = key(Some("metric_pk"), &["a", "b"]);
        for (found, weight) in [
            (key(None, &["a", "b"]), Weight::Harmless),
            (key(Some("metric_pk"), &["a"]), Weight::Fatal),
            (key(Some("metric_pk"), &["b", "a"]), Weight::Fatal),
            (None, Weight::Fatal),
        ] {
            let detail = Detail::PrimaryKey { found, expected: expected.clone() };
            let difference = Difference {
                detail: Some(detail),
                ..Difference::new(DifferenceKind::Changed, "runs", Object::PrimaryKey)
            };
            assert_eq!(Weight::of(&difference, &[], &Platform::SQLITE), weight, "{difference}");
        }
    }

    fn foreign_key(name: Option<&str>, referred: &str) -> Object {
        let key = ForeignKey::new(&["x"], "y", &[referred]).on_delete_cascade();
        Object::ForeignKey(ForeignKey { name: name.map(ToOwned::to_owned), ..key })
    }

    fn check(name: &str, expression: &str) -> Object {
        Object::Check(Check::new(Some(name), expression))
    }

    fn unique(name: &str) -> Object {
        Object::Unique(Unique { name: Some(name.to_owned()), columns: vec!["x".to_owned()] })
    }

    fn index(name: &str) -> Index {
        Index::new(name, &["x"])
    }

    fn unused(index: Index) -> Object {
        Object::Index(Index { inactive: Some("INVALID".to_owned()), ..index })
    }

    #[test]
    fn what_is_missing_counts_unless_it_is_known_how_that_comes_about() {
        use Weight::{Drift, Fatal, Harmless};
        let not_enforced =
            Check { inactive: Some("NOT ENFORCED".to_owned()), ..Check::new(Some("a"), "x > 1") };
        let trigger = |name| Object::Trigger(Trigger::new(name, ""));
        let other = || Object::Index(index("other"));
        let cases = [
            (Object::Table, other(), Platform::SQLITE, Fatal),
            (Object::Column("x".to_owned()), other(), Platform::SQLITE, Fatal),
            (foreign_key(Some("a"), "z"), foreign_key(None, "z"), Platform::SQLITE, Harmless),
            (foreign_key(Some("a"), "z"), foreign_key(None, "w"), Platform::SQLITE, Drift),
            (unique("a"), unique("b"), Platform::POSTGRES, Harmless),
            (unique("a"), Object::Index(index("b").unique()), Platform::POSTGRES, Harmless),
            (unique("a"), Object::Index(index("b")), Platform::POSTGRES, Drift),
            (check("a", "x > 1"), check("b", "x > 2"), Platform::POSTGRES, Drift),
            (check("a", "x > 1"), check("b", "(x>1)"), Platform::POSTGRES, Harmless),
            (check("a", "x > 1"), check("b", "x > 2"), Platform::MYSQL_8, Harmless),
            (check("a", "x > 1"), check("a", "x > 2"), Platform::MYSQL_8, Drift),
            (check("a", "x > 1"), Object::Check(not_enforced), Platform::MYSQL_8, Drift),
            (Object::Index(index("a")), other(), Platform::POSTGRES, Harmless),
            (Object::Index(index("a").unique()), other(), Platform::POSTGRES, Drift),
            (Object::Index(index("a")), unused(index("a")), Platform::POSTGRES, Drift),
            (trigger("a"), trigger("b"), Platform::SQLITE, Drift),
        ];
        for (missing, extra, platform, weight) in cases {
            let missing = Difference::new(DifferenceKind::Missing, "runs", missing);
            let extra = Difference::new(DifferenceKind::Extra, "runs", extra);
            let all = [missing.clone(), extra];
            assert_eq!(Weight::of(&missing, &all, &platform), weight, "{all:?}");
        }
    }
}
