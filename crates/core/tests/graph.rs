//! Graphs: what is refused, how one gets from one revision to another, and what a target means.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::GraphError;
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::graph::Graph;
use mlflow_migrate_core::history::release::{Release, Releases};
use mlflow_migrate_core::history::revision::{BASE, Revision};
use mlflow_migrate_core::history::target::Target;
use proptest::prelude::*;

/// Revisions written as `id` or `id<parent,parent`.
fn revisions(specification: &str) -> Vec<Revision> {
    let read = |word: &str| {
        let (id, parents) = word.split_once('<').unwrap_or((word, ""));
        let parents = parents.split(',').filter(|parent| !parent.is_empty());
        parents.fold(Revision::new(id), Revision::after)
    };
    specification.split_whitespace().map(read).collect()
}

fn graph(specification: &str) -> Graph {
    Graph::new(revisions(specification)).unwrap()
}

#[test]
fn what_is_no_graph_is_refused_by_name() {
    for (specification, message) in [
        ("a a", "revision a is defined twice"),
        ("a b<x", "revision b follows x, which does not exist"),
        ("a<b b<a", "revisions follow each other in a circle: a, b"),
        ("a b<a c<d,a d<c", "revisions follow each other in a circle: c, d"),
        ("a<a", "revisions follow each other in a circle: a"),
    ] {
        let error = Graph::new(revisions(specification)).unwrap_err();
        assert_eq!(error.to_string(), message, "{specification}");
    }
}

#[test]
fn one_head_is_needed_to_go_there() {
    assert_eq!(graph("a b<a").head(), Ok("b"));
    assert_eq!(graph("").head(), Err(GraphError::Empty));
    let message = graph("a b<a c<a").head().unwrap_err().to_string();
    assert_eq!(message, "the graph has several heads: b, c");
    assert_eq!(graph("a b<a c<a d<b,c").head(), Ok("d"));
}

#[test]
fn paths_take_every_revision_that_is_due_and_no_other() {
    let branched = "d<b,c a b<a c<a e<d";
    for (from, to, expected) in [
        (None, Some("e"), Some("a b c d e")),
        (None, None, Some("")),
        (Some("b"), Some("d"), Some("c d")),
        (Some("d"), Some("e"), Some("e")),
        (Some("e"), Some("e"), Some("")),
        (Some("b"), Some("c"), None),
        (Some("e"), Some("a"), None),
        (Some("a"), None, None),
    ] {
        let graph = graph(branched);
        let path = graph.path(from, to).map(|path| {
            path.iter().map(|revision| revision.id.as_str()).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(path.as_deref(), expected, "{from:?} to {to:?}");
    }
}

fn catalogue() -> Catalogue {
    let heads = [
        ("0.9.1", None),
        ("1.0.0", Some("aa1")),
        ("1.13", Some("ab2")),
        ("2.9.0", Some("ab2")),
        ("2.9.2", Some("bb3")),
    ];
    Catalogue {
        name: GraphName::Tracking,
        base: Vec::new(),
        marks: Vec::new(),
        companions: Vec::new(),
        impossible: Vec::new(),
        graph: graph("aa1 ab2<aa1 bb3<ab2"),
        releases: Releases::new(heads),
        others: Vec::new(),
    }
}

#[test]
fn targets_are_ids_prefixes_steps_and_releases() {
    for (text, current, expected) in [
        ("head", None, Some("bb3")),
        ("base", None, None),
        ("ab2", None, Some("ab2")),
        ("ab", None, Some("ab2")),
        ("b", None, Some("bb3")),
        ("+1", None, Some("aa1")),
        ("+2", Some("aa1"), Some("bb3")),
        ("+0", Some("aa1"), Some("aa1")),
        ("0.9.1", None, None),
        ("1.0", None, Some("aa1")),
        ("v1.0.0", None, Some("aa1")),
        ("1.13.0", None, Some("ab2")),
        ("1.13.7", None, Some("ab2")),
        ("2.9", None, Some("ab2")),
        ("2.9.1", None, Some("ab2")),
        ("2.9.2", None, Some("bb3")),
        ("2.9.9", None, Some("bb3")),
        ("2.9.x", None, Some("bb3")),
        ("v1.13.*", None, Some("ab2")),
        ("mlflow==2.9.1", None, Some("ab2")),
        ("mlflow==2.9.x", None, Some("bb3")),
        ("heads", None, Some("bb3")),
        ("latest", None, Some("bb3")),
    ] {
        let resolved = Target::parse(text).resolve(&catalogue(), current);
        assert_eq!(resolved.unwrap().as_deref(), expected, "{text}");
    }
}

#[test]
fn targets_that_mean_nothing_are_refused() {
    for (text, message) in [
        ("", "no revision or MLflow release is called "),
        ("x", "no revision or MLflow release is called x"),
        ("a", "a could be any of aa1, ab2"),
        ("+4", "+4 goes beyond the newest revision: only 3 more are known"),
        ("3.0", "MLflow 3.0 is not known to this version of mlflow-migrate"),
        ("3.0.x", "MLflow 3.0.x is not known to this version of mlflow-migrate"),
        ("2.9.2.x", "no revision or MLflow release is called 2.9.2.x"),
        ("2.x", "no revision or MLflow release is called 2.x"),
        ("2.9.2.1", "no revision or MLflow release is called 2.9.2.1"),
    ] {
        let error: Error = Target::parse(text).resolve(&catalogue(), None).unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
    }
}

#[test]
fn releases_are_numbers() {
    assert!(Release::parse("2.10").unwrap() > Release::parse("2.9.2").unwrap());
    for text in ["", "2", "2.", "2.x", "2.9.2.1", "+2.9", "2.9rc1", "99999999999.0"] {
        assert!(Release::parse(text).is_none(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_order_of_revisions_makes_the_same_graph(
        parents in proptest::collection::vec(any::<(prop::sample::Index, bool)>(), 1..30),
        order in any::<prop::sample::Index>(),
    ) {
        let mut made = Vec::new();
        for (number, (parent, is_root)) in parents.iter().enumerate() {
            let parent = (number > 0 && !is_root).then(|| format!("r{}", parent.index(number)));
            made.push(Revision::new(&format!("r{number}")).after(parent.as_deref().unwrap_or(BASE)));
        }
        let pivot = order.index(made.len());
        made.rotate_left(pivot);
        let graph = Graph::new(made).unwrap();
        for (position, revision) in graph.revisions().iter().enumerate() {
            for parent in &revision.parents {
                let before = &graph.revisions()[..position];
                prop_assert!(before.iter().any(|earlier| earlier.id == *parent));
            }
            let path = graph.path(None, Some(&revision.id)).unwrap();
            prop_assert_eq!(&path.last().unwrap().id, &revision.id);
        }
    }
}
