//! Reads a membership, `status IN ('a', 'b')`, in every form that a server prints.
//!
//! PostgreSQL compares a `VARCHAR` with texts as texts, and prints the casts that it has added.
//! After `IN`, the cast stands around the whole array. After a dump and a restore of this output, a
//! cast stands around each value. So casts among character types carry no meaning, and neither do
//! parentheses.

use super::literal::{is_type_name, quoted};

/// Parses a membership as `status IN ('a', …)`. Returns `None` for any other expression.
///
/// The server prints `(status)::text = ANY ((ARRAY['a'::character varying, …])::text[])`.
pub(super) fn parse(shown: &str) -> Option<String> {
    let mut reader = Reader { rest: shown };
    let (column, values) = reader.membership()?;
    reader.rest.is_empty().then(|| format!("{column} IN ({})", values.join(", ")))
}

/// The rest of an expression.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn membership(&mut self) -> Option<(&'a str, Vec<String>)> {
        if let Some(inner) = self.enclosed(Self::membership) {
            return Some(inner);
        }
        let column = self.column()?;
        self.skip(" = ANY ")?;
        let values = self.array()?;
        Some((column, values))
    }

    /// Reads a column's name as the server quotes it, and skips casts among character types.
    fn column(&mut self) -> Option<&'a str> {
        let column = match self.enclosed(Self::column) {
            Some(column) => column,
            None => self.identifier()?,
        };
        self.casts(|name| matches!(name, "text" | "character varying"))?;
        Some(column)
    }

    fn identifier(&mut self) -> Option<&'a str> {
        let is_word = |one: char| one.is_alphanumeric() || one == '_';
        let length = match self.rest.strip_prefix('"') {
            Some(name) => name.find('"')? + 2,
            None => self.rest.find(|one| !is_word(one)).unwrap_or(self.rest.len()),
        };
        let (name, rest) = self.rest.split_at_checked(length)?;
        // Within a name, a quote is doubled. Such names are not supported.
        if name.is_empty() || rest.starts_with('"') {
            return None;
        }
        self.rest = rest;
        Some(name)
    }

    fn array(&mut self) -> Option<Vec<String>> {
        let values = match self.enclosed(Self::array) {
            Some(values) => values,
            None => self.elements()?,
        };
        self.casts(|name| name.strip_suffix("[]").is_some_and(is_type_name))?;
        Some(values)
    }

    fn elements(&mut self) -> Option<Vec<String>> {
        self.skip("ARRAY[")?;
        let mut values = vec![self.value()?];
        while self.skip(", ").is_some() {
            values.push(self.value()?);
        }
        self.skip("]")?;
        Some(values)
    }

    /// Reads a literal, and returns it quoted.
    fn value(&mut self) -> Option<String> {
        let value = match self.enclosed(Self::value) {
            Some(value) => value,
            None => {
                let (value, rest) = quoted(self.rest)?;
                self.rest = rest;
                format!("'{}'", value.replace('\'', "''"))
            }
        };
        self.casts(is_type_name)?;
        Some(value)
    }

    /// Reads a part in parentheses. Consumes nothing if `read` does not recognize the part.
    fn enclosed<T>(&mut self, read: fn(&mut Self) -> Option<T>) -> Option<T> {
        let mut inner = Self { rest: self.rest.strip_prefix('(')? };
        let found = read(&mut inner)?;
        inner.skip(")")?;
        self.rest = inner.rest;
        Some(found)
    }

    /// Skips any number of casts. Returns `None` if `says_nothing` rejects a type.
    fn casts(&mut self, says_nothing: fn(&str) -> bool) -> Option<()> {
        while let Some(after) = self.rest.strip_prefix("::") {
            let is_end = |place: usize| {
                let rest = &after[place..];
                rest.starts_with([',', ')', ' ', ':']) || rest.starts_with("]") || rest.is_empty()
            };
            let mut name_end = after.find([',', ')', ':']).unwrap_or(after.len());
            // `text[]` belongs to the type's name; the bracket that closes the array does not.
            if let Some(bracket) = after[..name_end].find(']')
                && !after[..bracket].ends_with('[')
            {
                name_end = bracket;
            }
            if let Some(operator) = after[..name_end].find(" = ") {
                name_end = operator;
            }
            let name = &after[..name_end];
            if !is_end(name_end) || !says_nothing(name) {
                return None;
            }
            self.rest = &after[name_end..];
        }
        Some(())
    }

    fn skip(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_membership_is_an_in_again() {
        for (shown, expected) in [
            (
                "status::text = ANY (ARRAY['A'::character varying, 'it''s'::character varying]::text[])",
                "status IN ('A', 'it''s')",
            ),
            (
                "((status)::text = ANY ((ARRAY['A'::character varying, '(b)'::character varying])::text[]))",
                "status IN ('A', '(b)')",
            ),
            (
                "status::text = ANY (ARRAY['A'::character varying::text, 'b'::character varying::text])",
                "status IN ('A', 'b')",
            ),
            (
                "((status)::text = ANY (ARRAY[('A'::character varying)::text, ('b'::character varying)::text]))",
                "status IN ('A', 'b')",
            ),
            ("kind = ANY (ARRAY['a'::text, 'b'::text])", "kind IN ('a', 'b')"),
            ("kind = ANY (ARRAY['a]'::text, '::b'::text])", "kind IN ('a]', '::b')"),
            ("kind = ANY (ARRAY['a'::public.mood])", "kind IN ('a')"),
            ("\"Kind of\" = ANY (ARRAY['a'::text])", "\"Kind of\" IN ('a')"),
        ] {
            assert_eq!(parse(shown).as_deref(), Some(expected), "{shown}");
        }
    }

    #[test]
    fn other_conditions_are_none() {
        for shown in [
            "",
            "step > 0",
            "a = ANY (ARRAY['x'::text]) AND b > 0",
            "(a = ANY (ARRAY['x'::text])) AND (b > 0)",
            "b > 0 AND a = ANY (ARRAY['x'::text])",
            "a = ANY (ARRAY['x'::text, lower('y'::text)])",
            "a = ANY (ARRAY[1, 2])",
            "a = ANY (ARRAY['x'::text COLLATE \"C\"])",
            "a::integer = ANY (ARRAY['1'::text])",
            "a::character varying(1)::text = ANY (ARRAY['x'::text])",
            "lower(a) = ANY (ARRAY['x'::text])",
            "lower((a)::text) = ANY (ARRAY['x'::text])",
            "a <> ALL (ARRAY['x'::text])",
            "a = ANY (ARRAY['x'::text]",
            "\"a\"\"b\" = ANY (ARRAY['x'::text])",
        ] {
            assert_eq!(parse(shown), None, "{shown}");
        }
    }
}
