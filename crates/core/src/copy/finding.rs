//! Collects the rows that cannot be copied as they are.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::renumbering::EXPERIMENT_ID;
use crate::data::value::display;
use crate::error::{CopyFinding, CopyRemedy};
use crate::rows::Row;

/// The most rows that a finding shows.
const EXAMPLES: usize = 5;

/// Collects the faults of a table's rows.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    found: BTreeMap<(usize, Fault), (u64, Vec<String>)>,
}

impl Faults {
    /// Adds a row with a fault in the column at a place; `key` has the places of the primary key.
    pub(crate) fn add(&mut self, place: usize, fault: Fault, row: &Row, key: &[usize]) {
        let (count, examples) = self.found.entry((place, fault)).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            let values: Vec<String> = key.iter().map(|place| display(row.get(*place))).collect();
            examples.push(values.join(" "));
        }
    }

    /// Returns one finding a fault.
    pub(crate) fn into_findings(
        self,
        table: &str,
        columns: &[String],
        query: impl Fn(usize, Fault) -> Option<String>,
    ) -> Vec<CopyFinding> {
        let finding =
            |((place, fault), (count, examples)): ((usize, Fault), (u64, Vec<String>))| {
                CopyFinding {
                    table: table.to_owned(),
                    place: columns.get(place).cloned().unwrap_or_default(),
                    problem: fault.to_string(),
                    count,
                    examples,
                    query: query(place, fault),
                    is_skippable: true,
                    is_consequence: fault == Fault::LeftOutParent,
                    remedy: remedy(columns.get(place).map_or("", String::as_str), fault),
                }
            };
        self.found.into_iter().map(finding).collect()
    }
}

/// Returns what makes values of a column fit.
fn remedy(column: &str, fault: Fault) -> Option<CopyRemedy> {
    match fault {
        Fault::TooLarge if column == EXPERIMENT_ID => Some(CopyRemedy::RenumberExperiments),
        Fault::OutsideCharset => Some(CopyRemedy::UnicodeCharset),
        Fault::EqualKey => Some(CopyRemedy::ExactCollation),
        _ => None,
    }
}
