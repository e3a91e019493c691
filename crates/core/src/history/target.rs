//! Resolves the state to which the user wants to upgrade.

use crate::error::Error;
use crate::error::TargetError;
use crate::history::catalogue::Catalogue;
use crate::history::release::Release;
use crate::url::without_password;

/// A state to upgrade to, as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The newest revision.
    Head,
    /// The schema before the first revision.
    Base,
    /// The revision a number of steps ahead.
    Relative(usize),
    /// A revision's id, its beginning, or an MLflow release: `2.9.2`, or `2.9.x` for its newest patch.
    Named(String),
}

impl Target {
    /// Parses a target.
    ///
    /// Any text is valid; [`Target::resolve`] checks whether the target exists.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        // As a requirement of pip's names it.
        let text = text.strip_prefix("mlflow==").unwrap_or(text);
        match text {
            "head" | "heads" | "latest" => Self::Head,
            "base" => Self::Base,
            _ => match text.strip_prefix('+').and_then(|number| number.parse().ok()) {
                Some(number) => Self::Relative(number),
                None => Self::Named(text.to_owned()),
            },
        }
    }

    /// Returns the revision of the target, given the current one; `None` is the base schema.
    ///
    /// # Errors
    /// If no such revision or release exists, or the name is ambiguous.
    pub fn resolve(
        &self,
        catalogue: &Catalogue,
        current: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let head = catalogue.graph.head()?;
        match self {
            Self::Head => Ok(Some(head.to_owned())),
            Self::Base => Ok(None),
            Self::Relative(0) => Ok(current.map(ToOwned::to_owned)),
            Self::Relative(steps) => {
                let path = catalogue.graph.path(current, Some(head)).unwrap_or_default();
                match path.get(steps - 1) {
                    Some(revision) => Ok(Some(revision.id.clone())),
                    None => Err(Error::Target(TargetError::TargetTooFar {
                        steps: *steps,
                        available: path.len(),
                    })),
                }
            }
            Self::Named(name) => resolve_name(name, catalogue),
        }
    }
}

fn resolve_name(name: &str, catalogue: &Catalogue) -> Result<Option<String>, Error> {
    if catalogue.graph.get(name).is_some() {
        return Ok(Some(name.to_owned()));
    }
    let number = name.strip_prefix('v').unwrap_or(name);
    if let Some(release) = Release::parse(number).or_else(|| Release::newest_patch(number)) {
        return match catalogue.releases.revision_of(&release) {
            Some(revision) => Ok(revision.map(ToOwned::to_owned)),
            None => Err(Error::Target(TargetError::UnknownRelease {
                release: release.to_string(),
                newest: catalogue.releases.newest().map(ToString::to_string).unwrap_or_default(),
            })),
        };
    }
    let candidates = if name.is_empty() { Vec::new() } else { catalogue.graph.with_prefix(name) };
    match candidates.as_slice() {
        [id] => Ok(Some((*id).to_owned())),
        // The name may be a URL that was meant for another argument.
        [] => Err(Error::Target(TargetError::UnknownTarget { target: without_password(name) })),
        ids => Err(Error::Target(TargetError::AmbiguousTarget {
            target: name.to_owned(),
            candidates: ids.iter().map(ToString::to_string).collect(),
        })),
    }
}
