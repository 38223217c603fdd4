//! What the gateway must know of a request, found without parsing it.

mod fields;
mod limit;

use std::borrow::Cow;
use std::ops::Range;

use super::Edit;
use super::scan::Scanner;
use crate::Schema;
use crate::conversation::{Refusal, Served, ServiceTier};
use crate::features::{Features, Walk, Zone};
use fields::{Key, Members, Object, Value};

/// The most that is taken for an output limit: what the providers' own 32-bit fields hold.
const TOKENS_MAX: u32 = i32::MAX as u32;

/// The most alternatives of one answer (OpenAI's own maximum for `n`).
const CANDIDATES_MAX: u32 = 128;

/// What the gateway must know about a request body before it lets it pass, and where it stands.
///
/// One pass over the body checks that all of it is JSON (RFC 8259) in UTF-8, not nested deeper
/// than [`DEPTH_LIMIT`](super::DEPTH_LIMIT), and that no reader can understand it differently
/// from this one: no top-level name twice, no governed name in other letters (`Model`) or with
/// escapes (`\u006dodel`), no BOM (`trust.md` S-12, S-49). The same pass finds what the
/// request makes use of. Nothing of it is changed, so what is sent on is the caller's own bytes but
/// for the [`Edit`]s made here.
#[derive(Clone, Debug)]
pub struct Peek<'a> {
    schema: Schema,
    /// The whole body.
    whole: Object,
    model: Option<Text<'a>>,
    stream: Option<Flag>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<Number>,
    max_completion_tokens: Option<Number>,
    /// Gemini's, where the limits stand.
    generation_config: Option<Object>,
    /// Claude's `thinking.budget_tokens`.
    thinking_budget: Option<Number>,
    candidates: Option<u32>,
    best_of: Option<u32>,
    tools: bool,
    effort: Option<&'a str>,
    served: Served,
    inference_geo: Option<&'a str>,
    features: Features,
}

/// A string: what it says and where it stands.
#[derive(Clone, Debug)]
struct Text<'a> {
    text: Cow<'a, str>,
    span: Range<usize>,
}

/// A boolean, `None` for null, and where it stands.
#[derive(Clone, Debug)]
struct Flag {
    value: Option<bool>,
    span: Range<usize>,
}

/// A whole number, `None` for null, and where it stands.
#[derive(Clone, Debug)]
struct Number {
    value: Option<u32>,
    span: Range<usize>,
}

/// OpenAI's `stream_options` as it stands.
#[derive(Clone, Debug)]
enum StreamOptions {
    Null(Range<usize>),
    Object {
        /// Just behind the opening brace.
        inside: usize,
        empty: bool,
        include_usage: Option<Flag>,
    },
}

impl<'a> Peek<'a> {
    /// Looks into a request body of this schema.
    ///
    /// # Errors
    /// A refusal that says where the body is malformed or ambiguous, or which field has which
    /// wrong value, and what to write instead.
    pub fn of(schema: Schema, body: &'a [u8]) -> Result<Self, Refusal> {
        if body.starts_with(b"\xef\xbb\xbf") {
            return Err(Refusal::body(
                "the body starts with a byte order mark; send plain UTF-8 without one",
            ));
        }
        let mut peek = Self {
            schema,
            whole: Object { span: 0..body.len(), inside: None, empty: true },
            model: None,
            stream: None,
            stream_options: None,
            max_tokens: None,
            max_completion_tokens: None,
            generation_config: None,
            thinking_budget: None,
            candidates: None,
            best_of: None,
            tools: false,
            effort: None,
            served: Served::default(),
            inference_geo: None,
            features: Features::NONE,
        };
        let mut scanner = Scanner::new(body);
        scanner.space();
        if scanner.next() != Some(b'{') {
            return Err(scanner.wrong("a JSON object").refusal(body));
        }
        peek.whole.inside = Some(scanner.at() + 1);
        let mut members = Members::of(fields::of(schema), body);
        let mut walk = Walk::of(schema);
        let visit = |key, value: Value<'_, 'a>| peek.member(key, value);
        members.read(Zone::Request, &mut scanner, &mut walk, visit)?;
        peek.features = walk.found();
        peek.whole.empty = members.is_empty();
        scanner.space();
        if scanner.next().is_some() {
            return Err(scanner.wrong("the end of the body").refusal(body));
        }
        if peek.model.is_none() && schema != Schema::Gemini {
            return Err(Refusal::of("model", "`model` is missing; name the model to use"));
        }
        Ok(peek)
    }

