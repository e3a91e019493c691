use std::collections::BTreeSet;
use std::path::Path;

use mlflow_migrate_core::history::revision::Action;
use mlflow_migrate_core::schema::platform::Platform;

use super::*;

#[test]
fn the_graph_is_one_chain_with_one_head() {
    let graph = tracking().unwrap().graph;
    let last = graph.revisions().last().unwrap();
    assert_eq!(graph.head(), Ok(last.id.as_str()));
    let parents: Vec<Option<&str>> =
        graph.revisions().iter().map(|r| r.parents.first().map(String::as_str)).collect();
    let ids = graph.revisions().iter().map(|r| Some(r.id.as_str()));
    let before: Vec<Option<&str>> = std::iter::once(None).chain(ids).take(parents.len()).collect();
    assert_eq!(parents, before, "listed in the order of the chain");
    assert!(graph.revisions().iter().all(|r| r.parents.len() <= 1));
}

#[test]
fn every_revision_applies_on_every_platform() {
    let catalogue = tracking().unwrap();
    for platform in [
        Platform::SQLITE,
        Platform::POSTGRES,
        Platform::MYSQL_8,
        Platform::MYSQL_5_7,
        Platform::MARIADB,
    ] {
        let states = catalogue.states(&platform).unwrap();
        assert_eq!(states.len(), catalogue.graph.revisions().len() + 1, "{platform:?}");
    }
}

#[test]
fn a_server_that_forgot_its_checks_can_be_upgraded_after_them() {
    let catalogue = tracking().unwrap();
    let mut schema = catalogue.state(Some("cfd24bdc0731"), &Platform::MYSQL_5_7).unwrap();
    assert!(schema.tables["runs"].checks.is_empty());
    let path =
        catalogue.graph.path(Some("cfd24bdc0731"), Some(catalogue.graph.head().unwrap())).unwrap();
    for action in path.iter().flat_map(|revision| revision.actions(&Platform::MYSQL_8)) {
        if let Action::Schema(op) = action {
            schema.apply(op, &Platform::MYSQL_8).unwrap();
        }
    }
}

#[test]
fn every_file_is_named_after_its_revision() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/versions");
    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "mod.rs")
        .collect();
    let graph = tracking().unwrap().graph;
    assert_eq!(files.len(), graph.revisions().len());
    for revision in graph.revisions() {
        let prefix = format!("m{}_", revision.id);
        let named: Vec<&String> = files.iter().filter(|name| name.starts_with(&prefix)).collect();
        let [name] = named[..] else { panic!("{} has the files {named:?}", revision.id) };
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/versions");
        let text = std::fs::read_to_string(directory.join(name)).unwrap();
        assert!(text.contains(&format!("\"{}\"", revision.id)), "{name} defines another revision");
    }
}

#[test]
fn every_release_expects_a_known_revision() {
    let catalogue = tracking().unwrap();
    let expected = catalogue.graph.revisions().iter().map(|r| Some(r.id.as_str()));
    let known: Vec<_> = std::iter::once(None).chain(expected).collect();
    for (release, revision) in releases::TRACKING {
        assert!(known.contains(revision), "{release}");
    }
}

#[test]
fn revisions_have_a_date_and_a_title() {
    for revision in tracking().unwrap().graph.revisions() {
        let is_date = revision.created.len() == 10
            && revision.created.split('-').map(str::len).eq([4, 2, 2])
            && revision.created.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        // MLflow's source has no date for this revision.
        assert!(is_date || revision.id == "8b6ad64cb8f5", "{}: {}", revision.id, revision.created);
        assert!(!revision.title.is_empty() && !revision.title.ends_with('.'), "{}", revision.id);
    }
}

#[test]
fn other_programs_are_told_apart() {
    let catalogue = tracking().unwrap();
    let program = |revision: &str| {
        catalogue.others.iter().find(|one| (one.has_revision)(revision)).map(|one| one.name)
    };
    assert_eq!(program("8606fa83a998"), Some("MLflow's auth app"));
    assert_eq!(program("e5f6a7b8c9d0"), Some("MLflow's auth app"));
    assert_eq!(program("v0.9.0.a"), Some("Optuna"));
    assert_eq!(program("v3.0.0.d"), Some("Optuna"));
    for revision in ["451aebb31d03", "v3.0.0", "v3.0.d", "v3.0.0.dd", "3.0.0.d", "v3..0.d", ""] {
        assert_eq!(program(revision), None, "{revision}");
    }
    let shared: Vec<&str> = catalogue
        .graph
        .revisions()
        .iter()
        .map(|revision| revision.id.as_str())
        .filter(|id| program(id).is_some())
        .collect();
    assert_eq!(shared, ["a1b2c3d4e5f6"]);
}
