//! Circles of imports among the modules of a crate.
//!
//! A module may import from its own descendants, and they from it: what a module re-exports counts as its
//! own. Among the children of one module, though, imports have one direction. A child stands for its
//! descendants there.

mod planted;
mod sources;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use planted::CHECKS;
use sources::{Import, ModulePath, Sources};

/// What the children of one module import from each other, with the reasons.
type Siblings<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a Import>>>;

/// Children of one module that import from each other, directly or not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// The file where the crate begins.
    root: PathBuf,
    parent: ModulePath,
    children: Vec<String>,
    /// An importing file and the path that it names.
    imports: BTreeSet<(PathBuf, String)>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parent = ["crate"].into_iter().chain(self.parent.iter().map(String::as_str));
        let parent = parent.collect::<Vec<_>>().join("::");
        let children = self.children.join(", ");
        write!(f, "{}: a circle in {parent} of {children}", self.root.display())?;
        for (file, path) in &self.imports {
            write!(f, "\n    {} uses {path}", file.display())?;
        }
        Ok(())
    }
}

/// Returns the circles in the crate that begins with a file, read by a function.
///
/// # Panics
/// If a file is missing, or is no Rust.
pub(crate) fn circles(root: &Path, load: &dyn Fn(&Path) -> Option<String>) -> Vec<Circle> {
    let sources = Sources::read(root, load);
    let mut families: BTreeMap<&[String], Siblings<'_>> = BTreeMap::new();
    for import in &sources.imports {
        let (from, to) = (&import.by, sources.module_of(&import.path));
        let common = from.iter().zip(to).take_while(|(one, other)| one == other).count();
        // Otherwise one is the other, or a descendant of it.
        if let (Some(one), Some(other)) = (from.get(common), to.get(common)) {
            let siblings = families.entry(&from[..common]).or_default();
            siblings.entry(one).or_default().entry(other).or_default().push(import);
        }
    }
    let circles = families.iter().flat_map(|(parent, siblings)| {
        components(siblings).into_iter().map(|group| shortest(siblings, &group)).map(|children| {
            Circle {
                root: root.to_owned(),
                parent: parent.to_vec(),
                imports: reasons(siblings, &children),
                children: children.into_iter().map(ToOwned::to_owned).collect(),
            }
        })
    });
    circles.collect()
}

/// The groups of siblings each of which reaches all of its group.
fn components<'a>(siblings: &Siblings<'a>) -> Vec<BTreeSet<&'a str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        siblings.keys().map(|from| (*from, reachable(siblings, from))).collect();
    let is_mutual = |one: &str, other: &str| {
        reach[one].contains(other) && reach.get(other).is_some_and(|back| back.contains(one))
    };
    let groups: BTreeSet<BTreeSet<&str>> = reach
        .iter()
        .map(|(one, reached)| {
            reached.iter().copied().filter(|other| is_mutual(one, other)).collect()
        })
        .collect();
    groups.into_iter().filter(|group| !group.is_empty()).collect()
}

/// What a sibling imports, directly or not; itself, if it is in a circle.
fn reachable<'a>(siblings: &Siblings<'a>, from: &str) -> BTreeSet<&'a str> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(imported) = open.pop().map(|module| siblings.get(module)) {
        for module in imported.into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(*module) {
                open.push(module);
            }
        }
    }
    reached
}

/// Returns the modules of the shortest circle in a group: the first one to open.
fn shortest<'a>(siblings: &Siblings<'a>, group: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let circles = group.iter().filter_map(|start| circle_through(siblings, group, start));
    circles.min_by_key(BTreeSet::len).unwrap_or_default()
}

/// Returns the modules of the shortest circle through one module of a group, found breadth first.
fn circle_through<'a>(
    siblings: &Siblings<'a>,
    group: &BTreeSet<&'a str>,
    start: &'a str,
) -> Option<BTreeSet<&'a str>> {
    let (mut paths, mut seen) = (VecDeque::from([vec![start]]), BTreeSet::new());
    while let Some(path) = paths.pop_front() {
        for next in siblings.get(path.last()?)?.keys().filter(|next| group.contains(*next)) {
            if *next == start {
                return Some(path.into_iter().collect());
            }
            if seen.insert(*next) {
                paths.push_back(path.iter().copied().chain([*next]).collect());
            }
        }
    }
    None
}

/// The imports that make a group a circle.
fn reasons(siblings: &Siblings<'_>, group: &BTreeSet<&str>) -> BTreeSet<(PathBuf, String)> {
    let of_group = group.iter().filter_map(|from| siblings.get(from));
    let within = of_group.flatten().filter(|(to, _)| group.contains(*to));
    within
        .flat_map(|(_, imports)| imports)
        .map(|import| (import.file.clone(), import.path.join("::")))
        .collect()
}