    /// Takes one member.
    fn member(&mut self, key: Key, mut value: Value<'_, 'a>) -> Result<(), Refusal> {
        // A limit of 0 warms Claude's cache; elsewhere it may be read as "no limit".
        let least = u32::from(self.schema != Schema::Claude);
        match key {
            Key::Model => {
                let (text, span) = value.text("the model's name")?;
                self.model = Some(Text { text, span });
            }
            Key::Stream => self.stream = Some(value.flag()?),
            Key::MaxTokens => self.max_tokens = Some(value.count(least, TOKENS_MAX)?),
            Key::MaxCompletionTokens => {
                self.max_completion_tokens = Some(value.count(least, TOKENS_MAX)?);
            }
            Key::Candidates => self.candidates = value.count(1, CANDIDATES_MAX)?.value,
            Key::BestOf => self.best_of = value.count(1, CANDIDATES_MAX)?.value,
            Key::Tools | Key::Functions => self.tools |= value.is_filled()?,
            Key::Effort => self.effort = value.word()?,
            Key::ServiceTier => {
                self.served.tier = value.word()?.map_or(ServiceTier::Unsaid, |word| {
                    // An escape hides what it says.
                    let hidden = word.contains('\\');
                    if hidden { ServiceTier::Priority } else { ServiceTier::read(word) }
                });
            }
            Key::Speed => self.served.fast = value.word()?.is_some_and(|word| word != "standard"),
            Key::InferenceGeo => {
                self.inference_geo = value.word()?;
                self.served.us_only = self.inference_geo.is_some_and(|word| word != "global");
            }
            Key::OtherModels => value.none(
                "names models to ask instead, which nobody allowed or priced; leave it out, and \
                 let the route fall back",
            )?,
            Key::Background if value.flag()?.value == Some(true) => {
                return Err(Refusal::of(
                    "background",
                    "`background` would go on, and cost, after this request has been answered; \
                     leave it out",
                ));
            }
            Key::Background => {}
            Key::GenerationConfig => {
                let found = value
                    .members(fields::GENERATION_CONFIG, |key, value| self.member(key, value))?;
                self.generation_config = Some(found);
            }
            Key::Thinking => value.members_if_any(fields::THINKING, |(), mut value| {
                self.thinking_budget = Some(value.count(0, TOKENS_MAX)?);
                Ok(())
            })?,
            Key::StreamOptions => {
                let mut include_usage = None;
                let object = value.members(fields::STREAM_OPTIONS, |(), mut value| {
                    include_usage = Some(value.flag()?);
                    Ok(())
                })?;
                self.stream_options = Some(match object.inside {
                    None => StreamOptions::Null(object.span),
                    Some(inside) => {
                        StreamOptions::Object { inside, empty: object.empty, include_usage }
                    }
                });
            }
        }
        Ok(())
    }

    /// The model that the body names. Always there but on Gemini, whose path names the model and
    /// whose body may repeat it, with or without `models/`.
    pub fn model(&self) -> Option<&str> {
        self.model.as_ref().map(|model| &*model.text)
    }

    /// Whether the body asks for a stream. Never on Gemini, whose path says so.
    pub fn stream(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.value == Some(true))
    }

    /// How many alternatives are made, whether or not all of them are shown; 1 unless said. Hosts
    /// that took `best_of` over from OpenAI's older API make as many, and bill them.
    pub fn candidates(&self) -> u32 {
        self.candidates.max(self.best_of).unwrap_or(1)
    }

    /// How it is to be served, as far as that changes the price: never cheaper than it will be.
    pub const fn served(&self) -> Served {
        self.served
    }

    /// Claude: where the caller wants it to be served, as it is written between the quotes.
    pub const fn inference_geo(&self) -> Option<&'a str> {
        self.inference_geo
    }

    /// Whether any tools are offered.
    pub const fn has_tools(&self) -> bool {
        self.tools
    }

    /// What the request makes use of.
    pub const fn features(&self) -> Features {
        self.features
    }

    /// OpenAI Chat: the word for the effort, if there is one.
    pub const fn effort(&self) -> Option<&'a str> {
        self.effort
    }

    /// OpenAI: whether the caller asked for the usage chunk of a stream.
    pub fn wants_usage(&self) -> bool {
        matches!(
            &self.stream_options,
            Some(StreamOptions::Object { include_usage: Some(Flag { value: Some(true), .. }), .. })
        )
    }

    /// The edit that makes the body name `model`; `None` if it already does, or names none.
    /// A `models/` in front (Gemini) stays.
    pub fn set_model(&self, model: &str) -> Option<Edit> {
        let Text { text, span } = self.model.as_ref()?;
        let prefix = match self.schema {
            Schema::Gemini if text.starts_with("models/") => "models/",
            _ => "",
        };
        if text.strip_prefix(prefix) == Some(model) {
            return None;
        }
        let quoted = quote(&format!("{prefix}{model}"));
        Some(Edit { span: span.clone(), with: Cow::Owned(quoted) })
    }

    /// The edit that asks for the usage chunk of an OpenAI stream; `None` if the caller already
    /// does, or if no stream is asked for. Other options stay as they are (S-44).
    pub fn ask_for_usage(&self) -> Option<Edit> {
        if self.schema != Schema::Chat || !self.stream() || self.wants_usage() {
            return None;
        }
        let insert = |at: usize, with: &'static str| (at..at, with);
        let (span, with) = match &self.stream_options {
            None => insert(
                self.stream.as_ref()?.span.end,
                r#","stream_options":{"include_usage":true}"#,
            ),
            Some(StreamOptions::Null(span)) => (span.clone(), r#"{"include_usage":true}"#),
            Some(StreamOptions::Object { include_usage: Some(flag), .. }) => {
                (flag.span.clone(), "true")
            }
            Some(StreamOptions::Object { inside, empty: true, .. }) => {
                insert(*inside, r#""include_usage":true"#)
            }
            Some(StreamOptions::Object { inside, empty: false, .. }) => {
                insert(*inside, r#""include_usage":true,"#)
            }
        };
        Some(Edit { span, with: Cow::Borrowed(with.as_bytes()) })
    }
}

/// Writes a JSON string.
fn quote(text: &str) -> Vec<u8> {
    // Writing a string into memory can't fail.
    serde_json::to_vec(text).unwrap_or_default()
}

#[cfg(test)]
mod tests;
