//! What finds them: a part of the one pass over a request.

use std::ops::Range;

use super::Features;
use super::table::{Zone, inside, mime, part_kind, tool_kind};
use crate::Schema;
use crate::json::{Container, Malformed, Scanner};

/// What has been found on the way through a body. Every member counts, also one of a name that is
/// there twice. Its recursion ends at the scanner's own bound on depth.
#[derive(Debug)]
pub(crate) struct Walk {
    schema: Schema,
    found: Features,
}

impl Walk {
    pub(crate) const fn of(schema: Schema) -> Self {
        Self { schema, found: Features::NONE }
    }

    /// What the values make use of that have been passed.
    pub(crate) const fn found(&self) -> Features {
        self.found
    }

    /// Where the value of a key is, in an object in this zone.
    pub(crate) fn inside(&self, zone: Zone, key: &str) -> Zone {
        inside(self.schema, zone, key)
    }

    /// Passes one value, and says where it stands.
    pub(crate) fn value(
        &mut self,
        zone: Zone,
        scanner: &mut Scanner<'_>,
    ) -> Result<Range<usize>, Malformed> {
        scanner.space();
        let start = scanner.at();
        match scanner.next() {
            _ if zone == Zone::Skip => return scanner.value(),
            Some(b'{') => self.object(zone, scanner)?,
            Some(b'[') => self.list(zone, scanner)?,
            Some(b'"') => self.string(zone, scanner)?,
            first => {
                scanner.value()?;
                if !matches!(first, Some(b'n' | b'f')) {
                    self.scalar(zone, None);
                }
            }
        }
        Ok(start..scanner.at())
    }

    fn add(&mut self, features: Features) {
        self.found = self.found.and(features);
    }

    fn string(&mut self, zone: Zone, scanner: &mut Scanner<'_>) -> Result<(), Malformed> {
        let quoted = scanner.string()?;
        match zone {
            Zone::PartKind | Zone::Mime | Zone::ToolKind => {
                let text = scanner.unquoted(&quoted);
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

    fn list(&mut self, zone: Zone, scanner: &mut Scanner<'_>) -> Result<(), Malformed> {
        let inner = match zone {
            // That they are there is enough.
            Zone::Counts(_) => Zone::Skip,
            zone => zone,
        };
        if !scanner.open(Container::Array)? {
            return Ok(());
        }
        loop {
            self.value(inner, scanner)?;
            if !scanner.goes_on()? {
                break;
            }
        }
        if let Zone::Counts(_) | Zone::PartKind | Zone::ToolKind | Zone::Mime = zone {
            self.scalar(zone, None);
        }
        Ok(())
    }

    fn object(&mut self, zone: Zone, scanner: &mut Scanner<'_>) -> Result<(), Malformed> {
        let zone = match zone {
            Zone::Content => Zone::Part,
            Zone::Tools => Zone::Tool,
            zone => zone,
        };
        let mut has_mime = false;
        let mut goes_on = scanner.open(Container::Object)?;
        while goes_on {
            let name = scanner.name()?;
            match scanner.unquoted(&name) {
                Some(name) => {
                    let inner = self.inside(zone, &name);
                    has_mime |= inner == Zone::Mime;
                    self.value(inner, scanner)?;
                }
                // Half of a surrogate pair: nobody knows what readers make of it.
                None => {
                    self.add(Features::ALL);
                    scanner.value()?;
                }
            }
            goes_on = scanner.goes_on()?;
        }
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
}
