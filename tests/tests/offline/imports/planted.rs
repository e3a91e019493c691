//! Crates that hold a circle, or none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::harness::Check;

use super::circles;

pub(crate) const CHECKS: &[Check] = checks![
    a_circle_of_two,
    a_circle_of_three_through_super,
    a_circle_through_nested_braces,
    a_circle_through_a_path_in_an_expression,
    a_circle_of_descendants,
    a_circle_below_another_module,
    modules_in_braces_and_at_another_path,
    one_direction_is_no_circle,
    a_parent_and_its_child_are_no_circle,
    what_a_parent_exports_is_the_parents,
    what_only_tests_import_does_not_count,
    comments_and_texts_import_nothing,
];

/// The circles of a crate, each by its parent, its children, and what imports what.
fn found(files: &[(&str, &str)]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let files: BTreeMap<PathBuf, &str> =
        files.iter().map(|(file, text)| (PathBuf::from(file), *text)).collect();
    let load = |file: &Path| files.get(file).map(|text| (*text).to_owned());
    let of = |(file, path): &(PathBuf, String)| format!("{} {path}", file.display());
    circles(Path::new("lib.rs"), &load)
        .iter()
        .map(|it| (it.parent.join("::"), it.children.clone(), it.imports.iter().map(of).collect()))
        .collect()
}

/// What [`found`] gives for one circle.
#[track_caller]
fn assert_one(files: &[(&str, &str)], parent: &str, children: &[&str], imports: &[&str]) {
    let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(found(files), [(parent.to_owned(), owned(children), owned(imports))]);
}

fn a_circle_of_two() {
    let files = [
        ("lib.rs", "mod a; pub mod b; pub(crate) mod c;"),
        ("a.rs", "use crate::b::Thing; use crate::c;"),
        ("b.rs", "use crate::a; use std::fmt;"),
        ("c.rs", "fn nothing() {}"),
    ];
    assert_one(&files, "", &["a", "b"], &["a.rs b::Thing", "b.rs a"]);
    let load = |file: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == file);
        found.map(|(_, text)| (*text).to_owned())
    };
    let shown = circles(Path::new("lib.rs"), &load)[0].to_string();
    let lines = ["lib.rs: a circle in crate of a, b", "    a.rs uses b::Thing", "    b.rs uses a"];
    assert_eq!(shown, lines.join("\n"));
}

fn a_circle_of_three_through_super() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use super::b::One as Other;"),
        ("b/mod.rs", "mod inner; use super::c::*;"),
        ("b/inner.rs", "fn nothing() {}"),
        ("c.rs", "mod inner;"),
        ("c/inner.rs", "fn f() { use super::super::a::f; f() }"),
    ];
    let imports = ["a.rs b::One", "b/mod.rs c", "c/inner.rs a::f"];
    assert_one(&files, "", &["a", "b", "c"], &imports);
}

fn a_circle_through_nested_braces() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub use crate::{c::{self, One}, b::{inner::{Two, Three as Four}, five}};"),
        ("b.rs", "pub mod inner { pub struct Two; } use {crate::a::{self}, std::fmt};"),
        ("c.rs", "fn nothing() {}"),
    ];
    let imports = ["a.rs b::five", "a.rs b::inner::Three", "a.rs b::inner::Two", "b.rs a"];
    assert_one(&files, "", &["a", "b"], &imports);
}

fn a_circle_through_a_path_in_an_expression() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", r#"fn f() { println!("{}", crate::b::g()) }"#),
        ("b.rs", "fn g(of: &super::a::Type) -> impl Sized + use<'_> { of.it::<crate::b::Own>() }"),
    ];
    assert_one(&files, "", &["a", "b"], &["a.rs b::g", "b.rs a::Type"]);
}

/// Children stand for what they contain.
fn a_circle_of_descendants() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod one; mod other;"),
        ("a/one.rs", "use crate::b::Thing;"),
        ("a/other.rs", "fn nothing() {}"),
        ("b.rs", "use crate::a::other;"),
    ];
    assert_one(&files, "", &["a", "b"], &["a/one.rs b::Thing", "b.rs a::other"]);
}

fn a_circle_below_another_module() {
    let files = [
        ("lib.rs", "mod top;"),
        ("top/mod.rs", "mod a; mod b;"),
        ("top/a.rs", "use super::b;"),
        ("top/b.rs", "use crate::top::a;"),
    ];
    assert_one(&files, "top", &["a", "b"], &["top/a.rs top::b", "top/b.rs top::a"]);
}

fn modules_in_braces_and_at_another_path() {
    let files = [
        ("lib.rs", r#"mod a { pub(crate) use super::b::Thing; } #[path = "there/it.rs"] mod b;"#),
        ("there/it.rs", "pub struct Thing; fn f() { crate::a::g() }"),
    ];
    assert_one(&files, "", &["a", "b"], &["lib.rs b::Thing", "there/it.rs a::g"]);
}

fn one_direction_is_no_circle() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; use crate::c::Thing;"),
        ("a.rs", "use crate::b; use crate::c;"),
        ("b.rs", "use crate::c::{self};"),
        ("c.rs", "use std::fmt; use self::own::Thing; mod own { use super::Other; }"),
    ];
    assert_eq!(found(&files), []);
}

fn a_parent_and_its_child_are_no_circle() {
    let files = [
        ("lib.rs", "mod a; use a::Thing;"),
        ("a/mod.rs", "mod b; pub(in crate::a) use self::b::Thing; use crate::a::b::Other;"),
        ("a/b.rs", "mod c; use super::Thing; use crate::Root; use super::super::a;"),
        ("a/b/c.rs", "use crate::a::b::*; use super::super::Thing;"),
    ];
    assert_eq!(found(&files), []);
}

fn what_a_parent_exports_is_the_parents() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::Thing;"),
        ("a.rs", "use crate::b;"),
        ("b.rs", "use crate::Thing;"),
    ];
    assert_eq!(found(&files), []);
}

fn what_only_tests_import_does_not_count() {
    let files = [
        ("lib.rs", "mod a; mod b; #[cfg(test)] mod tests;"),
        ("a.rs", "use crate::b; #[cfg(all(test, unix))] #[allow(x)] mod tests { use crate::b; }"),
        (
            "b.rs",
            "#[cfg(test)] use crate::a::{One, Other}; #[cfg(test)] mod tests { use crate::a; }
             #[cfg(test)] fn f(of: crate::a::Type) { super::a::g() } fn h() {}",
        ),
    ];
    assert_eq!(found(&files), []);
}

fn comments_and_texts_import_nothing() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b;"),
        (
            "b.rs",
            r###"//! use crate::a;
            /* use crate::a; */ /// See [`crate::a`].
            const TEXT: &str = "use crate::a;"; const RAW: &str = r#"use crate::a;"#;"###,
        ),
    ];
    assert_eq!(found(&files), []);
}
