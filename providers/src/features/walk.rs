//! The pass over a request that finds them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Features;
use super::table::{Zone, folded, inside, mime, part_kind, tool_kind};
use crate::Schema;

/// What a body makes use of. Every member counts, also one of a name that is there twice.
pub(super) fn walk(schema: Schema, body: &[u8]) -> Features {
    let mut found = Features::NONE;
    let mut reader = serde_json::Deserializer::from_slice(body);
    let walk = Walk { schema, zone: Zone::Request, found: &mut found };
    match walk.deserialize(&mut reader) {
        Ok(()) => found,
        // It is no JSON, or nested too deep for this reader.
        Err(_) => Features::ALL,
    }
}

/// One value on the way.
struct Walk<'f> {
    schema: Schema,
    zone: Zone,
    found: &'f mut Features,
}

impl Walk<'_> {
    fn add(&mut self, features: Features) {
        *self.found = self.found.and(features);
    }

    /// A text, number or word.
    fn scalar(&mut self, text: Option<&str>) {
        let features = match (self.zone, text) {
            (Zone::PartKind, text) => text.map_or(Features::MEDIA, part_kind),
            (Zone::Mime, text) => text.map_or(Features::MEDIA, mime),
            (Zone::ToolKind, Some(kind)) => tool_kind(self.schema, kind),
            (Zone::Tools | Zone::Tool | Zone::ToolKind, _) => Features::ALL,
            (Zone::Counts(features), _) => features,
            _ => Features::NONE,
        };
        self.add(features);
    }
}

/// A member's key, read for what its value is.
struct Member {
    schema: Schema,
    zone: Zone,
}

impl<'de> DeserializeSeed<'de> for Member {
    type Value = Zone;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Zone, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Member {
    type Value = Zone;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Zone, E> {
        Ok(inside(self.schema, self.zone, &folded(key)))
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.zone {
            Zone::Skip => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ()),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(mut self, on: bool) -> Result<(), E> {
        if on {
            self.scalar(None);
        }
        Ok(())
    }

    fn visit_i64<E>(mut self, _: i64) -> Result<(), E> {
        self.scalar(None);
        Ok(())
    }

    fn visit_u64<E>(mut self, _: u64) -> Result<(), E> {
        self.scalar(None);
        Ok(())
    }

    fn visit_f64<E>(mut self, _: f64) -> Result<(), E> {
        self.scalar(None);
        Ok(())
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        self.scalar(Some(text));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let zone = match self.zone {
            // That they are there is enough.
            Zone::Counts(_) => Zone::Skip,
            zone => zone,
        };
        let Self { schema, found, .. } = &mut self;
        let mut any = false;
        while list.next_element_seed(Walk { schema: *schema, zone, found })?.is_some() {
            any = true;
        }
        if any && let Zone::Counts(_) | Zone::PartKind | Zone::ToolKind | Zone::Mime = self.zone {
            self.scalar(None);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let zone = match self.zone {
            Zone::Content => Zone::Part,
            Zone::Tools => Zone::Tool,
            zone => zone,
        };
        let mut has_mime = false;
        while let Some(inner) = members.next_key_seed(Member { schema: self.schema, zone })? {
            has_mime |= inner == Zone::Mime;
            let Self { schema, found, .. } = &mut self;
            members.next_value_seed(Walk { schema: *schema, zone: inner, found })?;
        }
        match zone {
            // One that says of no kind what it is, is a function (Claude's need not).
            Zone::Tool if self.schema != Schema::Gemini => {
                self.add(tool_kind(self.schema, "custom"));
            }
            Zone::Blob if !has_mime => self.add(Features::MEDIA),
            // `{}` asks for a search like any other.
            Zone::Counts(_) | Zone::PartKind | Zone::ToolKind | Zone::Mime => self.scalar(None),
            _ => {}
        }
        Ok(())
    }
}
