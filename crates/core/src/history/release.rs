//! Maps MLflow releases to the revisions that they expect.

use std::cmp::Ordering;
use std::fmt;

/// An MLflow release number: `2.9` equals `2.9.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    text: String,
    numbers: [u32; 3],
}

impl Release {
    /// Parses `2.9` or `2.9.2`; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 3];
        let parts: Vec<&str> = text.split('.').collect();
        if !(2..=3).contains(&parts.len()) {
            return None;
        }
        for (number, part) in numbers.iter_mut().zip(&parts) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *number = part.parse().ok()?;
        }
        Some(Self { text: text.to_owned(), numbers })
    }

    /// Parses `2.9.x` or `2.9.*` as the newest patch release of 2.9; `None` for any other text.
    #[must_use]
    pub(crate) fn newest_patch(text: &str) -> Option<Self> {
        let minor = text.strip_suffix(".x").or_else(|| text.strip_suffix(".*"))?;
        let Self { numbers: [major, minor, 0], .. } = Self::parse(minor)? else { return None };
        Some(Self { text: text.to_owned(), numbers: [major, minor, u32::MAX] })
    }

    /// Returns the name of all releases that differ from this one in the patch number only.
    fn all_patches(&self) -> String {
        format!("{}.{}.x", self.numbers[0], self.numbers[1])
    }

    fn same_minor(&self, other: &Self) -> bool {
        self.numbers[..2] == other.numbers[..2]
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialOrd for Release {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Release {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers)
    }
}

/// The revision that each known release expects, oldest release first.
///
/// `None` is the base schema.
#[derive(Clone, Debug, Default)]
pub struct Releases {
    heads: Vec<(Release, Option<String>)>,
}

impl Releases {
    /// Collects pairs of a release number and its revision.
    ///
    /// Pairs without a valid release number are left out.
    #[must_use]
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let mut heads: Vec<_> = pairs
            .into_iter()
            .filter_map(|(text, id)| Some((Release::parse(text)?, id.map(ToOwned::to_owned))))
            .collect();
        heads.sort_by(|one, other| one.0.cmp(&other.0));
        Self { heads }
    }

    /// Returns the revision that a release expects.
    ///
    /// The outer `None` means that the release is unknown. An unlisted patch release expects the
    /// revision of the latest listed release before it, in the same minor release. MLflow changes
    /// its schema only in listed releases.
    #[must_use]
    pub fn revision_of(&self, release: &Release) -> Option<Option<&str>> {
        let candidates = self.heads.iter().filter(|(known, _)| known.same_minor(release));
        let latest = candidates.clone().rfind(|(known, _)| known <= release);
        latest.or_else(|| candidates.clone().next()).map(|(_, id)| id.as_deref())
    }

    /// Returns the releases that expect exactly this revision, oldest first.
    ///
    /// `3.0.x` stands for every release of 3.0, listed or not, since all of them expect the revision.
    /// If the releases of a minor expect different revisions, only listed numbers are returned.
    #[must_use]
    pub fn expecting(&self, revision: Option<&str>) -> Vec<String> {
        let mut expecting = Vec::new();
        for minor in self.heads.chunk_by(|(one, _), (next, _)| one.same_minor(next)) {
            let mut matching = minor
                .iter()
                .filter(|(_, id)| id.as_deref() == revision)
                .map(|(release, _)| release);
            if minor.iter().all(|(_, id)| id.as_deref() == revision) {
                expecting.extend(matching.next().map(Release::all_patches));
            } else {
                expecting.extend(matching.map(ToString::to_string));
            }
        }
        expecting
    }

    /// Returns the releases that expect the first revision and not the second one, oldest first.
    #[must_use]
    pub fn outdated(&self, from: Option<&str>, to: Option<&str>) -> Vec<String> {
        if from == to { Vec::new() } else { self.expecting(from) }
    }

    /// Returns the first listed release that has the revision.
    ///
    /// `includes` returns whether a release's own revision is the wanted one, or follows it.
    pub fn first_with(&self, includes: impl Fn(Option<&str>) -> bool) -> Option<&Release> {
        self.heads.iter().find(|(_, id)| includes(id.as_deref())).map(|(release, _)| release)
    }

    /// Returns the oldest listed release.
    #[must_use]
    pub fn oldest(&self) -> Option<&Release> {
        self.heads.first().map(|(release, _)| release)
    }

    /// Returns the newest listed release.
    #[must_use]
    pub fn newest(&self) -> Option<&Release> {
        self.heads.last().map(|(release, _)| release)
    }
}

#[cfg(test)]
mod tests {
    use super::Releases;

    #[test]
    fn a_minor_whose_releases_agree_stands_for_all_its_patches() {
        let releases = Releases::new([
            ("2.9", Some("a")),
            ("3.0.0", Some("b")),
            ("3.0.2", Some("b")),
            ("3.1.0", Some("b")),
            ("3.2.0", Some("c")),
            ("3.2.1", Some("d")),
            ("3.3.0", Some("d")),
        ]);
        let table: [(Option<&str>, &[&str]); 5] = [
            (Some("a"), &["2.9.x"]),
            (Some("b"), &["3.0.x", "3.1.x"]),
            (Some("c"), &["3.2.0"]),
            (Some("d"), &["3.2.1", "3.3.x"]),
            (None, &[]),
        ];
        for (revision, expected) in table {
            assert_eq!(releases.expecting(revision), expected, "{revision:?}");
        }
        assert_eq!(releases.outdated(Some("b"), Some("d")), ["3.0.x", "3.1.x"]);
        assert!(releases.outdated(Some("b"), Some("b")).is_empty());
    }
}
