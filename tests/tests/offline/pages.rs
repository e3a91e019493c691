//! The links of the Markdown pages: each leads to a file that is there, and to a heading in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::harness::Check;

pub(crate) const CHECKS: &[Check] = checks![every_link_leads_somewhere, anchors_are_as_on_the_web];

/// The folders with pages, from the root of the workspace.
const FOLDERS: [&str; 5] = ["", "docs", "migrations", "benches", "tests/servers"];

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let mut pages = Vec::new();
    for folder in FOLDERS {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// Returns the lines of a page that are no code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Returns the targets of a line's links; code within a line is none.
fn targets(line: &str) -> Vec<&str> {
    let parts = line.split('`').step_by(2);
    parts
        .flat_map(|part| part.split("](").skip(1).filter_map(|rest| rest.split(')').next()))
        .collect()
}

/// Returns a heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Returns the anchors of a page: those of its headings, and those that it sets.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let headings = headings.map(|line| anchor(line.trim_start_matches('#')));
    let set = text.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    headings.chain(set.map(ToOwned::to_owned)).collect()
}

/// Returns what is wrong with a link of a page.
fn problem(page: &Path, target: &str) -> Option<String> {
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { page.to_owned() } else { page.parent()?.join(path) };
    if !path.exists() {
        return Some(format!("{target} is not there"));
    }
    if fragment.is_empty() {
        return None;
    }
    let text = std::fs::read_to_string(&path).unwrap();
    (!anchors(&text).contains(fragment)).then(|| format!("{target} has no such heading"))
}

fn every_link_leads_somewhere() {
    let mut problems = Vec::new();
    let mut followed = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let links = prose(&text).flat_map(targets).filter(|target| !target.contains("://"));
        for target in links {
            followed += 1;
            problems
                .extend(problem(&page, target).map(|what| format!("{}: {what}", page.display())));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert!(followed > 100, "only {followed} links were found");
}

fn anchors_are_as_on_the_web() {
    assert_eq!(anchor(" After MLflow's own failure"), "after-mlflows-own-failure");
    let text = "# A `b` c\n```\n# no heading\n```\n| <a id=\"exit-1\"></a>1 |";
    let expected = ["a-b-c", "exit-1"].map(ToOwned::to_owned);
    assert_eq!(anchors(text), BTreeSet::from(expected));
    assert_eq!(targets("a [b](c) `[d](e)` [`f`](g)"), ["c", "g"]);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    assert!(problem(&page, "docs/exit_codes.md#exit-24").is_none());
    assert!(problem(&page, "docs/exit_codes.md#exit-99").is_some());
    assert!(problem(&page, "docs/no_such_page.md").is_some());
}
