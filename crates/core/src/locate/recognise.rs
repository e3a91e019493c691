//! Recognises a revision by its schema, whatever `alembic_version` holds.

use crate::error::{Error, label};
use crate::history::catalogue::{Catalogue, MarkedTable};
use crate::history::location::Location;
use crate::locate::drift::{Weight, weigh};
use crate::plan::plan;
use crate::schema::platform::Platform;
use crate::schema::{Difference, DifferenceKind, Schema, differences};

/// A live schema, compared with every state of the catalogue.
pub(crate) struct Comparison<'a> {
    catalogue: &'a Catalogue,
    platform: &'a Platform,
    live: &'a Schema,
    states: Vec<State>,
}

struct State {
    revision: Option<String>,
    schema: Schema,
    /// The differences between the live schema and this state.
    differences: Vec<Difference>,
}

/// A state of which some tables exist, exactly as in the state, and the others are missing.
#[derive(Debug)]
pub(crate) struct HalfCreated {
    pub(crate) revision: Option<String>,
    pub(crate) present: usize,
    pub(crate) missing: Vec<String>,
}

impl<'a> Comparison<'a> {
    /// Compares a live schema with every state.
    ///
    /// # Errors
    /// If the catalogue contradicts itself.
    pub(crate) fn of(
        catalogue: &'a Catalogue,
        platform: &'a Platform,
        live: &'a Schema,
    ) -> Result<Self, Error> {
        let states = catalogue.states(platform)?;
        // A table that no state has is the user's own, and counts against none of the states.
        let mut known = live.clone();
        known.tables.retain(|name, _| states.iter().any(|(_, state)| state.table(name).is_some()));
        let compare = |(revision, schema): (Option<String>, Schema)| {
            let differences = differences(&schema, &known, platform);
            State { revision, schema, differences }
        };
        let states = states.into_iter().map(compare).collect();
        Ok(Self { catalogue, platform, live, states })
    }

