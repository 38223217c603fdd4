//! A JSON tree that keeps order and spelling.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

use crate::conversation::Refusal;
use crate::json::Str;

/// Deepest nesting of a schema that is taken; no provider takes more than a tenth of it.
pub(super) const DEPTH_MAX: usize = 100;

/// A JSON value; scalars as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node<'a> {
    /// A string (with its quotes), a number, true, false or null.
    Scalar(Cow<'a, str>),
    /// A list.
    Array(Vec<Self>),
    /// An object, in order.
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Node<'a> {
    pub(super) const TRUE: Self = Node::Scalar(Cow::Borrowed("true"));
    pub(super) const FALSE: Self = Node::Scalar(Cow::Borrowed("false"));
    pub(super) const NULL: Self = Node::Scalar(Cow::Borrowed("null"));

    /// A string.
    pub(super) fn text(text: &str) -> Self {
        Self::Scalar(Cow::Owned(quoted(text)))
    }

    /// The text of a string.
    pub(super) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Scalar(raw) if raw.starts_with('"') => {
                serde_json::from_str::<Str<'_>>(raw).ok().map(Into::into)
            }
            _ => None,
        }
    }

    pub(super) fn is_text(&self, wanted: &str) -> bool {
        self.as_text().is_some_and(|text| text == wanted)
    }

    /// The spelling of a number.
    pub(super) fn as_number(&self) -> Option<&str> {
        match self {
            Self::Scalar(raw) if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                Some(raw)
            }
            _ => None,
        }
    }

    /// The value as compact JSON.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Scalar(raw) => out.push_str(raw),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    out.push_str(&quoted(name));
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The value as raw JSON.
    pub(super) fn to_raw(&self) -> Result<Box<RawValue>, Refusal> {
        let mut text = String::new();
        self.write(&mut text);
        RawValue::from_string(text)
            .map_err(|error| Refusal::body(format!("the JSON Schema can't be rewritten: {error}")))
    }
}

fn quoted(text: &str) -> String {
    // Strings always serialise.
    serde_json::to_string(text).unwrap_or_default()
}

/// Reads a tree in one go over the text.
pub(super) fn parse(raw: &RawValue) -> Result<Node<'_>, Refusal> {
    Cursor { rest: raw.get() }.value(0)
}

/// A place in JSON that is known to be well-formed: a [`RawValue`] is.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn value(&mut self, depth: usize) -> Result<Node<'a>, Refusal> {
        if depth > DEPTH_MAX {
            return Err(Refusal::body(format!(
                "the JSON Schema is nested deeper than {DEPTH_MAX}: make it flatter"
            )));
        }
        self.space();
        match self.rest.as_bytes().first() {
            Some(b'{') => self.object(depth),
            Some(b'[') => {
                let mut items = Vec::new();
                while self.goes_on(']') {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Node::Array(items))
            }
            Some(b'"') => Ok(Node::Scalar(Cow::Borrowed(self.string()))),
            _ => {
                let end = self.rest.find([',', ']', '}', ' ', '\n', '\r', '\t']);
                Ok(Node::Scalar(Cow::Borrowed(self.cut(end.unwrap_or(self.rest.len())))))
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, Refusal> {
        let mut members: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        let mut names = HashSet::new();
        while self.goes_on('}') {
            let name: Cow<'a, str> = serde_json::from_str::<Str<'a>>(self.string())
                .map_err(|error| Refusal::body(format!("the JSON Schema has a bad name: {error}")))?
                .into();
            if !names.insert(name.clone()) {
                return Err(Refusal::body(format!(
                    "the JSON Schema has {name:?} twice in one object: leave one of them out"
                )));
            }
            self.space();
            self.cut(1);
            members.push((name, self.value(depth + 1)?));
        }
        Ok(Node::Object(members))
    }

    /// Steps over a bracket or comma to the next element; `false` after the closing bracket.
    fn goes_on(&mut self, close: char) -> bool {
        self.space();
        // At an opening bracket or a comma an element may follow; at the closing one none does.
        if !self.rest.starts_with(close) {
            self.cut(1);
            self.space();
        }
        if self.rest.starts_with(close) || self.rest.is_empty() {
            self.cut(1);
            return false;
        }
        true
    }

    /// A string with its quotes.
    fn string(&mut self) -> &'a str {
        let mut escaped = false;
        let end = self.rest.bytes().skip(1).position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        self.cut(end.map_or(self.rest.len(), |end| end + 2))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
    }

    /// Takes so many bytes.
    fn cut(&mut self, bytes: usize) -> &'a str {
        let (head, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        head
    }
}
