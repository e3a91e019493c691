//! Makes values of a parser's events, without recursion.

use std::collections::HashMap;

use granit_parser::{Event, ScalarStyle, Tag};

use super::scalar;
use super::value::{Mapping, Yaml};
use crate::reason::Reason;

/// The deepest nesting of collections.
pub(super) const DEPTH: usize = 100;

/// The number of values that a document may have, copies by aliases among them.
const NODES: usize = 1_000_000;

/// The bytes of text that aliases may copy.
const COPIED_BYTES: usize = 16 << 20;

/// Makes one document of events.
#[derive(Default)]
pub(super) struct Builder {
    open: Vec<Collection>,
    document: Option<Yaml>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    copied_bytes: usize,
}

/// A collection whose end has not been read.
struct Collection {
    anchor: usize,
    /// The number of nested collections below.
    height: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Yaml>),
    Mapping { pairs: Vec<(Yaml, Yaml)>, key: Option<Key> },
}

/// A key that waits for its value.
enum Key {
    Plain(Yaml),
    /// `<<`, which adds the pairs of its value.
    Merge,
}

/// A value that aliases copy.
struct Anchored {
    value: Yaml,
    height: usize,
    nodes: usize,
    bytes: usize,
}

fn unsupported(problem: &'static str) -> Reason {
    Reason::UnsupportedYaml(problem)
}

/// Returns that collections are nested too deeply.
pub(super) fn too_deep() -> Reason {
    unsupported("it is nested too deeply")
}

fn invalid(problem: &str) -> Reason {
    Reason::InvalidYaml(problem.to_owned())
}

impl Builder {
    /// Returns the document; null if it is empty.
    pub(super) fn finish(self) -> Yaml {
        self.document.unwrap_or(Yaml::Null)
    }

    /// Adds an event.
    pub(super) fn add(&mut self, event: Event<'_>) -> Result<(), Reason> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                if is_plain && tag.is_none() && text == "<<" {
                    return self.add_merge();
                }
                let tag = tag.as_deref().map(tag_name);
                let value = scalar::resolve(text, is_plain, tag.as_deref())?;
                self.add_value(value, anchor, 0)
            }
            Event::SequenceStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), scalar::SEQUENCE)?;
                self.begin(anchor, Content::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), scalar::MAPPING)?;
                self.begin(anchor, Content::Mapping { pairs: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.add_alias(anchor),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, content: Content) -> Result<(), Reason> {
        if self.open.len() >= DEPTH {
            return Err(too_deep());
        }
        self.open.push(Collection { anchor, height: 0, content });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Reason> {
        let Some(Collection { anchor, height, content }) = self.open.pop() else {
            return Ok(());
        };
        let value = match content {
            Content::Sequence(items) => Yaml::Sequence(items),
            Content::Mapping { pairs, .. } => Yaml::Mapping(Mapping::from_pairs(pairs)?),
        };
        self.add_value(value, anchor, height + 1)
    }

    fn add_alias(&mut self, anchor: usize) -> Result<(), Reason> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(unsupported("a collection contains itself"));
        };
        let (value, height) = (anchored.value.clone(), anchored.height);
        self.nodes += anchored.nodes;
        self.copied_bytes += anchored.bytes;
        self.add_value(value, 0, height)
    }

    /// Adds a value to the innermost open collection.
    fn add_value(&mut self, value: Yaml, anchor: usize, height: usize) -> Result<(), Reason> {
        self.nodes += 1;
        if anchor != 0 {
            let (nodes, bytes) = size(&value);
            self.nodes += nodes;
            self.copied_bytes += bytes;
            self.check_size()?;
            let anchored = Anchored { value: value.clone(), height, nodes, bytes };
            self.anchors.insert(anchor, anchored);
        }
        self.check_size()?;
        if self.open.len() + height > DEPTH {
            return Err(too_deep());
        }
        let Some(collection) = self.open.last_mut() else {
            self.document = Some(value);
            return Ok(());
        };
        collection.height = collection.height.max(height);
        match &mut collection.content {
            Content::Sequence(items) => items.push(value),
            Content::Mapping { pairs, key } => match key.take() {
                None => *key = Some(Key::Plain(value)),
                Some(Key::Plain(key)) => pairs.push((key, value)),
                Some(Key::Merge) => merge(pairs, value)?,
            },
        }
        Ok(())
    }

    fn check_size(&self) -> Result<(), Reason> {
        if self.nodes > NODES || self.copied_bytes > COPIED_BYTES {
            return Err(unsupported("it has too many values"));
        }
        Ok(())
    }

    fn add_merge(&mut self) -> Result<(), Reason> {
        match self.open.last_mut().map(|collection| &mut collection.content) {
            Some(Content::Mapping { key: key @ None, .. }) => {
                *key = Some(Key::Merge);
                Ok(())
            }
            _ => Err(invalid("<< is no key")),
        }
    }
}

/// Puts the pairs of a merged value before the others, which take precedence.
fn merge(pairs: &mut Vec<(Yaml, Yaml)>, value: Yaml) -> Result<(), Reason> {
    let mut merged = match value {
        Yaml::Mapping(mapping) => mapping.into_pairs(),
        Yaml::Sequence(items) => {
            let mut merged = Vec::new();
            for item in items.into_iter().rev() {
                let Yaml::Mapping(mapping) = item else {
                    return Err(invalid("<< has a value that is no mapping"));
                };
                merged.append(&mut mapping.into_pairs());
            }
            merged
        }
        _ => return Err(invalid("<< has a value that is no mapping")),
    };
    merged.append(pairs);
    *pairs = merged;
    Ok(())
}

/// Returns the number of values within a value, and the bytes of their texts.
///
/// The depth of values is limited, and so is the recursion.
fn size(value: &Yaml) -> (usize, usize) {
    let add = |(nodes, bytes): (usize, usize), value: &Yaml| {
        let (more_nodes, more_bytes) = size(value);
        (nodes + more_nodes, bytes + more_bytes)
    };
    match value {
        Yaml::Text(text) | Yaml::BigInteger(text) | Yaml::Timestamp(text) => (1, text.len()),
        Yaml::Sequence(items) => items.iter().fold((1, 0), add),
        Yaml::Mapping(mapping) => {
            mapping.iter().fold((1, 0), |sum, (key, value)| add(add(sum, key), value))
        }
        Yaml::Null | Yaml::Bool(_) | Yaml::Integer(_) | Yaml::Float(_) => (1, 0),
    }
}

/// Returns the full name of a tag.
fn tag_name(tag: &Tag) -> String {
    format!("{}{}", tag.handle(), tag.suffix())
}

fn check_tag(tag: Option<&Tag>, expected: &str) -> Result<(), Reason> {
    match tag.map(tag_name) {
        None => Ok(()),
        Some(name) if name == expected || name == "!" => Ok(()),
        Some(name) => Err(scalar::other_tag(&name)),
    }
}
