//! Drift: what of a live schema is not as its revision says, and what an upgrade makes of it.
//!
//! What is there besides is the user's own, or what a later revision makes, and no drift. What MLflow's
//! own upgrade has left that stopped within the next revision is explained (`partial`). The rest nobody
//! can explain. Without a table, a column or the primary key there is nothing to build on; an index, a
//! constraint or a column's type need not keep an upgrade from going on, but whoever runs it has to say so.

use crate::backend::Backend;
use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::locate::{Location, drift, label};
use crate::partial::{self, PartialRun};
use crate::platform::Platform;
use crate::schema::{Difference, DifferenceKind, Schema, Table, differences};

/// What is not as a revision says.
#[derive(Debug, Default)]
pub(crate) struct Drift {
    /// What keeps an upgrade from going on, whoever wants it.
    fatal: Vec<Difference>,
    /// What an upgrade goes on with if it is accepted.
    acceptable: Vec<Difference>,
    /// What is left alone: the user's own, and what has a known cause.
    left: Vec<Difference>,
    /// What is there already as it will be.
    ahead: Vec<Difference>,
    partial: Option<PartialRun>,
}

impl Drift {
    /// Compares a live schema with its revision, on the way to another.
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
        let partial = partial::recognise(catalogue, platform, live, location, &all)?;
        if let Some(partial) = &partial {
            all.retain(|difference| !partial.explains(difference));
        }
        let later = differences(&catalogue.state(target, platform)?, live, platform);
        let mut found = Self { partial, ..Self::default() };
        for difference in &all {
            let place = match difference.kind {
                DifferenceKind::Extra if later.contains(difference) => &mut found.left,
                DifferenceKind::Extra => &mut found.ahead,
                _ if is_fatal(difference) => &mut found.fatal,
                _ if has_known_cause(difference, &all, platform) => &mut found.left,
                _ => &mut found.acceptable,
            };
            place.push(difference.clone());
        }
        Ok(found)
    }

    /// Refuses what cannot be gone on with, and if `is_due`, so that something would be changed, what is
    /// not accepted.
    ///
    /// # Errors
    /// [`Error::Drift`]
    pub(crate) fn refuse(
        &self,
        location: &Location,
        is_due: bool,
        is_accepted: bool,
    ) -> Result<(), Error> {
        let is_refused =
            !self.fatal.is_empty() || is_due && !is_accepted && !self.acceptable.is_empty();
        if !is_refused {
            return Ok(());
        }
        Err(Error::Drift {
            revision: location.label().to_owned(),
            differences: [self.fatal.as_slice(), &self.acceptable].concat(),
            is_acceptable: self.fatal.is_empty(),
        })
    }

    /// Tells what was found and is gone on with.
    pub(crate) fn tell(&self, location: &Location, target: Option<&str>, observer: &dyn Observer) {
        let notify = |message| observer.notify(&Event::Notice { message });
        if let Some(partial) = &self.partial {
            notify(format!("{partial}; it goes on from there"));
        }
        let from = location.label();
        for difference in &self.left {
            notify(format!("not as in {from}, left as it is: {difference}"));
        }
        for difference in &self.ahead {
            notify(format!("there already, as in {}: {difference}", label(target)));
        }
        for difference in &self.acceptable {
            notify(format!("not as in {from}, accepted: {difference}"));
        }
    }
}

/// Gives a live schema those triggers of its revision that the user may not see. They are not known to be
/// missing, so they are no drift; what is missing is a privilege, which the preflight of a plan with these
/// triggers asks for.
///
/// # Errors
/// If the database cannot be asked, or the catalogue contradicts itself.
pub(crate) async fn add_hidden_triggers(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    location: &Location,
    live: &mut Schema,
) -> Result<(), Error> {
    if location.empty {
        return Ok(());
    }
    let expected = catalogue.state(location.revision.as_deref(), backend.platform())?;
    let seems_to_lack = |table: &&Table| {
        let is_there = live.table(&table.name).is_some_and(|live| live.triggers.is_empty());
        is_there && !table.triggers.is_empty()
    };
    let lacking: Vec<&Table> = expected.tables.values().filter(seems_to_lack).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = lacking.iter().map(|table| table.name.clone()).collect();
    let hidden = backend.hidden_triggers(&names).await?;
    for table in lacking.into_iter().filter(|table| hidden.contains(&table.name)) {
        if let Some(live) = live.tables.get_mut(&table.name) {
            live.triggers.clone_from(&table.triggers);
        }
    }
    Ok(())
}

