//! The pass over a request that finds them.

use super::Features;
use super::table::{Zone, folded, inside, mime, part_kind, tool_kind};
use crate::Schema;
use crate::json::{Container, Malformed, Scanner};

/// What a body makes use of. Every member counts, also one of a name that is there twice.
pub(super) fn walk(schema: Schema, body: &[u8]) -> Features {
    let mut walk = Walk { schema, scanner: Scanner::new(body), found: Features::NONE };
    match walk.value(Zone::Request) {
        Ok(()) => walk.found,
        // It is no JSON, or nested too deep.
        Err(_) => Features::ALL,
    }
}

/// What has been found on the way. It ends in the scanner's own bound on depth.
struct Walk<'a> {
    schema: Schema,
    scanner: Scanner<'a>,
    found: Features,
}

impl Walk<'_> {
    fn add(&mut self, features: Features) {
        self.found = self.found.and(features);
    }

    fn value(&mut self, zone: Zone) -> Result<(), Malformed> {
        self.scanner.space();
        match self.scanner.next() {
            _ if zone == Zone::Skip => self.scanner.value().map(|_| ()),
            Some(b'{') => self.object(zone),
            Some(b'[') => self.list(zone),
            Some(b'"') => self.string(zone),
            first => {
                self.scanner.value()?;
                if !matches!(first, Some(b'n' | b'f')) {
                    self.scalar(zone, None);
                }
                Ok(())
            }
        }
    }

    fn string(&mut self, zone: Zone) -> Result<(), Malformed> {
        let quoted = self.scanner.string()?;
        match zone {
            Zone::PartKind | Zone::Mime | Zone::ToolKind => {
                let text = self.scanner.unquoted(&quoted);
                self.scalar(zone, text.as_deref());
            }
            // Which one it is does not matter, and most of a request is such texts.
            _ => self.scalar(zone, None),
        }
        Ok(())
    }

    /// A text, number or word.
    fn scalar(&mut self, zone: Zone, text: Option<&str>) {
        let features = match (zone, text) {
            (Zone::PartKind, text) => text.map_or(Features::MEDIA, part_kind),
            (Zone::Mime, text) => text.map_or(Features::MEDIA, mime),
            (Zone::ToolKind, Some(kind)) => tool_kind(self.schema, kind),
            (Zone::Tools | Zone::Tool | Zone::ToolKind, _) => Features::ALL,
            (Zone::Counts(features), _) => features,
            _ => Features::NONE,
        };
        self.add(features);
    }

    fn list(&mut self, zone: Zone) -> Result<(), Malformed> {
        let inner = match zone {
            // That they are there is enough.
            Zone::Counts(_) => Zone::Skip,
            zone => zone,
        };
        let mut any = false;
        self.scanner.open(Container::Array)?;
        self.scanner.space();
        while self.scanner.next() != Some(b']') {
            self.value(inner)?;
            any = true;
            self.comma(b']')?;
        }
        self.scanner.close();
        if any && let Zone::Counts(_) | Zone::PartKind | Zone::ToolKind | Zone::Mime = zone {
            self.scalar(zone, None);
        }
        Ok(())
    }

    fn object(&mut self, zone: Zone) -> Result<(), Malformed> {
        let zone = match zone {
            Zone::Content => Zone::Part,
            Zone::Tools => Zone::Tool,
            zone => zone,
        };
        let mut has_mime = false;
        self.scanner.open(Container::Object)?;
        self.scanner.space();
        while self.scanner.next() != Some(b'}') {
            let name = self.scanner.name()?;
            match self.scanner.unquoted(&name) {
                Some(name) => {
                    let inner = inside(self.schema, zone, &folded(&name));
                    has_mime |= inner == Zone::Mime;
                    self.value(inner)?;
                }
                // Half of a surrogate pair: nobody knows what readers make of it.
                None => {
                    self.add(Features::ALL);
                    self.scanner.value()?;
                }
            }
            self.comma(b'}')?;
        }
        self.scanner.close();
        match zone {
            // One that says of no kind what it is, is a function (Claude's need not).
            Zone::Tool if self.schema != Schema::Gemini => {
                self.add(tool_kind(self.schema, "custom"));
            }
            Zone::Blob if !has_mime => self.add(Features::MEDIA),
            // `{}` asks for a search like any other.
            Zone::Counts(_) | Zone::PartKind | Zone::ToolKind | Zone::Mime => {
                self.scalar(zone, None);
            }
            _ => {}
        }
        Ok(())
    }

    /// Passes the comma between two, up to the next one; or nothing where `end` is next.
    fn comma(&mut self, end: u8) -> Result<(), Malformed> {
        self.scanner.space();
        if self.scanner.next() == Some(end) {
            return Ok(());
        }
        if !self.scanner.take(b',') {
            return Err(self.scanner.wrong("`,`"));
        }
        self.scanner.space();
        match self.scanner.next() {
            Some(next) if next == end => Err(self.scanner.wrong("a value")),
            _ => Ok(()),
        }
    }
}
