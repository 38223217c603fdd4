//! The governed fields' names, and how their objects and values are read.

use std::borrow::Cow;
use std::ops::Range;

use super::{Flag, Number};
use crate::Schema;
use crate::conversation::Refusal;
use crate::features::{Walk, Zone};
use crate::json::depth::Container;
use crate::json::scan::{Malformed, Scanner};

/// The most members of an object that is looked into. The schemas have about forty; the limit
/// keeps the search for duplicates cheap whatever is sent.
const MEMBERS_MAX: usize = 256;

/// What a governed field means. Spellings of the same field share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Model,
    Stream,
    StreamOptions,
    MaxTokens,
    MaxCompletionTokens,
    Candidates,
    BestOf,
    Tools,
    Functions,
    Effort,
    Thinking,
    GenerationConfig,
    OtherModels,
    Background,
    ServiceTier,
    Speed,
    InferenceGeo,
}

/// A governed field: its exact spelling, and what it means.
type Field<K> = (&'static str, K);

/// The governed fields of an object.
pub(super) type Fields<K> = &'static [Field<K>];

/// The governed fields at the top level of a request body (`wire.md` §2).
pub(super) const fn of(schema: Schema) -> Fields<Key> {
    match schema {
        Schema::Chat => &[
            ("model", Key::Model),
            ("stream", Key::Stream),
            ("stream_options", Key::StreamOptions),
            ("max_completion_tokens", Key::MaxCompletionTokens),
            ("max_tokens", Key::MaxTokens),
            ("n", Key::Candidates),
            ("best_of", Key::BestOf),
            ("tools", Key::Tools),
            ("functions", Key::Functions),
            ("reasoning_effort", Key::Effort),
            ("service_tier", Key::ServiceTier),
            ("models", Key::OtherModels),
            ("fallbacks", Key::OtherModels),
            ("preset", Key::OtherModels),
        ],
        Schema::Responses => &[
            ("model", Key::Model),
            ("stream", Key::Stream),
            ("max_output_tokens", Key::MaxTokens),
            ("tools", Key::Tools),
            ("background", Key::Background),
            ("service_tier", Key::ServiceTier),
            ("models", Key::OtherModels),
            ("fallbacks", Key::OtherModels),
            ("preset", Key::OtherModels),
        ],
        Schema::Claude => &[
            ("model", Key::Model),
            ("stream", Key::Stream),
            ("max_tokens", Key::MaxTokens),
            ("thinking", Key::Thinking),
            ("tools", Key::Tools),
            ("models", Key::OtherModels),
            ("fallbacks", Key::OtherModels),
            ("preset", Key::OtherModels),
            ("service_tier", Key::ServiceTier),
            ("speed", Key::Speed),
            ("inference_geo", Key::InferenceGeo),
        ],
        Schema::Gemini => &[
            ("model", Key::Model),
            ("generationConfig", Key::GenerationConfig),
            ("generation_config", Key::GenerationConfig),
            ("tools", Key::Tools),
            ("serviceTier", Key::ServiceTier),
            ("service_tier", Key::ServiceTier),
        ],
    }
}

/// Those of Gemini's `generationConfig`.
pub(super) const GENERATION_CONFIG: Fields<Key> = &[
    ("maxOutputTokens", Key::MaxTokens),
    ("max_output_tokens", Key::MaxTokens),
    ("candidateCount", Key::Candidates),
    ("candidate_count", Key::Candidates),
];

/// Those of OpenAI's `stream_options`.
pub(super) const STREAM_OPTIONS: Fields<()> = &[("include_usage", ())];

/// Those of Claude's `thinking`.
pub(super) const THINKING: Fields<()> = &[("budget_tokens", ())];

/// The members of one object, read one after the other.
pub(super) struct Members<'a, K: 'static> {
    fields: Fields<K>,
    body: &'a [u8],
    names: Vec<Cow<'a, str>>,
    keys: Vec<K>,
}

impl<'a, K: Copy + PartialEq> Members<'a, K> {
    pub(super) fn of(fields: Fields<K>, body: &'a [u8]) -> Self {
        Self { fields, body, names: Vec::with_capacity(16), keys: Vec::new() }
    }

    /// Whether the object has none.
    pub(super) const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Reads an object; the next byte is its brace. Governed members go to `visit`, which must
    /// read their values. What the values make use of that are read as a whole, `walk` finds on the
    /// way.
    pub(super) fn read(
        &mut self,
        zone: Zone,
        scanner: &mut Scanner<'a>,
        walk: &mut Walk,
        mut visit: impl FnMut(K, Value<'_, 'a>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let body = self.body;
        let malformed = |error: Malformed| error.refusal(body);
        let mut goes_on = scanner.open(Container::Object).map_err(malformed)?;
        while goes_on {
            let (name, governed) = self.name(scanner)?;
            let zone = walk.inside(zone, name);
            match governed {
                Some((field, key)) => {
                    let (scanner, walk) = (&mut *scanner, &mut *walk);
                    visit(key, Value { field, body, zone, scanner, walk })?;
                }
                None => {
                    walk.value(zone, scanner).map_err(malformed)?;
                }
            }
            goes_on = scanner.goes_on().map_err(malformed)?;
        }
        Ok(())
    }

    /// Reads a name up to its value; with it comes the governed field that it is, if it is one.
    fn name(&mut self, scanner: &mut Scanner<'a>) -> Result<(&str, Option<Field<K>>), Refusal> {
        let quoted = scanner.name().map_err(|error| error.refusal(self.body))?;
        let Some(name) = scanner.unquoted(&quoted) else {
            return Err(Refusal::body(format!(
                "the name of a member at byte {} holds half of a surrogate pair; write its \
                 characters themselves",
                quoted.span.start
            )));
        };
        if has_unseen(&name) {
            return Err(Refusal::body(format!(
                "the name of a member at byte {} holds a control character or a byte order mark; \
                 write it without",
                quoted.span.start
            )));
        }
        if self.names.contains(&name) {
            return Err(twice(&name));
        }
        if self.names.len() == MEMBERS_MAX {
            return Err(Refusal::body(format!(
                "the body has an object with more than {MEMBERS_MAX} members where the API knows \
                 far fewer; send only fields of the API"
            )));
        }
        let same = |(field, _): &&Field<K>| same_letters(field, &name);
        let governed = self.fields.iter().find(same).copied();
        if let Some((field, key)) = governed {
            if quoted.escaped || *field != *name {
                return Err(Refusal::of(
                    field,
                    format!(
                        "`{}` at byte {} could be taken for `{field}`; write `{field}`, in these \
                         letters and without escapes",
                        shown(&name),
                        quoted.span.start
                    ),
                ));
            }
            if self.keys.contains(&key) {
                return Err(twice(field));
            }
            self.keys.push(key);
        }
        Ok((self.names.push_mut(name), governed))
    }
}

/// Whether a text has control characters or a byte order mark.
fn has_unseen(text: &str) -> bool {
    match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(|c| c.is_control() || c == '\u{feff}'),
    }
}

fn twice(name: &str) -> Refusal {
    let name = shown(name);
    Refusal::of(
        name.clone(),
        format!("`{name}` is there twice (or in two spellings); send it once"),
    )
}

/// A caller's name as it may be shown: not too long, nothing but what can be printed.
fn shown(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
}

/// Whether some reader would take `name` for `field`: letters compared as Go's encoding/json
/// does, without case, which also takes `ſ` for `s` and the Kelvin sign for `k`.
fn same_letters(field: &str, name: &str) -> bool {
    if name.is_ascii() {
        return name.eq_ignore_ascii_case(field);
    }
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => c.to_ascii_lowercase(),
    };
    name.chars().map(fold).eq(field.chars().map(fold))
}