/// Whether nothing can be built on a schema with this difference: a table, a column or the key by which
/// rows are found is not the expected one.
fn is_fatal(difference: &Difference) -> bool {
    let is_other_key = difference.object == "primary key" && !is_same_key(difference);
    is_missing_part(difference) || is_other_key
}

/// Whether a primary key differs by its name only.
fn is_same_key(difference: &Difference) -> bool {
    let keys = difference.detail.as_deref().and_then(|detail| detail.split_once(", expected "));
    difference.object == "primary key"
        && keys.is_some_and(|(found, expected)| {
            content(found).is_some() && content(found) == content(expected)
        })
}

/// Whether a table or column that is expected is not there.
#[must_use]
pub(crate) fn is_missing_part(difference: &Difference) -> bool {
    difference.kind == DifferenceKind::Missing
        && (difference.object == "table" || difference.object.starts_with("column "))
}

/// Whether it is known how a difference comes about: the same constraint is there under another name,
/// which it gets when a database moves to another server; or a CHECK is not there on a server that was
/// MySQL 5.7 once, which reads them and forgets them.
fn has_known_cause(difference: &Difference, all: &[Difference], platform: &Platform) -> bool {
    if difference.kind != DifferenceKind::Missing {
        return is_same_key(difference);
    }
    let is_forgotten = platform.is_mysql() && kind(&difference.object) == "CHECK";
    is_forgotten
        || all.iter().any(|other| {
            other.kind == DifferenceKind::Extra
                && other.table == difference.table
                && kind(&other.object) == kind(&difference.object)
                && content(&other.object).is_some()
                && content(&other.object) == content(&difference.object)
        })
}

/// The first word of an object's description after `unnamed`.
fn kind(object: &str) -> &str {
    let named = object.strip_prefix("unnamed ").unwrap_or(object);
    named.split(' ').next().unwrap_or_default()
}

/// What of an object's description follows its name.
fn content(object: &str) -> Option<&str> {
    object.split_once(" (").map(|(_, content)| content)
}

#[cfg(test)]
mod tests {
    use super::{has_known_cause, is_fatal};
    use crate::platform::Platform;
    use crate::schema::{Difference, DifferenceKind};

    fn difference(kind: DifferenceKind, object: &str) -> Difference {
        let (table, object) = ("runs".to_owned(), object.to_owned());
        Difference { kind, table, object, detail: None }
    }

    #[test]
    fn a_key_by_another_name_is_the_same() {
        let cases = [
            ("unnamed (a, b), expected metric_pk (a, b)", false),
            ("metric_pk (a), expected metric_pk (a, b)", true),
            ("none, expected metric_pk (a, b)", true),
        ];
        for (detail, expected) in cases {
            let mut key = difference(DifferenceKind::Changed, "primary key");
            key.detail = Some(detail.to_owned());
            assert_eq!(is_fatal(&key), expected, "{detail}");
            assert_eq!(has_known_cause(&key, &[], &Platform::SQLITE), !expected, "{detail}");
        }
    }

    #[test]
    fn what_has_a_known_cause() {
        let fk = "foreign key a (x -> y (z) ON DELETE CASCADE ON UPDATE NO ACTION)";
        let unnamed = fk.replace("foreign key a", "unnamed foreign key");
        let other = fk.replace("(z)", "(w)");
        let cases = [
            (fk, unnamed.as_str(), Platform::SQLITE, true),
            (fk, other.as_str(), Platform::SQLITE, false),
            ("unique a (x)", "unique b (x)", Platform::POSTGRES, true),
            ("index a (x)", "unique b (x)", Platform::POSTGRES, false),
            ("CHECK a (x > 1)", "CHECK b (x > 2)", Platform::POSTGRES, false),
            ("CHECK a (x > 1)", "CHECK b (x > 2)", Platform::MYSQL_8, true),
            ("trigger a", "trigger b", Platform::SQLITE, false),
        ];
        for (missing, extra, platform, expected) in cases {
            let missing = difference(DifferenceKind::Missing, missing);
            let all = [missing.clone(), difference(DifferenceKind::Extra, extra)];
            assert_eq!(has_known_cause(&missing, &all, &platform), expected, "{all:?}");
        }
    }
}
