//! A strict JSON scanner (RFC 8259): it checks every byte and builds nothing.

use std::borrow::Cow;
use std::ops::Range;

use super::depth::{Container, DEPTH_LIMIT, Nesting};
use super::plain::Plain;
use crate::conversation::Refusal;

/// Where and why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The byte, from 0.
    pub(super) at: usize,
    /// What is wrong there, a clause.
    pub(super) what: Cow<'static, str>,
}

impl Malformed {
    fn new(at: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self { at, what: what.into() }
    }

    /// The refusal of `body`, with the place as editors and people count it, from 1.
    pub(crate) fn refusal(&self, body: &[u8]) -> Refusal {
        let before = body.get(..self.at).unwrap_or(body);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1) + 1;
        Refusal::body(format!(
            "the body is not acceptable JSON: {} at line {line}, column {column} (byte {}); \
             send one JSON object in UTF-8",
            self.what, self.at
        ))
    }
}

/// A string as it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// Where it stands, quotes included.
    pub(crate) span: Range<usize>,
    /// Whether it has escapes.
    pub(crate) escaped: bool,
}

/// Reads a text from front to back.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    nesting: Nesting,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, nesting: Nesting::default() }
    }

    /// The next byte's place.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The text of a span.
    pub(crate) fn slice(&self, span: &Range<usize>) -> &'a [u8] {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The next byte.
    pub(crate) fn next(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// An error at the next byte.
    pub(crate) fn wrong(&self, expected: &str) -> Malformed {
        let what = match self.next() {
            None => format!("{expected} is expected but the body ends"),
            Some(0) => format!("{expected} is expected but there is a NUL"),
            Some(byte @ b' '..=b'~') => {
                format!("{expected} is expected but there is `{}`", char::from(byte))
            }
            Some(byte) => format!("{expected} is expected but there is the byte 0x{byte:02x}"),
        };
        Malformed::new(self.at, what)
    }

    /// Passes whitespace.
    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.next() {
            self.at += 1;
        }
    }

    /// Passes `byte` if it is the next one.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let taken = self.next() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    /// Passes `{` or `[`. `false` if the container is empty: then all of it has been passed.
    pub(crate) fn open(&mut self, container: Container) -> Result<bool, Malformed> {
        if !self.nesting.open(container) {
            let what = format!("objects and arrays nest deeper than {DEPTH_LIMIT} levels");
            return Err(Malformed::new(self.at, what));
        }
        self.at += 1;
        self.space();
        if self.next() == Some(container.end()) {
            self.close();
            return Ok(false);
        }
        Ok(true)
    }

    /// Passes what follows a value in a container: a comma, or its end (`false`).
    pub(crate) fn goes_on(&mut self) -> Result<bool, Malformed> {
        self.space();
        match (self.nesting.innermost(), self.next()) {
            (_, Some(b',')) => {
                self.at += 1;
                Ok(true)
            }
            (container, Some(byte)) if byte == container.end() => {
                self.close();
                Ok(false)
            }
            (Container::Object, _) => Err(self.wrong("`,` or `}`")),
            (Container::Array, _) => Err(self.wrong("`,` or `]`")),
        }
    }

    fn close(&mut self) {
        self.nesting.close();
        self.at += 1;
    }

    /// Passes a member's name and its colon, up to its value.
    pub(crate) fn name(&mut self) -> Result<Quoted, Malformed> {
        self.space();
        if self.next() != Some(b'"') {
            return Err(self.wrong("a member's name in double quotes"));
        }
        let name = self.string()?;
        self.space();
        if !self.take(b':') {
            return Err(self.wrong("`:`"));
        }
        self.space();
        Ok(name)
    }

    /// Passes one value, however deep, and says where it stands. No recursion.
    pub(crate) fn value(&mut self) -> Result<Range<usize>, Malformed> {
        self.space();
        let start = self.at;
        let outside = self.nesting.depth();
        loop {
            match self.next() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'{') => {
                    if self.open(Container::Object)? {
                        self.name()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    if self.open(Container::Array)? {
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                _ => return Err(self.wrong("a value")),
            }
            if !self.after_value(outside)? {
                return Ok(start..self.at);
            }
        }
    }

    /// Passes what follows a value: the ends of containers opened since `outside`, or a comma
    /// and the next member's name. `false` when the value that began there is whole.
    fn after_value(&mut self, outside: u32) -> Result<bool, Malformed> {
        while self.nesting.depth() > outside {
            let container = self.nesting.innermost();
            if self.goes_on()? {
                match container {
                    Container::Object => {
                        self.name()?;
                    }
                    Container::Array => self.space(),
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Passes a string; the next byte is its opening quote.
    pub(crate) fn string(&mut self) -> Result<Quoted, Malformed> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        let mut ascii = true;
        loop {
            let plain = Plain::prefix(self.text.get(self.at..).unwrap_or_default());
            self.at += plain.len;
            ascii &= plain.is_ascii();
            match self.next() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => {
                    let what = "a string holds a control character (write it as an escape)";
                    return Err(Malformed::new(self.at, what));
                }
                None => return Err(Malformed::new(start, "a string begins that never ends")),
            }
        }
        self.at += 1;
        let span = start..self.at;
        if !ascii && let Err(error) = std::str::from_utf8(self.slice(&span)) {
            return Err(Malformed::new(start + error.valid_up_to(), "a string is not UTF-8"));
        }
        Ok(Quoted { span, escaped })
    }

    /// What a string says; `None` if it holds half of a surrogate pair.
    #[inline]
    pub(crate) fn unquoted(&self, quoted: &Quoted) -> Option<Cow<'a, str>> {
        let text = self.slice(&quoted.span);
        if quoted.escaped {
            return serde_json::from_slice(text).ok().map(Cow::Owned);
        }
        let inside = text.get(1..text.len().saturating_sub(1))?;
        std::str::from_utf8(inside).ok().map(Cow::Borrowed)
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        self.at += match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|h| h.is_ascii_hexdigit()) => 6,
            _ => {
                let what = "a string holds an unknown escape (write a backslash as `\\\\`)";
                return Err(Malformed::new(self.at, what));
            }
        };
        Ok(())
    }

    fn literal(&mut self, literal: &'static [u8]) -> Result<(), Malformed> {
        if !self.text.get(self.at..).unwrap_or_default().starts_with(literal) {
            return Err(self.wrong("a value"));
        }
        self.at += literal.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), Malformed> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.next() {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("a digit")) } else { Ok(()) }
    }
}

#[cfg(test)]
pub(super) mod tests;