/// The value of a governed field, about to be read.
pub(super) struct Value<'s, 'a> {
    field: &'static str,
    body: &'a [u8],
    zone: Zone,
    scanner: &'s mut Scanner<'a>,
    walk: &'s mut Walk,
}

/// Where an object stands.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// All of it, or of the null in its place.
    pub(super) span: Range<usize>,
    /// Just behind its brace; `None` if it is null.
    pub(super) inside: Option<usize>,
    /// Whether it has no members.
    pub(super) empty: bool,
}

impl<'a> Value<'_, 'a> {
    /// Passes the value.
    fn raw(&mut self) -> Result<(Range<usize>, &'a [u8]), Refusal> {
        let passed = self.walk.value(self.zone, self.scanner);
        let span = passed.map_err(|error| error.refusal(self.body))?;
        let text = self.scanner.slice(&span);
        Ok((span, text))
    }

    /// What is read otherwise than as a whole must be of no interest to the walk.
    fn is_not_walked(&self) {
        debug_assert_eq!(self.zone, Zone::Skip, "`{}`", self.field);
    }

    fn wrong(&self, remedy: impl std::fmt::Display) -> Refusal {
        Refusal::of(self.field, format!("`{}` must be {remedy}", self.field))
    }

    /// A string that is not empty and has no control characters or byte order marks.
    pub(super) fn text(
        &mut self,
        what: &'static str,
    ) -> Result<(Cow<'a, str>, Range<usize>), Refusal> {
        let wrong = |value: &Self| value.wrong(format_args!("{what}, a string that can be read"));
        self.is_not_walked();
        if self.scanner.next() != Some(b'"') {
            self.raw()?;
            return Err(wrong(self));
        }
        let quoted = self.scanner.string().map_err(|error| error.refusal(self.body))?;
        match self.scanner.unquoted(&quoted) {
            Some(text) if !text.is_empty() && !has_unseen(&text) => Ok((text, quoted.span)),
            _ => Err(wrong(self)),
        }
    }

    /// A boolean or null.
    pub(super) fn flag(&mut self) -> Result<Flag, Refusal> {
        let (span, text) = self.raw()?;
        let value = match text {
            b"true" => Some(true),
            b"false" => Some(false),
            b"null" => None,
            _ => return Err(self.wrong("`true` or `false`, without quotes")),
        };
        Ok(Flag { value, span })
    }

    /// A whole number or null. Other spellings of it (`1e3`, `8.0`) are refused, because readers
    /// differ in what they make of them.
    pub(super) fn count(&mut self, least: u32, most: u32) -> Result<Number, Refusal> {
        let (span, text) = self.raw()?;
        if text == b"null" {
            return Ok(Number { value: None, span });
        }
        let count = match text.first() {
            Some(b'0'..=b'9') => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()),
            _ => None,
        };
        match count {
            Some(count) if (least..=most).contains(&count) => {
                Ok(Number { value: Some(count), span })
            }
            _ => Err(self.wrong(format_args!(
                "a whole number from {least} to {most}, written in digits only"
            ))),
        }
    }

    /// Whether anything stands there but null, `[]` or `{}`.
    pub(super) fn is_filled(&mut self) -> Result<bool, Refusal> {
        let (_, text) = self.raw()?;
        let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        Ok(text != b"null" && inside.iter().any(|byte| !byte.is_ascii_whitespace()))
    }

    /// Nothing: what stands there would not be as it is said.
    pub(super) fn none(&mut self, fault: &str) -> Result<(), Refusal> {
        match self.is_filled()? {
            true => Err(Refusal::of(self.field, format!("`{}` {fault}", self.field))),
            false => Ok(()),
        }
    }

    /// A string, as it is written between its quotes; `None` of anything else.
    pub(super) fn word(&mut self) -> Result<Option<&'a str>, Refusal> {
        let (_, text) = self.raw()?;
        let inside = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
        Ok(inside.and_then(|inside| std::str::from_utf8(inside).ok()))
    }

    /// An object's governed members given to `visit`; anything else is passed over.
    pub(super) fn members_if_any<K: Copy + PartialEq>(
        &mut self,
        fields: Fields<K>,
        visit: impl FnMut(K, Value<'_, 'a>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        match self.scanner.next() {
            Some(b'{') => self.members(fields, visit).map(|_| ()),
            _ => self.raw().map(|_| ()),
        }
    }

    /// An object or null, its governed members given to `visit`.
    pub(super) fn members<K: Copy + PartialEq>(
        &mut self,
        fields: Fields<K>,
        visit: impl FnMut(K, Value<'_, 'a>) -> Result<(), Refusal>,
    ) -> Result<Object, Refusal> {
        if self.scanner.next() != Some(b'{') {
            let (span, text) = self.raw()?;
            return match text {
                b"null" => Ok(Object { span, inside: None, empty: true }),
                _ => Err(self.wrong("an object")),
            };
        }
        self.is_not_walked();
        let start = self.scanner.at();
        let mut members = Members::of(fields, self.body);
        members.read(self.zone, self.scanner, self.walk, visit)?;
        Ok(Object {
            span: start..self.scanner.at(),
            inside: Some(start + 1),
            empty: members.is_empty(),
        })
    }
}
