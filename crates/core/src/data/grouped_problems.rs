//! Groups the rows that a data migration refuses by their problem.

use crate::error::RowProblem;

/// One [`RowProblem`] for each obstacle, in the order of their discovery.
pub(super) struct GroupedProblems<Obstacle> {
    /// The number of rows named per group.
    named_rows: usize,
    groups: Vec<(Obstacle, RowProblem)>,
}

impl<Obstacle: Copy + PartialEq> GroupedProblems<Obstacle> {
    /// Returns an empty collection that names at most `named_rows` rows per group.
    pub(super) fn naming(named_rows: usize) -> Self {
        Self { named_rows, groups: Vec::new() }
    }

    /// Adds a row.
    ///
    /// `name` returns the row's name. `problem` returns the problem of the first row of its group,
    /// with a count of 0.
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

    /// Returns the collected problems.
    pub(super) fn into_problems(self) -> Vec<RowProblem> {
        self.groups.into_iter().map(|(_, problem)| problem).collect()
    }
}
