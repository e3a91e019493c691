//! Orders revisions in a graph, and finds the path from one revision to another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::error::GraphError;
use crate::history::revision::Revision;

/// Revisions, in an order in which each follows its parents.
#[derive(Clone, Debug)]
pub struct Graph {
    revisions: Vec<Revision>,
    positions: HashMap<String, usize>,
}

impl Graph {
    /// Checks revisions, and sorts them so that parents come first.
    ///
    /// # Errors
    /// If ids are not unique, a parent is unknown, or the revisions contain a cycle.
    pub fn new(revisions: Vec<Revision>) -> Result<Self, GraphError> {
        let ids = unique_ids(&revisions)?;
        for revision in &revisions {
            if let Some(parent) = revision.parents.iter().find(|parent| !ids.contains(*parent)) {
                let (id, parent) = (revision.id.clone(), parent.clone());
                return Err(GraphError::UnknownParent { id, parent });
            }
        }
        let revisions = parents_first(revisions)?;
        let positions = revisions.iter().map(|revision| revision.id.clone()).zip(0..).collect();
        Ok(Self { revisions, positions })
    }

    /// Returns every revision, parents first.
    #[must_use]
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// Returns the revision of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Revision> {
        self.revisions.get(*self.positions.get(id)?)
    }

    /// Returns the ids of the revisions that no other revision follows.
    #[must_use]
    pub fn heads(&self) -> Vec<&str> {
        let followed: BTreeSet<&String> =
            self.revisions.iter().flat_map(|revision| &revision.parents).collect();
        let ids = self.revisions.iter().map(|revision| &revision.id);
        ids.filter(|id| !followed.contains(id)).map(String::as_str).collect()
    }

    /// Returns the only head.
    ///
    /// # Errors
    /// If the graph has no head, or more than one.
    pub fn head(&self) -> Result<&str, GraphError> {
        match self.heads().as_slice() {
            [head] => Ok(head),
            [] => Err(GraphError::Empty),
            heads => Err(GraphError::SeveralHeads {
                heads: heads.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    /// Returns the revisions whose id begins with `prefix`.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Vec<&str> {
        let ids = self.revisions.iter().map(|revision| revision.id.as_str());
        ids.filter(|id| id.starts_with(prefix)).collect()
    }

    /// Returns whether `id` comes before `later`, or equals it.
    ///
    /// `None` is the base schema, which comes before all revisions.
    #[must_use]
    pub fn is_ancestor(&self, id: Option<&str>, later: Option<&str>) -> bool {
        match (id, later) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(id), Some(later)) => self.with_ancestors(later).contains(id),
        }
    }

    /// Returns the revisions to apply, in order, from one state to a later one.
    ///
    /// As an argument, `None` is the base schema. Returns `None` if `to` does not follow `from`.
    #[must_use]
    pub fn path(&self, from: Option<&str>, to: Option<&str>) -> Option<Vec<&Revision>> {
        if !self.is_ancestor(from, to) {
            return None;
        }
        let done = from.map_or_else(BTreeSet::new, |from| self.with_ancestors(from));
        let wanted = to.map_or_else(BTreeSet::new, |to| self.with_ancestors(to));
        let is_due =
            |revision: &&Revision| wanted.contains(&*revision.id) && !done.contains(&*revision.id);
        Some(self.revisions.iter().filter(is_due).collect())
    }

    fn with_ancestors(&self, id: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut pending: Vec<&Revision> = self.get(id).into_iter().collect();
        while let Some(revision) = pending.pop() {
            if found.insert(revision.id.as_str()) {
                pending.extend(revision.parents.iter().filter_map(|parent| self.get(parent)));
            }
        }
        found
    }
}

fn unique_ids(revisions: &[Revision]) -> Result<BTreeSet<String>, GraphError> {
    let mut ids = BTreeSet::new();
    for revision in revisions {
        if !ids.insert(revision.id.clone()) {
            return Err(GraphError::Duplicate { id: revision.id.clone() });
        }
    }
    Ok(ids)
}

/// Sorts by Kahn's algorithm; of the revisions that can come next, the one given first is next.
fn parents_first(revisions: Vec<Revision>) -> Result<Vec<Revision>, GraphError> {
    let mut remaining: BTreeMap<usize, Revision> = (0..).zip(revisions).collect();
    let mut placed: BTreeSet<String> = BTreeSet::new();
    let mut ordered = Vec::with_capacity(remaining.len());
    while !remaining.is_empty() {
        let next = remaining
            .iter()
            .find(|(_, revision)| revision.parents.iter().all(|parent| placed.contains(parent)))
            .map(|(position, _)| *position);
        let Some(revision) = next.and_then(|position| remaining.remove(&position)) else {
            let ids = remaining.into_values().map(|revision| revision.id).collect();
            return Err(GraphError::Cycle { ids });
        };
        placed.insert(revision.id.clone());
        ordered.push(revision);
    }
    Ok(ordered)
}
