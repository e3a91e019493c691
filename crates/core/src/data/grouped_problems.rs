//! Rows that a data migration cannot take, grouped by what is wrong with them.

use crate::error::RowProblem;

/// One [`RowProblem`] for each obstacle, in the order in which they were found.
pub(super) struct GroupedProblems<Obstacle> {
    /// How many rows of each are named.
    named_rows: usize,
    groups: Vec<(Obstacle, RowProblem)>,
}

impl<Obstacle: Copy + PartialEq> GroupedProblems<Obstacle> {
    /// Returns no problems yet, of each of which so many rows will be named.
    pub(super) fn naming(named_rows: usize) -> Self {
        Self { named_rows, groups: Vec::new() }
    }

    /// Adds a row. `name` says which it is, and `problem` what is wrong in the first one of its group,
    /// which counts no row yet.
    pub(super) fn add(
        &mut self,
        obstacle: Obstacle,
        name: impl FnOnce() -> String,
        problem: impl FnOnce() -> RowProblem,
    ) {
        let place = self.groups.iter().position(|(known, _)| *known == obstacle);
        let place = place.unwrap_or_else(|| {
            self.groups.push((obstacle, problem()));
            self.groups.len() - 1
        });
        if let Some((_, group)) = self.groups.get_mut(place) {
            group.count += 1;
            if group.rows.len() < self.named_rows {
                group.rows.push(name());
            }
        }
    }

    /// Returns the problems.
    pub(super) fn into_problems(self) -> Vec<RowProblem> {
        self.groups.into_iter().map(|(_, problem)| problem).collect()
    }
}
