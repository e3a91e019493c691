//! Reads a JSON document as CPython's `_json` scanner does, but without recursion.

use super::super::float;
use super::super::integer::Integer;
use super::super::string::PythonStr;
use super::value::{Array, Json, Malformed, Object};

/// `sys.int_info.default_max_str_digits`; the sign does not count.
const MAXIMUM_INTEGER_DIGITS: usize = 4300;

/// A document and the current position, always between two characters.
pub(super) struct Scanner<'a> {
    text: &'a str,
    position: usize,
}

/// A container whose end is not reached yet.
enum Open<'a> {
    Array(Array<'a>),
    /// An object, with the key of the next value.
    Object(Object<'a>, PythonStr<'a>),
}

/// The start of a value, as read.
enum Start<'a> {
    Complete(Json<'a>),
    Opened(Open<'a>),
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// Returns the value of the whole text.
    pub(super) fn document(mut self) -> Result<Json<'a>, Malformed> {
        let mut open = Vec::new();
        loop {
            self.skip_whitespace();
            match self.start_value()? {
                Start::Opened(container) => open.push(container),
                Start::Complete(value) => {
                    if let Some(document) = self.place(value, &mut open)? {
                        return Ok(document);
                    }
                }
            }
        }
    }

    /// Puts a value into the innermost open container, and closes each container that ends here.
    ///
    /// Returns the document if no container is open any more, or else stops where another value is
    /// due.
    fn place(
        &mut self,
        mut value: Json<'a>,
        open: &mut Vec<Open<'a>>,
    ) -> Result<Option<Json<'a>>, Malformed> {
        loop {
            self.skip_whitespace();
            value = match open.pop() {
                None if self.position == self.text.len() => return Ok(Some(value)),
                None => return Err(self.malformed()),
                Some(Open::Array(mut array)) => {
                    array.push(value);
                    if self.accept(b',') {
                        open.push(Open::Array(array));
                        return Ok(None);
                    }
                    self.expect(b']')?;
                    Json::Array(array)
                }
                Some(Open::Object(mut object, key)) => {
                    object.insert(key, value);
                    if self.accept(b',') {
                        self.skip_whitespace();
                        open.push(Open::Object(object, self.key()?));
                        return Ok(None);
                    }
                    self.expect(b'}')?;
                    Json::Object(object)
                }
            }
        }
    }

    fn start_value(&mut self) -> Result<Start<'a>, Malformed> {
        if self.accept(b'"') {
            return Ok(Start::Complete(Json::String(self.string()?)));
        }
        if self.accept(b'{') {
            self.skip_whitespace();
            if self.accept(b'}') {
                return Ok(Start::Complete(Json::Object(Object::default())));
            }
            return Ok(Start::Opened(Open::Object(Object::default(), self.key()?)));
        }
        if self.accept(b'[') {
            self.skip_whitespace();
            if self.accept(b']') {
                return Ok(Start::Complete(Json::Array(Array::default())));
            }
            return Ok(Start::Opened(Open::Array(Array::default())));
        }
        match self.name() {
            Some(value) => Ok(Start::Complete(value)),
            None => self.number().map(Start::Complete),
        }
    }

    /// Reads a key of an object, and the colon after it.
    fn key(&mut self) -> Result<PythonStr<'a>, Malformed> {
        self.expect(b'"')?;
        let key = self.string()?;
        self.skip_whitespace();
        self.expect(b':')?;
        Ok(key)
    }

    /// Reads a value that is spelled as a name.
    fn name(&mut self) -> Option<Json<'a>> {
        let (name, value) = match self.peek()? {
            b'n' => ("null", Json::Null),
            b't' => ("true", Json::Bool(true)),
            b'f' => ("false", Json::Bool(false)),
            b'N' => ("NaN", Json::Float(f64::NAN)),
            b'I' => ("Infinity", Json::Float(f64::INFINITY)),
            b'-' => ("-Infinity", Json::Float(f64::NEG_INFINITY)),
            _ => return None,
        };
        if !self.rest().starts_with(name) {
            return None;
        }
        self.position += name.len();
        Some(value)
    }

    /// Reads a number.
    ///
    /// CPython would read a part of `01`, `1.` or `1e` as a number, and then fail on the rest. No
    /// number may be followed by any of these characters, so this function refuses them directly.
    fn number(&mut self) -> Result<Json<'a>, Malformed> {
        let start = self.position;
        self.accept(b'-');
        let digits = if self.accept(b'0') { 1 } else { self.digits()? };
        let mut is_float = false;
        if self.accept(b'.') {
            is_float = true;
            self.digits()?;
        }
        if self.accept(b'e') || self.accept(b'E') {
            is_float = true;
            let _sign = self.accept(b'+') || self.accept(b'-');
            self.digits()?;
        }
        let literal = self.text.get(start..self.position).unwrap_or_default();
        if is_float {
            return float::correctly_rounded(literal).map(Json::Float).ok_or(self.malformed());
        }
        if digits > MAXIMUM_INTEGER_DIGITS {
            return Err(self.malformed());
        }
        Ok(Json::Integer(Integer::from_json(literal)))
    }

    /// Skips one or more digits, and returns their number.
    fn digits(&mut self) -> Result<usize, Malformed> {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.position += count;
        if count == 0 { Err(self.malformed()) } else { Ok(count) }
    }

    /// Reads a string after its opening quote.
    fn string(&mut self) -> Result<PythonStr<'a>, Malformed> {
        let mut string = PythonStr::from(self.plain_characters()?);
        while !self.accept(b'"') {
            self.expect(b'\\')?;
            let code_point = self.escape()?;
            string.push_code_point(code_point);
            string.push_str(self.plain_characters()?);
        }
        Ok(string)
    }

    /// Reads unescaped characters, up to a quote, a backslash or a control character.
    fn plain_characters(&mut self) -> Result<&'a str, Malformed> {
        let rest = self.rest();
        let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        let length = rest.bytes().position(is_special).ok_or(self.malformed())?;
        self.position += length;
        rest.get(..length).ok_or(self.malformed())
    }

    /// Returns the code point of an escape sequence after its backslash.
    fn escape(&mut self) -> Result<u32, Malformed> {
        let selector = self.peek().ok_or(self.malformed())?;
        let code_point = match selector {
            b'"' | b'\\' | b'/' => u32::from(selector),
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b't' => 0x09,
            b'u' => {
                self.position += 1;
                return self.unicode_escape();
            }
            _ => return Err(self.malformed()),
        };
        self.position += 1;
        Ok(code_point)
    }

    /// Returns the code point of `\uXXXX` after the `u`, or of two such escapes for a pair.
    fn unicode_escape(&mut self) -> Result<u32, Malformed> {
        let first = self.four_hex_digits()?;
        let second_start = self.position;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            self.position += 2;
            let second = self.four_hex_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                return Ok(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.position = second_start;
        }
        Ok(first)
    }

    fn four_hex_digits(&mut self) -> Result<u32, Malformed> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            value = value * 16 + digit.ok_or(self.malformed())?;
            self.position += 1;
        }
        Ok(value)
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.position += 1;
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    /// Skips the next character if it is the given ASCII character, and returns whether it is.
    fn accept(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.position += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.accept(byte) { Ok(()) } else { Err(self.malformed()) }
    }

    fn malformed(&self) -> Malformed {
        Malformed { position: self.position }
    }
}
