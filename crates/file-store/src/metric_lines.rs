//! Reads the lines of a metric's file, one at a time.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasher, Hash, RandomState};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The longest line. A metric's line has four numbers at most, and an id or two names.
const LONGEST: u64 = 64 << 10;

/// The keys that are compared at the same time, where lines are not in order: 24 bytes each.
const KEYS_AT_A_TIME: u64 = 1 << 18;

/// Calls a function with the number and the text of each line; `None` if it is no text.
///
/// Lines end where Python's `splitlines` ends them. The function returns whether to read on.
pub(crate) fn for_each(
    path: &Path,
    mut consume: impl FnMut(u64, Option<&str>) -> bool,
) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let has_end = bytes.ends_with(b"\n");
        if !has_end && bytes.len() as u64 == LONGEST {
            skip_line(&mut reader)?;
            number += 1;
            if !consume(number, None) {
                return Ok(());
            }
            continue;
        }
        let Ok(text) = str::from_utf8(&bytes) else {
            number += 1;
            if !consume(number, None) {
                return Ok(());
            }
            continue;
        };
        let line = match text.strip_suffix('\n') {
            Some(line) => line.strip_suffix('\r').unwrap_or(line),
            // Nothing follows the break at the end of a file.
            None => text.strip_suffix(is_break).unwrap_or(text),
        };
        if line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            number += 1;
            if !consume(number, Some(line)) {
                return Ok(());
            }
            continue;
        }
        for part in line.replace("\r\n", "\n").split(is_break) {
            number += 1;
            if !consume(number, Some(part)) {
                return Ok(());
            }
        }
    }
}

/// Reads up to the end of a line that is too long.
fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let (length, is_end) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(position) => (position + 1, true),
            None => (buffer.len(), false),
        };
        reader.consume(length);
        if is_end {
            return Ok(());
        }
    }
}

/// Returns whether Python's `splitlines` ends a line at a character.
fn is_break(character: char) -> bool {
    matches!(
        character,
        '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Finds the lines whose key an earlier line has.
///
/// Most files are in ascending order, and then no key can repeat. Only a file that is not is read
/// again: as often as the memory for its keys asks for.
pub(crate) struct Repetitions<K> {
    last: Option<K>,
    known: Option<HashSet<u64>>,
}

impl<K: Ord + Hash> Repetitions<K> {
    pub(crate) fn new() -> Self {
        Self { last: None, known: None }
    }

    /// Returns whether a line repeats the key of an earlier one.
    ///
    /// `key` gives the key of any line of the file; `None` if the line is malformed.
    pub(crate) fn is_repeated(
        &mut self,
        path: &Path,
        number: u64,
        current: K,
        key: impl Fn(&str) -> Option<K>,
    ) -> io::Result<bool> {
        if let Some(known) = &self.known {
            return Ok(known.contains(&number));
        }
        if self.last.as_ref().is_none_or(|last| *last < current) {
            self.last = Some(current);
            return Ok(false);
        }
        let known = repeated_lines(path, key)?;
        let is_repeated = known.contains(&number);
        self.known = Some(known);
        Ok(is_repeated)
    }
}

fn repeated_lines<K: Hash>(
    path: &Path,
    key: impl Fn(&str) -> Option<K>,
) -> io::Result<HashSet<u64>> {
    let mut lines = 0;
    for_each(path, |number, _| {
        lines = number;
        true
    })?;
    let passes = lines.div_ceil(KEYS_AT_A_TIME).max(1);
    let hashers = [RandomState::new(), RandomState::new()];
    let mut repeated = HashSet::new();
    let mut keys: Vec<([u64; 2], u64)> = Vec::new();
    for pass in 0..passes {
        keys.clear();
        for_each(path, |number, line| {
            if let Some(key) = line.and_then(&key) {
                let hash = hashers.each_ref().map(|hasher| hasher.hash_one(&key));
                if hash[0] % passes == pass {
                    keys.push((hash, number));
                }
            }
            true
        })?;
        keys.sort_unstable();
        let pairs = keys.iter().zip(keys.iter().skip(1));
        repeated.extend(pairs.filter(|(one, next)| one.0 == next.0).map(|(_, next)| next.1));
    }
    Ok(repeated)
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, for_each};

    #[test]
    fn lines_end_where_python_ends_them() {
        let long = format!("a\n{}\nb", "x".repeat(usize::try_from(LONGEST).unwrap() * 2));
        let cases: [(&[u8], &[Option<&str>]); 12] = [
            (b"", &[]),
            (b"a", &[Some("a")]),
            (b"a\n", &[Some("a")]),
            (b"a\nb", &[Some("a"), Some("b")]),
            (b"a\n\n", &[Some("a"), Some("")]),
            (b"a\r\nb\r\n", &[Some("a"), Some("b")]),
            (b"a\rb\r", &[Some("a"), Some("b")]),
            (b"a\r\r\n", &[Some("a"), Some("")]),
            (b"a\x0bb\x1c\n", &[Some("a"), Some("b"), Some("")]),
            ("a\u{2028}b\u{85}".as_bytes(), &[Some("a"), Some("b")]),
            (b"a\n\xff\nb", &[Some("a"), None, Some("b")]),
            (long.as_bytes(), &[Some("a"), None, Some("b")]),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metric");
        for (content, expected) in cases {
            std::fs::write(&path, content).unwrap();
            let mut lines = Vec::new();
            for_each(&path, |number, line| {
                assert_eq!(number, lines.len() as u64 + 1);
                lines.push(line.map(str::to_owned));
                true
            })
            .unwrap();
            let expected: Vec<_> = expected.iter().map(|line| line.map(str::to_owned)).collect();
            assert_eq!(lines, expected);
        }
    }
}
