//! Texts with holes: `https://{resource}.openai.azure.com`, `/model/{model}/invoke`.

use std::fmt::Write as _;

/// A text with named holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Hole(String),
}

impl Template {
    /// Reads a template; `None` if its braces don't pair or hold no name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            if before.contains('}') || name.is_empty() || !name.bytes().all(is_name) {
                return None;
            }
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Hole(name.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return None;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Some(Self(pieces))
    }

    /// The names of the holes, as often as they stand there.
    pub(super) fn holes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Hole(name) => Some(&**name),
            Piece::Text(_) => None,
        })
    }

    /// This template with another behind it.
    pub(super) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Fills those holes for which `fill` has a text, as it stands, and joins what is left.
    pub(super) fn fill(&self, mut fill: impl FnMut(&str) -> Option<Filling>) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in &self.0 {
            let text = match piece {
                Piece::Text(text) => text.clone(),
                Piece::Hole(name) => match fill(name) {
                    Some(Filling::Text(text)) => text,
                    Some(Filling::Hole(name)) => {
                        pieces.push(Piece::Hole(name));
                        continue;
                    }
                    None => {
                        pieces.push(piece.clone());
                        continue;
                    }
                },
            };
            match pieces.last_mut() {
                Some(Piece::Text(before)) => before.push_str(&text),
                _ => pieces.push(Piece::Text(text)),
            }
        }
        Self(pieces)
    }

    /// The text, every hole percent-encoded ([`escape`]); nothing stands where `value` has none.
    pub(super) fn render<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Hole(name) => escape(value(name).unwrap_or_default(), &mut out),
            }
        }
        out
    }

    /// What stands before the first hole.
    pub(super) fn start(&self) -> &str {
        match self.0.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }
}

/// What a hole is filled with.
pub(super) enum Filling {
    /// A text.
    Text(String),
    /// Another hole.
    Hole(String),
}

/// Writes a value as one segment of a path: what is not unreserved in RFC 3986 is
/// percent-encoded (S-08).
pub(super) fn escape(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
