//! Reads YAML as PyYAML's `safe_load` does, which follows YAML 1.1.
//!
//! The crate `granit-parser` reads the syntax. This module gives values their types, since YAML 1.2
//! would give many plain scalars another type. Depth and size are limited, so a hostile file can
//! exhaust neither stack nor memory, whatever its aliases multiply.

mod builder;
mod line_breaks;
mod scalar;
mod timestamp;
mod value;

use std::path::Path;

use granit_parser::{ErrorKind, Event, Parser, ScanError};

use crate::files;
use crate::reason::Reason;
use builder::{Builder, DEPTH};

pub(crate) use timestamp::days_in;
pub(crate) use value::{Mapping, Yaml};

/// The largest file that describes an entry: 16 MiB.
const LARGEST: u64 = 16 << 20;

/// Returns the document of a file.
pub(crate) fn read(path: &Path) -> Result<Yaml, Reason> {
    load(&files::read_text(path, LARGEST)?)
}

/// Returns the mapping that a file holds.
///
/// `Ok(None)` for an empty document, which MLflow takes like a file that cannot be read.
pub(crate) fn read_mapping(path: &Path) -> Result<Option<Mapping>, Reason> {
    match read(path)? {
        Yaml::Mapping(mapping) => Ok(Some(mapping)),
        Yaml::Null => Ok(None),
        _ => Err(Reason::NotAMapping),
    }
}

/// Returns the only document of a text, or null where it has none.
pub(crate) fn load(text: &str) -> Result<Yaml, Reason> {
    if let Some(character) = text.chars().find(|character| !is_printable(*character)) {
        let problem = format!("the character U+{:04X} is not allowed", u32::from(character));
        return Err(Reason::InvalidYaml(problem));
    }
    let text = line_breaks::for_yaml_1_2(text);
    let options = granit_parser::options! {
        bom_inside_document_as_content: true,
        block_scalar_eof_without_line_feed: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut builder = Builder::default();
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(&text, options) {
        let (event, _) = event.map_err(|error| refusal(&error))?;
        match event {
            Event::DocumentStart(..) => documents += 1,
            event => builder.add(event)?,
        }
        if documents > 1 {
            return Err(Reason::InvalidYaml("it holds more than one document".to_owned()));
        }
    }
    Ok(builder.finish())
}

/// Returns why the parser refuses a text. PyYAML reads deeper nesting than this program.
fn refusal(error: &ScanError) -> Reason {
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => builder::too_deep(),
        _ => Reason::InvalidYaml(error.to_string()),
    }
}

/// Returns whether PyYAML reads a character.
fn is_printable(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
            | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}'
    )
}

#[cfg(test)]
mod tests;
