//! Finds the user's own objects that depend on a dropped or renamed column, or a dropped table.
//!
//! Some of these objects are dropped with the column, as in MLflow's own upgrade, and a notice
//! names them. The others are refused before anything changes: a server would refuse the change
//! halfway, or leave the object broken.

use super::Plan;
use crate::error::Error;
use crate::plan::TableChange;
use crate::schema::platform::Platform;
use crate::schema::{Column, Dependent, ReferentialAction, Table};

/// A column that is dropped or renamed, or a table that is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The table.
    pub table: String,
    /// The column; `None` if the whole table goes.
    pub column: Option<String>,
    /// The new name; `None` if the column or the table is dropped.
    pub renamed_to: Option<String>,
}

/// A column that is dropped, or renamed.
struct ColumnEnd {
    table: String,
    column: String,
    renamed_to: Option<String>,
}

impl From<ColumnEnd> for Ending {
    fn from(end: ColumnEnd) -> Self {
        let ColumnEnd { table, column, renamed_to } = end;
        Self { table, column: Some(column), renamed_to }
    }
}

impl Ending {
    /// Returns the refusal, if anything depends on what ends.
    #[must_use]
    pub fn refusal(&self, dependents: Vec<Dependent>) -> Option<Error> {
        (!dependents.is_empty()).then(|| Error::Dependents {
            table: self.table.clone(),
            part: self.column.as_ref().map(|column| format!("column {column}")),
            fate: match &self.renamed_to {
                Some(name) => format!("is renamed to {name}"),
                None => "goes".to_owned(),
            },
            dependents,
        })
    }
}

impl Plan {
    /// Returns the columns that are dropped or renamed, and the dropped tables.
    #[must_use]
    pub fn endings(&self) -> Vec<Ending> {
        let of_dropped = self.dropped_tables().map(|table| Ending {
            table: table.name.clone(),
            column: None,
            renamed_to: None,
        });
        self.changes().flat_map(ends).map(Ending::from).chain(of_dropped).collect()
    }

    /// Returns a refusal for each column that the user's own objects on the same table depend on.
    #[must_use]
    pub fn refuse_dependents(&self, platform: &Platform) -> Vec<Error> {
        let refusals = |change: &TableChange| -> Vec<Error> {
            let Some(before) = &change.before else { return Vec::new() };
            let dependents = |end: &ColumnEnd| match end.renamed_to {
                None => change.after.dependents_of_dropped(&end.column, platform),
                Some(_) => before.dependents_of_renamed(&end.column, platform),
            };
            let refusal = |end: ColumnEnd| {
                let dependents = dependents(&end);
                Ending::from(end).refusal(dependents)
            };
            ends(change).into_iter().filter_map(refusal).collect()
        };
        let actions = self.changes().flat_map(|change| refuse_actions(change, platform));
        self.changes().flat_map(refusals).chain(actions).collect()
    }

    /// Describes the user's objects that are dropped with columns, or lose a part with them.
    #[must_use]
    pub fn lost_with_columns(&self, platform: &Platform) -> Vec<String> {
        let lost = |change: &TableChange| -> Vec<String> {
            let Some(before) = &change.before else { return Vec::new() };
            let own = self.states[0].table(&before.name);
            let lost_of = |table: &Table, end: &ColumnEnd| {
                table.lost_with(&end.column, &change.after, platform.dialect)
            };
            let dropped = ends(change).into_iter().filter(|end| end.renamed_to.is_none());
            dropped
                .flat_map(|end| {
                    let mut objects = lost_of(before, &end);
                    let of_mlflow = own.map_or_else(Vec::new, |own| lost_of(own, &end));
                    objects.retain(|object| !of_mlflow.contains(object));
                    objects.into_iter().map(move |object| {
                        format!("{object} of {} goes with its column {}", end.table, end.column)
                    })
                })
                .collect()
        };
        self.changes().flat_map(lost).collect()
    }
}

/// Returns a refusal for each column of a new foreign key whose action MySQL does not allow.
///
/// MySQL allows no such action if a stored generated column is computed from the column. (Manual,
/// "FOREIGN KEY Constraints".)
fn refuse_actions(change: &TableChange, platform: &Platform) -> Vec<Error> {
    let (Some(before), true) = (&change.before, platform.is_mysql() && !platform.is_mariadb())
    else {
        return Vec::new();
    };
    let acts = |action: ReferentialAction| {
        !matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict)
    };
    let new = change.after.foreign_keys.iter().filter(|key| !before.foreign_keys.contains(key));
    let acting = new.filter(|key| acts(key.on_delete) || acts(key.on_update));
    let refusals = acting.flat_map(|key| {
        key.columns.iter().filter_map(|column| {
            let dependents = change.after.stored_dependents(column, platform.dialect);
            (!dependents.is_empty()).then(|| Error::Dependents {
                table: change.after.name.clone(),
                part: Some(format!("column {column}")),
                fate: "gets a foreign key that changes rows with those it references".to_owned(),
                dependents,
            })
        })
    });
    refusals.collect()
}

fn ends(change: &TableChange) -> Vec<ColumnEnd> {
    let before = change.before.iter().flat_map(|before| &before.columns);
    let end = |old: &Column| {
        let new = change.after.columns.iter().find(|new| new.live_name() == old.name);
        let renamed_to = new.map(|new| new.name.clone());
        (renamed_to.as_ref() != Some(&old.name)).then(|| ColumnEnd {
            table: change.after.name.clone(),
            column: old.name.clone(),
            renamed_to,
        })
    };
    before.filter_map(end).collect()
}
