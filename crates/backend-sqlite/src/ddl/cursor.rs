//! Moves over the tokens of a statement.

use std::ops::Range;

use super::keyword::{is_name_only, is_reserved};
use super::token::{WHITESPACE, dequote};
use super::{ConflictResolution, DdlError, Token, TokenKind, tokenize};

/// A position among the tokens of a statement.
pub(super) struct Cursor<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
    /// The position of the closing parenthesis for each opening one.
    ///
    /// All are matched once, so skipping a group takes one step, however deep the group is.
    closings: Vec<Option<usize>>,
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(sql: &'a str) -> Result<Self, DdlError> {
        let tokens = tokenize(sql)?;
        let closings = match_parentheses(&tokens);
        Ok(Self { sql, tokens, closings, position: 0 })
    }

    /// Returns the position of the next token, for [`Self::token`] and similar methods.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Moves to the token at a position.
    pub(super) fn move_to(&mut self, position: usize) {
        self.position = position;
    }

    pub(super) fn token(&self, position: usize) -> Option<Token> {
        self.tokens.get(position).copied()
    }

    /// Returns the position of the parenthesis that closes the one at a position.
    pub(super) fn closing(&self, position: usize) -> Option<usize> {
        self.closings.get(position).copied().flatten()
    }

    /// Returns the position after a token or, if the token opens a group, after the group.
    pub(super) fn after_group(&self, position: usize) -> usize {
        self.closing(position).unwrap_or(position) + 1
    }

    pub(super) fn is_keyword(&self, position: usize, keyword: &str) -> bool {
        self.token(position).is_some_and(|token| {
            token.kind == TokenKind::Word && token.text(self.sql).eq_ignore_ascii_case(keyword)
        })
    }

    pub(super) fn at(&self, kind: TokenKind) -> bool {
        self.token(self.position).is_some_and(|token| token.kind == kind)
    }

    pub(super) fn at_keyword(&self, keyword: &str) -> bool {
        self.is_keyword(self.position, keyword)
    }

    /// Returns whether the keywords come next, in this order.
    pub(super) fn at_keywords(&self, keywords: &[&str]) -> bool {
        keywords
            .iter()
            .enumerate()
            .all(|(index, keyword)| self.is_keyword(self.position + index, keyword))
    }

    /// Takes the next token if it is of the kind, and returns whether it is.
    pub(super) fn take(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        self.position += usize::from(found);
        found
    }

    /// Takes the next token if it is the keyword, and returns whether it is.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        self.take_keywords(&[keyword])
    }

    /// Takes the keywords if all of them come next, and returns whether they do.
    pub(super) fn take_keywords(&mut self, keywords: &[&str]) -> bool {
        let found = self.at_keywords(keywords);
        if found {
            self.position += keywords.len();
        }
        found
    }

    /// Takes the sign of a number, if one comes next.
    pub(super) fn take_sign(&mut self) {
        if !self.take(TokenKind::Plus) {
            self.take(TokenKind::Minus);
        }
    }

    /// Takes ASC or DESC (`sortorder`), if one comes next, and returns whether it is DESC.
    pub(super) fn take_sort_order(&mut self) -> bool {
        !self.take_keyword("ASC") && self.take_keyword("DESC")
    }

    pub(super) fn expect(
        &mut self,
        kind: TokenKind,
        expected: &'static str,
    ) -> Result<Range<usize>, DdlError> {
        match self.token(self.position) {
            Some(token) if token.kind == kind => {
                self.position += 1;
                Ok(token.span())
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    pub(super) fn expect_keyword(&mut self, keyword: &'static str) -> Result<(), DdlError> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected(keyword)) }
    }

    /// Takes and returns the first of the choices whose keywords come next.
    pub(super) fn choose<T: Copy>(&mut self, choices: &[(&[&str], T)]) -> Option<T> {
        choices.iter().find(|(keywords, _)| self.take_keywords(keywords)).map(|(_, choice)| *choice)
    }

    /// Reads a name (`nm`), and returns it without quotes, with its span.
    pub(super) fn name(
        &mut self,
        expected: &'static str,
    ) -> Result<(String, Range<usize>), DdlError> {
        match self.token(self.position) {
            Some(token) if self.is_name(token) => {
                self.position += 1;
                Ok((dequote(token.text(self.sql)), token.span()))
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    /// Reads a name that a schema may precede (`nm dbnm`).
    ///
    /// Returns the schema, the name, and the span of the name.
    pub(super) fn qualified_name(
        &mut self,
        expected: &'static str,
    ) -> Result<(Option<String>, String, Range<usize>), DdlError> {
        let (first, span) = self.name(expected)?;
        if self.take(TokenKind::Dot) {
            let (name, span) = self.name(expected)?;
            Ok((Some(first), name, span))
        } else {
            Ok((None, first, span))
        }
    }

    /// Reads the name after `CONSTRAINT`, if this keyword comes next.
    ///
    /// Several names may stand in a row. The last one counts.
    pub(super) fn constraint_name(&mut self) -> Result<Option<String>, DdlError> {
        let mut name = None;
        while self.take_keyword("CONSTRAINT") {
            name = Some(self.name("the name of a constraint")?.0);
        }
        Ok(name)
    }

    /// Reads the name after COLLATE, if this keyword comes next.
    pub(super) fn collation(&mut self) -> Result<Option<String>, DdlError> {
        if !self.take_keyword("COLLATE") {
            return Ok(None);
        }
        self.name("the name of a collation").map(|(name, _)| Some(name))
    }

    /// Reads the `ON CONFLICT` clause (`onconf`), if one comes next.
    pub(super) fn on_conflict(&mut self) -> Result<Option<ConflictResolution>, DdlError> {
        if !self.take_keywords(&["ON", "CONFLICT"]) {
            return Ok(None);
        }
        let resolution = self.choose(&[
            (&["ROLLBACK"], ConflictResolution::Rollback),
            (&["ABORT"], ConflictResolution::Abort),
            (&["FAIL"], ConflictResolution::Fail),
            (&["IGNORE"], ConflictResolution::Ignore),
            (&["REPLACE"], ConflictResolution::Replace),
        ]);
        resolution.map(Some).ok_or_else(|| self.unexpected("a conflict resolution"))
    }

    /// Returns whether the token at a position is an operator that can precede an operand.
    pub(super) fn is_sign(&self, position: usize) -> bool {
        self.token(position).is_some_and(|token| match token.kind {
            TokenKind::Plus | TokenKind::Minus => true,
            TokenKind::Operator => token.text(self.sql) == "~",
            _ => false,
        })
    }

    /// Returns whether the token can be a name.
    pub(super) fn is_name(&self, token: Token) -> bool {
        match token.kind {
            TokenKind::QuotedIdentifier | TokenKind::String => true,
            TokenKind::Word => !is_reserved(token.text(self.sql)),
            _ => false,
        }
    }

    /// Returns whether the token can be part of a type (`ID|STRING`), where fewer keywords are
    /// names.
    pub(super) fn is_type_word(&self, token: Token) -> bool {
        self.is_name(token)
            && !(token.kind == TokenKind::Word && is_name_only(token.text(self.sql)))
    }

    /// Reads the next parentheses, and returns the text in them without surrounding white space.
    pub(super) fn parenthesised(&mut self) -> Result<String, DdlError> {
        let opening = self.expect(TokenKind::LeftParenthesis, "an opening parenthesis")?;
        let closing = self.closing(self.position - 1);
        let Some((position, token)) = closing.and_then(|at| Some((at, self.token(at)?))) else {
            return Err(self.unexpected_end("the closing parenthesis"));
        };
        self.position = position + 1;
        Ok(self.text(opening.end..token.start).trim_matches(WHITESPACE).to_owned())
    }

    /// Returns the source text of the tokens from one position up to another, exclusively.
    pub(super) fn tokens_text(&self, positions: Range<usize>) -> &'a str {
        self.text(self.tokens_span(positions))
    }

    /// Returns the bytes from the first to the last of the tokens at the positions.
    pub(super) fn tokens_span(&self, positions: Range<usize>) -> Range<usize> {
        match self.tokens.get(positions) {
            Some([first, .., last]) => first.start..last.end,
            Some([only]) => only.span(),
            _ => 0..0,
        }
    }

    /// Returns the bytes from the token at a position to the last token taken.
    pub(super) fn span_since(&self, position: usize) -> Range<usize> {
        self.tokens_span(position..self.position)
    }

    /// Checks that only semicolons are left.
    pub(super) fn finish(&mut self) -> Result<(), DdlError> {
        while self.take(TokenKind::Semicolon) {}
        match self.token(self.position) {
            None => Ok(()),
            Some(_) => Err(self.unexpected("the end of the statement")),
        }
    }

    pub(super) fn unexpected(&self, expected: &'static str) -> DdlError {
        self.unexpected_at(self.position, expected)
    }

    pub(super) fn unexpected_at(&self, position: usize, expected: &'static str) -> DdlError {
        match self.token(position) {
            Some(token) => DdlError::unexpected(self.sql, token.start, expected),
            None => self.unexpected_end(expected),
        }
    }

    pub(super) fn unexpected_end(&self, expected: &'static str) -> DdlError {
        DdlError::unexpected(self.sql, self.sql.len(), expected)
    }

    fn text(&self, span: Range<usize>) -> &'a str {
        self.sql.get(span).unwrap_or_default()
    }
}

/// Returns, for each opening parenthesis, the position of the closing one.
fn match_parentheses(tokens: &[Token]) -> Vec<Option<usize>> {
    let mut closings = vec![None; tokens.len()];
    let mut open = Vec::new();
    for (position, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::LeftParenthesis => open.push(position),
            TokenKind::RightParenthesis => {
                if let Some(closing) = open.pop().and_then(|opening| closings.get_mut(opening)) {
                    *closing = Some(position);
                }
            }
            _ => {}
        }
    }
    closings
}
