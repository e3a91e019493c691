//! The modules of a crate, and what they import from each other, as its sources say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The names of a module's ancestors from the crate's root on, which has none, and its own.
pub(super) type ModulePath = Vec<String>;

/// A path within the crate that a module names, in `use` or elsewhere.
#[derive(Debug)]
pub(super) struct Import {
    /// The module.
    pub(super) by: ModulePath,
    /// The file that holds it.
    pub(super) file: PathBuf,
    /// The path from the crate's root on.
    pub(super) path: Vec<String>,
}

/// What a crate's files hold outside of `#[cfg(test)]`.
#[derive(Debug, Default)]
pub(super) struct Sources {
    modules: BTreeSet<ModulePath>,
    /// All imports.
    pub(super) imports: Vec<Import>,
}

/// A module while it is read.
struct Module<'a> {
    path: ModulePath,
    file: &'a Path,
    /// Where the files of its children are.
    folder: PathBuf,
}

impl Sources {
    /// Reads a crate from its first file on.
    ///
    /// # Panics
    /// If a file is missing, or is no Rust.
    pub(super) fn read(root: &Path, load: &dyn Fn(&Path) -> Option<String>) -> Self {
        let mut sources = Self::default();
        let folder = root.parent().unwrap_or(Path::new("")).to_owned();
        sources.read_file(load, root, Vec::new(), folder);
        sources
    }

    /// The module that holds what a path names.
    pub(super) fn module_of<'a>(&self, path: &'a [String]) -> &'a [String] {
        let is_module = |length: &usize| self.modules.contains(&path[..*length]);
        &path[..(1..=path.len()).rev().find(is_module).unwrap_or(0)]
    }

    fn read_file(
        &mut self,
        load: &dyn Fn(&Path) -> Option<String>,
        file: &Path,
        path: ModulePath,
        folder: PathBuf,
    ) {
        let text = load(file).unwrap_or_else(|| panic!("{} cannot be read", file.display()));
        let tokens: TokenStream =
            text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.modules.insert(path.clone());
        self.read_tokens(load, &Module { path, file, folder }, tokens);
    }

    /// Reads items, statements or expressions; a macro's, too.
    fn read_tokens(
        &mut self,
        load: &dyn Fn(&Path) -> Option<String>,
        module: &Module<'_>,
        tokens: TokenStream,
    ) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        let mut file_of_next = None;
        while let [first, after @ ..] = rest {
            rest = match (first, after) {
                (mark, [TokenTree::Group(attribute), after @ ..]) if is_punct(mark, '#') => {
                    file_of_next = path_attribute(attribute).or(file_of_next);
                    if is_test(attribute) { after_item(after) } else { after }
                }
                (TokenTree::Ident(word), [TokenTree::Ident(name), then, after @ ..])
                    if word == "mod" =>
                {
                    self.read_module(load, module, &name.to_string(), file_of_next.take(), then);
                    after
                }
                // Not the `use<…>` of a type.
                (TokenTree::Ident(word), [next, ..]) if word == "use" && !is_punct(next, '<') => {
                    let is_end = |token: &TokenTree| is_punct(token, ';');
                    let end = after.iter().position(is_end).unwrap_or(after.len());
                    for path in use_paths(&after[..end]) {
                        self.import(module, &path);
                    }
                    &after[end..]
                }
                (TokenTree::Ident(word), _) if word == "crate" || word == "super" => {
                    let (path, after) = split_path(rest);
                    // Alone it is a visibility.
                    if path.len() > 1 {
                        self.import(module, &path);
                    }
                    after
                }
                (TokenTree::Group(group), after) => {
                    self.read_tokens(load, module, group.stream());
                    after
                }
                _ => after,
            };
        }
    }

    /// Reads a module in a file of its own (`then` is a semicolon), or in braces.
    fn read_module(
        &mut self,
        load: &dyn Fn(&Path) -> Option<String>,
        parent: &Module<'_>,
        name: &str,
        file: Option<String>,
        then: &TokenTree,
    ) {
        let path: ModulePath = parent.path.iter().cloned().chain([name.to_owned()]).collect();
        let folder = parent.folder.join(name);
        match then {
            TokenTree::Group(body) => {
                self.modules.insert(path.clone());
                let module = Module { path, file: parent.file, folder };
                return self.read_tokens(load, &module, body.stream());
            }
            then if is_punct(then, ';') => {}
            // A macro's pattern.
            _ => return,
        }
        if let Some(file) = file {
            let file = parent.file.parent().unwrap_or(Path::new("")).join(file);
            let folder = file.parent().unwrap_or(Path::new("")).to_owned();
            return self.read_file(load, &file, path, folder);
        }
        let file = parent.folder.join(format!("{name}.rs"));
        let file = if load(&file).is_some() { file } else { folder.join("mod.rs") };
        self.read_file(load, &file, path, folder);
    }

    /// Notes a path, if it is one within the crate.
    fn import(&mut self, module: &Module<'_>, path: &[String]) {
        let (mut base, mut rest) = (module.path.as_slice(), path);
        match path {
            [first, after @ ..] if first == "crate" => (base, rest) = (&[], after),
            [first, after @ ..] if first == "self" => rest = after,
            [first, ..] if first == "super" => {}
            // A child of this module, or another crate.
            _ => return,
        }
        while let [first, after @ ..] = rest
            && first == "super"
        {
            base = base.split_last().map_or(&[], |(_, parent)| parent);
            rest = after;
        }
        let path = base.iter().chain(rest).cloned().collect();
        self.imports.push(Import { by: module.path.clone(), file: module.file.to_owned(), path });
    }
}