    /// Returns the catalogue with whose states the schema is compared.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.catalogue
    }

    /// Returns the best of the states whose objects all exist unchanged.
    ///
    /// The best states are those with the fewest additional objects, which are the user's own or a
    /// later revision's.
    pub(crate) fn fitting(&self) -> Vec<Option<String>> {
        let fitting = self.states.iter().filter(|state| state.is_there());
        let Some(fewest) = fitting.clone().map(|state| state.differences.len()).min() else {
            return Vec::new();
        };
        let best = fitting.filter(|state| state.differences.len() == fewest);
        best.map(|state| state.revision.clone()).collect()
    }

    /// Returns the complete states that explain every object except the user's own.
    pub(crate) fn exact(&self) -> Vec<Option<String>> {
        let exact = self.states.iter().filter(|state| state.is_there() && self.has_no_other(state));
        exact.map(|state| state.revision.clone()).collect()
    }

    /// Returns the state with the fewest differences, and its differences.
    pub(crate) fn closest(&self) -> (Option<String>, Vec<Difference>) {
        let closest = self.states.iter().min_by_key(|state| state.differences.len());
        closest.map(|state| (state.revision.clone(), state.differences.clone())).unwrap_or_default()
    }

    /// Returns what prevents a stamp of a revision: drift, and objects of other states.
    ///
    /// Empty if the schema is the revision's, apart from the user's own objects.
    pub(crate) fn objections(&self, revision: Option<&str>) -> Vec<Difference> {
        let mut states = self.states.iter();
        let Some(state) = states.find(|state| state.revision.as_deref() == revision) else {
            return Vec::new();
        };
        let is_objection = |(weight, difference): (Weight, Difference)| match weight {
            Weight::Fatal | Weight::Drift => Some(difference),
            Weight::Extra if self.is_of_another(&difference) => Some(difference),
            Weight::Extra | Weight::Harmless => None,
        };
        let weighed = weigh(state.differences.clone(), self.platform);
        weighed.into_iter().filter_map(is_objection).collect()
    }

    /// Returns whether no other state has fewer differences than this one.
    pub(crate) fn comes_as_close(&self, revision: Option<&String>) -> bool {
        let fewest = self.states.iter().map(|state| state.differences.len()).min();
        let mut own = self.states.iter().filter(|state| state.revision.as_ref() == revision);
        own.any(|state| Some(state.differences.len()) == fewest)
    }

    /// Returns whether any of MLflow's tables exists.
    pub(crate) fn is_mlflows(&self) -> bool {
        is_mlflows(self.catalogue, self.live)
    }

    /// Returns the state whose creation was interrupted between two tables.
    ///
    /// Of several such states, returns the one with the fewest missing tables.
    pub(crate) fn half_created(&self) -> Option<HalfCreated> {
        let is_absent = |name: &String| self.live.table(name).is_none();
        let is_half = |state: &&State| {
            let is_explained = |difference: &Difference| {
                difference.kind == DifferenceKind::Extra || is_absent(&difference.table)
            };
            state.differences.iter().all(is_explained) && self.has_no_other(state)
        };
        let halves = self.states.iter().filter(is_half).map(|state| {
            let missing: Vec<String> =
                state.schema.tables.keys().filter(|name| is_absent(name)).cloned().collect();
            let present = state.schema.tables.len() - missing.len();
            HalfCreated { revision: state.revision.clone(), present, missing }
        });
        halves
            .filter(|half| half.present > 0 && !half.missing.is_empty())
            .min_by_key(|half| half.missing.len())
    }

    /// Returns whether an upgrade can create the missing tables, as in an empty database.
    pub(crate) fn can_be_finished(&self) -> Result<bool, Error> {
        let empty = Location { revision: None, empty: true, stamped: false, ..Location::default() };
        let head = self.catalogue.graph.head()?;
        match plan(self.catalogue, self.platform, self.live, &empty, Some(head)) {
            Err(Error::Edit { .. }) => Ok(false),
            // A server that is too old for the newest revision can still reach an older one.
            Ok(_) | Err(Error::ServerLimit { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Returns whether every object that this state lacks is unknown to all other states.
    fn has_no_other(&self, state: &State) -> bool {
        let mut extras = state.differences.iter().filter(|one| one.kind == DifferenceKind::Extra);
        !extras.any(|extra| self.is_of_another(extra))
    }

    /// Returns whether an object that one state lacks belongs to another.
    fn is_of_another(&self, extra: &Difference) -> bool {
        let mut with_table =
            self.states.iter().filter(|other| other.schema.table(&extra.table).is_some());
        with_table.any(|other| !other.differences.contains(extra))
    }

    /// Describes the schema in a clause: `the schema is that of 7ac759974ad8`.
    pub(crate) fn describe(&self) -> String {
        if !self.is_mlflows() {
            return "none of MLflow's tables are there".to_owned();
        }
        match self.exact().as_slice() {
            [] => {
                let (closest, differences) = self.closest();
                format!(
                    "the schema comes closest to that of {} (differences: {})",
                    label(closest.as_deref()),
                    differences.len()
                )
            }
            states => format!("the schema is that of {}", labels(states).join(" or ")),
        }
    }
}

impl State {
    /// Returns whether every object of the state exists.
    fn is_there(&self) -> bool {
        self.differences.iter().all(|one| one.kind == DifferenceKind::Extra)
    }
}

/// Returns the names of states for a message.
pub(crate) fn labels(states: &[Option<String>]) -> Vec<String> {
    states.iter().map(|state| label(state.as_deref()).to_owned()).collect()
}

/// Returns whether a table exists by which the application is recognised.
pub(crate) fn is_mlflows(catalogue: &Catalogue, live: &Schema) -> bool {
    has_marks(&catalogue.marks, live)
}

/// Returns whether any of the application's tables may be among some names.
pub(crate) fn may_be_mlflows(catalogue: &Catalogue, names: &[String]) -> bool {
    catalogue.marks.iter().any(|mark| names.contains(&mark.table))
}

/// Returns whether a schema has any of some marked tables.
pub(crate) fn has_marks(marks: &[MarkedTable], live: &Schema) -> bool {
    marks.iter().any(|mark| {
        let found = live.table(&mark.table);
        found.is_some_and(|found| mark.columns.iter().all(|it| found.find_column(it).is_some()))
    })
}
