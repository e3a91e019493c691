//! The tables of `docs/connections.md`, for tests that go through their rows: none is without a case.
//! Those of both backends include this file.

use std::collections::BTreeSet;

const CONNECTIONS: &str = include_str!("../../../docs/connections.md");

/// What the table under a heading says of each row: its first column, and its last.
fn rows(heading: &str) -> Vec<(&'static str, &'static str)> {
    let is_heading =
        |line: &&str| line.starts_with('#') && line.trim_start_matches('#').trim() == heading;
    let mut lines = CONNECTIONS.lines().skip_while(|line| !is_heading(line));
    assert!(lines.next().is_some(), "there is no {heading}");
    let lines = lines.skip_while(|line| !line.starts_with('|'));
    let cells = |line: &'static str| {
        let line = line.trim_matches('|');
        let last = line.rsplit('|').next().unwrap_or_default();
        (line.split('|').next().unwrap_or_default().trim(), last.trim())
    };
    lines.take_while(|line| line.starts_with('|')).skip(2).map(cells).collect()
}

/// Makes sure that exactly the rows of the table have cases, and that those are refused of which the
/// table says nothing else.
pub(crate) fn assert_covered(heading: &str, cases: &[(&str, bool)]) {
    let rows = rows(heading);
    let documented: BTreeSet<&str> = rows.iter().map(|(row, _)| *row).collect();
    let tested: BTreeSet<&str> = cases.iter().map(|(row, _)| *row).collect();
    assert_eq!(documented, tested);
    for (row, here) in rows {
        let mut own = cases.iter().filter(|(tested, _)| *tested == row);
        let is_refused = here.contains("refused");
        assert_eq!(own.any(|(_, is_refused)| *is_refused), is_refused, "{row}");
    }
}