/// The paths of the tree that follows `use`, without what `as` renames them to.
fn use_paths(tree: &[TokenTree]) -> Vec<Vec<String>> {
    let (prefix, rest) = split_path(tree);
    let Some(TokenTree::Group(group)) = rest.first() else {
        return vec![prefix];
    };
    let branches: Vec<TokenTree> = group.stream().into_iter().collect();
    let branches = branches.split(|token| is_punct(token, ',')).filter(|branch| !branch.is_empty());
    // Within braces, `self` is what stands before them.
    let is_prefix = |name: &String| !prefix.is_empty() && name == "self";
    branches
        .flat_map(use_paths)
        .map(|path| prefix.iter().cloned().chain(path.into_iter().skip_while(is_prefix)).collect())
        .collect()
}

/// Splits a path of names from what follows it.
fn split_path(mut tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
    let mut path = Vec::new();
    while let [TokenTree::Ident(name), after @ ..] = tokens {
        path.push(name.to_string());
        match after {
            [one, other, after @ ..] if is_punct(one, ':') && is_punct(other, ':') => {
                tokens = after;
            }
            _ => return (path, after),
        }
    }
    (path, tokens)
}

/// What follows an item, which ends with a semicolon or in braces.
fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let is_end = |token: &TokenTree| is_punct(token, ';') || is_group(token, Delimiter::Brace);
    tokens.iter().position(is_end).map_or(&[], |end| &tokens[end + 1..])
}

/// Whether an attribute is `cfg(test)`, or `cfg(all(test, …))`.
fn is_test(attribute: &Group) -> bool {
    let [TokenTree::Ident(name), TokenTree::Group(condition)] = &tokens_of(attribute)[..] else {
        return false;
    };
    let is_word =
        |token: &TokenTree, wanted: &str| matches!(token, TokenTree::Ident(word) if word == wanted);
    name == "cfg"
        && match &tokens_of(condition)[..] {
            [word] => is_word(word, "test"),
            [all, TokenTree::Group(each)] if is_word(all, "all") => {
                tokens_of(each).iter().any(|token| is_word(token, "test"))
            }
            _ => false,
        }
}

/// The file that `path = "…"` names.
fn path_attribute(attribute: &Group) -> Option<String> {
    match &tokens_of(attribute)[..] {
        [TokenTree::Ident(name), _, TokenTree::Literal(file)] if name == "path" => {
            Some(file.to_string().trim_matches('"').to_owned())
        }
        _ => None,
    }
}

fn tokens_of(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == wanted)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}
