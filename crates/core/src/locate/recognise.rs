//! Recognises a revision by its schema, whatever `alembic_version` says.

use crate::error::{Error, label};
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::plan::plan;
use crate::schema::platform::Platform;
use crate::schema::{Difference, DifferenceKind, Schema, differences};

/// A live schema beside every state of the catalogue.
pub(crate) struct Comparison<'a> {
    catalogue: &'a Catalogue,
    platform: &'a Platform,
    live: &'a Schema,
    states: Vec<State>,
}

struct State {
    revision: Option<String>,
    schema: Schema,
    /// In what the live schema differs.
    differences: Vec<Difference>,
}

/// Tables of one state, as that state has them, while others of it are not there.
#[derive(Debug)]
pub(crate) struct HalfCreated {
    pub(crate) revision: Option<String>,
    pub(crate) present: usize,
    pub(crate) missing: Vec<String>,
}

impl<'a> Comparison<'a> {
    /// Compares.
    ///
    /// # Errors
    /// If the catalogue contradicts itself.
    pub(crate) fn of(
        catalogue: &'a Catalogue,
        platform: &'a Platform,
        live: &'a Schema,
    ) -> Result<Self, Error> {
        let states = catalogue.states(platform)?;
        // What no state knows is the user's own beside each of them, however many tables that are.
        let mut known = live.clone();
        known.tables.retain(|name, _| states.iter().any(|(_, state)| state.table(name).is_some()));
        let compare = |(revision, schema): (Option<String>, Schema)| {
            let differences = differences(&schema, &known, platform);
            State { revision, schema, differences }
        };
        let states = states.into_iter().map(compare).collect();
        Ok(Self { catalogue, platform, live, states })
    }

    /// The states whose objects are all there, unchanged; of these, those with the fewest objects that
    /// are not theirs (the user's own, or a later revision's).
    pub(crate) fn fitting(&self) -> Vec<Option<String>> {
        let fitting = self.states.iter().filter(|state| state.is_there());
        let Some(fewest) = fitting.clone().map(|state| state.differences.len()).min() else {
            return Vec::new();
        };
        let best = fitting.filter(|state| state.differences.len() == fewest);
        best.map(|state| state.revision.clone()).collect()
    }

    /// The states that leave nothing of the live schema unexplained but the user's own.
    pub(crate) fn exact(&self) -> Vec<Option<String>> {
        let exact = self.states.iter().filter(|state| state.is_there() && self.has_no_other(state));
        exact.map(|state| state.revision.clone()).collect()
    }

    /// The state with the fewest differences, and these.
    pub(crate) fn closest(&self) -> (Option<String>, Vec<Difference>) {
        let closest = self.states.iter().min_by_key(|state| state.differences.len());
        closest.map(|state| (state.revision.clone(), state.differences.clone())).unwrap_or_default()
    }

    /// Whether some of MLflow's tables are there at all.
    pub(crate) fn is_mlflows(&self) -> bool {
        is_mlflows(self.catalogue, self.live)
    }

    /// What the creation of a state has come to, if it was interrupted between two tables.
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

    /// Whether an upgrade can make the rest of what is there, as if it were in an empty database.
    pub(crate) fn can_be_finished(&self) -> Result<bool, Error> {
        let empty = Location { revision: None, empty: true, stamped: false };
        let head = self.catalogue.graph.head()?;
        match plan(self.catalogue, self.platform, self.live, &empty, Some(head)) {
            Err(Error::Edit { .. }) => Ok(false),
            // A server that is too old for the newest revision can go as far as it can.
            Ok(_) | Err(Error::ServerLimit { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Whether what a state does not have, no other has.
    fn has_no_other(&self, state: &State) -> bool {
        let mut extras = state.differences.iter().filter(|one| one.kind == DifferenceKind::Extra);
        extras.all(|extra| {
            let mut with_table =
                self.states.iter().filter(|other| other.schema.table(&extra.table).is_some());
            with_table.all(|other| other.differences.contains(extra))
        })
    }

    /// What the schema is, in a clause that follows others: `the schema is that of 7ac759974ad8`.
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
    /// Whether all that it has is there.
    fn is_there(&self) -> bool {
        self.differences.iter().all(|one| one.kind == DifferenceKind::Extra)
    }
}

/// States in words.
pub(crate) fn labels(states: &[Option<String>]) -> Vec<String> {
    states.iter().map(|state| label(state.as_deref()).to_owned()).collect()
}

/// Whether there is a table that is one of MLflow's first ones by its name and its key. Other programs
/// have tables of these names, too, without a run or an experiment in their keys.
pub(crate) fn is_mlflows(catalogue: &Catalogue, live: &Schema) -> bool {
    catalogue.base.iter().any(|table| {
        let has = |name: &String| {
            live.table(&table.name).is_some_and(|found| found.find_column(name).is_some())
        };
        table.primary_key.as_ref().is_some_and(|key| key.columns.iter().all(has))
    })
}
