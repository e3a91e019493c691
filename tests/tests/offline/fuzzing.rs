//! What `fuzz/` asserts of any text, asserted of its corpus, and of what comes of that by chance.

use std::path::Path;

use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::fuzzing;
use mlflow_migrate_tests::harness::Check;
use proptest::prelude::*;

pub(crate) const CHECKS: &[Check] = checks![definitions, urls];

/// How many texts are made of a corpus, unless this variable says so.
const CASES: (&str, u32) = ("MLFLOW_MIGRATE_FUZZ_CASES", 500);

fn corpus(name: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// Cuts one text open, and puts a piece of another one, or something of its own, in between.
fn mutated(corpus: Vec<String>, pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let text = prop::sample::select(corpus);
    let place = any::<prop::sample::Index>;
    let own = prop_oneof![
        prop::sample::select(pieces).prop_map(ToOwned::to_owned),
        "\\PC{0,4}",
        any::<char>().prop_map(String::from),
    ];
    let own = prop::collection::vec(own, 0..3);
    (text.clone(), text, own, [place(), place(), place(), place()]).prop_map(
        |(text, other, own, [start, end, from, to])| {
            let cut = |text: &str, place: prop::sample::Index| {
                let mut at = place.index(text.len() + 1);
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let (start, end) = (cut(&text, start), cut(&text, end));
            let (from, to) = (cut(&other, from), cut(&other, to));
            let piece = other.get(from..to).filter(|piece| piece.len() < 40).unwrap_or_default();
            let rest = text.get(end..).unwrap_or_default();
            format!("{}{}{piece}{rest}", &text[..start], own.concat())
        },
    )
}

fn run(corpus: Vec<String>, pieces: &'static [&'static str], body: fn(&str)) {
    corpus.iter().for_each(|text| body(text));
    let (variable, default) = CASES;
    let cases = std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    proptest!(config, |(text in mutated(corpus, pieces))| body(&text));
}

fn definitions() {
    const PIECES: &[&str] = &[
        "'",
        "\"",
        "`",
        "[",
        "]",
        "(",
        ")",
        ",",
        "--",
        "\n",
        "/*",
        "*/",
        " ",
        "''",
        ";",
        "DEFAULT ",
        " NOT NULL",
        " CHECK (1)",
        " COLLATE x",
        " UNIQUE",
        " AS (1)",
        "CONSTRAINT ",
        " INT",
        "\0",
    ];
    run(corpus("ddl"), PIECES, fuzzing::ddl);
}

fn urls() {
    const PIECES: &[&str] = &[
        "@", ":", "/", "//", "?", "&", "=", "%", "%40", "%00", "%ff", "[", "]", "+", "#", ",", "..",
    ];
    run(corpus("urls"), PIECES, fuzzing::urls);
}
