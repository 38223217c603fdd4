//! One turn: what a request asks for, read out of any of the three schemas, and the answer to it,
//! which is a function of the request alone.
//!
//! The rules, in order; the first that fits decides:
//! 1. the last user text contains `refuse`: the schema's refusal;
//! 2. a tool is forced, or there are tools and the text says `call NAME`: a call of it (`call NAME
//!    twice`: two parallel calls), with the JSON after `with {…}` or an example made from the schema
//!    (a custom tool: with the text after `with`);
//! 3. the turn answers tool calls: a text that quotes the results;
//! 4. a JSON schema is asked for: an example of it; JSON alone is asked for: `{"answer": text}`;
//! 5. otherwise `MODEL here: TEXT`, and for each image its media type and size.
//!
//! Tokens: one for each four bytes of text begun, at least one; 85 for an image, 16 for a tool.
//! Where the text contains `cached`, half of the input is reported as read from the cache.

use super::host::Host;
use super::json::{Json, quote};
use super::sample;
use super::script::{Fault, Reported};

/// What a request asks for.
#[derive(Debug, Default)]
pub struct Turn<'j> {
    /// The model asked for.
    pub model: String,
    /// Whose host was asked.
    pub host: Host,
    /// OpenAI Responses: the request itself, of which the answer repeats much.
    pub request: Option<&'j Json<'j>>,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// OpenAI: whether a stream tells its usage.
    pub include_usage: bool,
    /// Gemini: whether a stream is server-sent events, not a JSON array.
    pub sse: bool,
    /// The text of the last user turn.
    pub said: String,
    /// The tool results that end the conversation, as text.
    pub results: Vec<String>,
    /// The images in the last user turn.
    pub images: Vec<Image>,
    /// The tools on offer.
    pub tools: Vec<Tool<'j>>,
    /// What the caller wants done with them.
    pub choice: Choice,
    /// Whether one answer may hold one call only.
    pub serial: bool,
    /// JSON is asked for, of this schema if one is given.
    pub format: Option<Option<&'j Json<'j>>>,
    /// Whether the model thinks first, and how much of that it shows.
    pub thinking: Thinking,
    /// Claude: what its thoughts are good after, if only after that.
    pub prefix: Option<u32>,
    /// The most tokens the answer may have.
    pub limit: Option<u64>,
    /// Where the answer stops.
    pub stop: Vec<String>,
    /// How many answers are wanted; 0 means 1.
    pub samples: u64,
    /// Tokens of the input, as counted by [`Meter`].
    pub input: Meter,
}

/// An image that came in.
#[derive(Debug)]
pub struct Image {
    /// Its media type; for a URL, the URL.
    pub kind: String,
    /// Its size, decoded; 0 for a URL.
    pub bytes: usize,
}

/// A tool on offer.
#[derive(Debug)]
pub struct Tool<'j> {
    /// Its name.
    pub name: String,
    /// The schema of its arguments.
    pub schema: Option<&'j Json<'j>>,
    /// OpenAI's custom tools take any text, not JSON.
    pub custom: bool,
}

/// What the caller wants done with the tools.
#[derive(Debug, Default, PartialEq)]
pub enum Choice {
    /// The model decides.
    #[default]
    Auto,
    /// No call.
    None,
    /// Some call.
    Any,
    /// A call of this one.
    Named(String),
}

/// Whether the model thinks, and what it shows of it.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub enum Thinking {
    /// It does not.
    #[default]
    Off,
    /// It does, and shows tokens and signature only.
    Hidden,
    /// It does, and shows the text.
    Shown,
}

/// Counts the tokens of an input.
#[derive(Debug, Default)]
pub struct Meter {
    bytes: usize,
    extra: u64,
}

impl Meter {
    /// Counts a text.
    pub fn text(&mut self, text: &str) {
        self.bytes += text.len();
    }

    /// Counts an image.
    pub fn image(&mut self) {
        self.extra += 85;
    }

    /// Counts a tool.
    pub fn tool(&mut self) {
        self.extra += 16;
    }

    /// Counts bytes nobody looked into.
    pub fn bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// How many tokens that makes.
    pub fn tokens(&self) -> u64 {
        tokens(self.bytes) + self.extra
    }
}

fn tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4).max(1)
}

/// Tokens of a request and its answer.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// All of the input, cached or not.
    pub input: u64,
    /// The part of the input that was read from the cache.
    pub cached: u64,
    /// All of the output, thinking included.
    pub output: u64,
    /// The part of the output that is thinking.
    pub reasoning: u64,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Finish {
    /// It was complete.
    End,
    /// It met this stop sequence.
    Stop(String),
    /// It reached the limit.
    Length,
    /// It calls tools.
    Calls,
    /// It is a refusal.
    Refusal,
    /// The provider's filter stopped it.
    Filter,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The tool.
    pub name: String,
    /// Its arguments: the text of a JSON object; for a custom tool, any text.
    pub arguments: String,
    /// Whether it is a call of a custom tool.
    pub custom: bool,
}

/// An answer, before it is written in a schema.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Names this answer: a hash of the request.
    pub id: u32,
    /// The text of the thinking that came first.
    pub thinking: Option<String>,
    /// Whether the thinking is not to be read.
    pub redacted: bool,
    /// The text, in the pieces in which it is streamed.
    pub pieces: Vec<String>,
    /// The tool calls.
    pub calls: Vec<Call>,
    /// Why it ended.
    pub finish: Finish,
    /// What it truly cost.
    pub tokens: Tokens,
    /// What it says it cost.
    pub reported: Reported,
    /// How many times it is given.
    pub samples: u64,
}

impl Reply {
    /// The whole text.
    pub fn text(&self) -> String {
        self.pieces.concat()
    }

    /// The tokens it reports, if it reports any.
    pub fn told(&self) -> Option<Tokens> {
        match self.reported {
            Reported::Absent => None,
            Reported::Zero => Some(Tokens::default()),
            Reported::Huge => Some(Tokens { input: 1 << 52, output: 1 << 52, ..self.tokens }),
            Reported::True | Reported::Decreasing | Reported::Duplicated => Some(self.tokens),
        }
    }
}

impl Turn<'_> {
    /// The answer. `id` names it; `faults` may set its size, its pieces and what it reports.
    pub fn answer(&self, id: u32, faults: &[Fault]) -> Reply {
        let said = said(&self.said);
        let thinking = (self.thinking != Thinking::Off).then(|| format!("I think about: {said}"));
        let mut finish = Finish::End;
        let mut calls = Vec::new();
        let mut pieces = Vec::new();
        if said.contains("refuse") {
            finish = Finish::Refusal;
            pieces.push("I will not help with that.".to_owned());
        } else if let Some(call) = self.call(said.trim()) {
            finish = Finish::Calls;
            let twice = said.contains(&format!("call {} twice", call.name)) && !self.serial;
            calls = vec![call; if twice { 2 } else { 1 }];
        } else {
            pieces = self.write(&said, faults);
            if let Some((cut, end)) = self.cut(&pieces.concat()) {
                finish = end;
                pieces = split(&cut);
            }
            if faults.contains(&Fault::Filter) {
                finish = Finish::Filter;
            }
        }
        let bytes = |texts: &mut dyn Iterator<Item = &str>| texts.map(str::len).sum::<usize>();
        let text = bytes(&mut pieces.iter().map(String::as_str));
        let called = bytes(&mut calls.iter().map(|call| call.arguments.as_str()));
        let reasoning = thinking.as_deref().map_or(0, |text| tokens(text.len()));
        let input = self.input.tokens();
        let samples = self.samples.max(1);
        Reply {
            id,
            thinking,
            redacted: faults.contains(&Fault::Redacted),
            pieces,
            calls,
            finish,
            tokens: Tokens {
                input,
                cached: if said.contains("cached") { input / 2 } else { 0 },
                output: (tokens(text + called) + reasoning) * samples,
                reasoning: reasoning * samples,
            },
            reported: faults.iter().rev().find_map(Fault::reported).unwrap_or_default(),
            samples,
        }
    }

    fn call(&self, said: &str) -> Option<Call> {
        let named = |name: &str| self.tools.iter().find(|tool| tool.name == name);
        let asked = || {
            let called = |tool: &&Tool<'_>| said.contains(&format!("call {}", tool.name));
            self.tools.iter().filter(called).max_by_key(|tool| tool.name.len())
        };
        let tool = match &self.choice {
            Choice::None => None,
            Choice::Named(name) => named(name),
            Choice::Any => asked().or(self.tools.first()),
            Choice::Auto if self.results.is_empty() => asked(),
            Choice::Auto => None,
        }?;
        if tool.custom {
            let input = said.split_once(" with ").map_or("some input", |(_, input)| input);
            let arguments = input.trim().to_owned();
            return Some(Call { name: tool.name.clone(), arguments, custom: true });
        }
        let given = said.split_once("with {").and_then(|(_, rest)| first_object(rest));
        let arguments = match (given, tool.schema) {
            (Some(given), _) => given,
            (None, Some(schema)) => sample::of(schema),
            (None, None) => "{}".to_owned(),
        };
        Some(Call { name: tool.name.clone(), arguments, custom: false })
    }

    fn write(&self, said: &str, faults: &[Fault]) -> Vec<String> {
        for fault in faults {
            match fault {
                Fault::Bytes(bytes) => {
                    let mut text = "token ".repeat(bytes / 6 + 1);
                    text.truncate(*bytes);
                    return split(&text);
                }
                Fault::Chunks { count, stamped: true, .. } => {
                    return vec![super::playback::STAMP.to_owned(); *count];
                }
                Fault::Chunks { count, .. } => {
                    return (0..*count).map(|at| format!("w{at} ")).collect();
                }
                _ => {}
            }
        }
        if !self.results.is_empty() {
            let results = self.results.join("; ");
            return split(&format!("{} here: the tool said {results}", self.model));
        }
        match self.format {
            Some(Some(schema)) => return split(&sample::of(schema)),
            Some(None) => return split(&format!("{{\"answer\": {}}}", quote(said))),
            None => {}
        }
        let mut text = format!("{} here: {said}", self.model);
        for image in &self.images {
            text.push_str(&format!(" [{}, {} bytes]", image.kind, image.bytes));
        }
        split(&text)
    }

    /// The text up to a stop sequence or the limit, where either comes before its end.
    fn cut(&self, text: &str) -> Option<(String, Finish)> {
        let stops = self.stop.iter().filter_map(|stop| Some((text.find(stop)?, stop)));
        if let Some((at, stop)) = stops.min() {
            return Some((text.get(..at)?.to_owned(), Finish::Stop(stop.clone())));
        }
        let limit = usize::try_from(self.limit?).ok()?.saturating_mul(4);
        if text.len() <= limit {
            return None;
        }
        let mut end = limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Some((text.get(..end)?.to_owned(), Finish::Length))
    }
}

/// The text without what is written between `[[` and `]]`.
fn said(text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[[") {
        let Some((_, behind)) = after.split_once("]]") else { break };
        said.push_str(before);
        rest = behind;
    }
    said.push_str(rest);
    said
}

fn split(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

/// The JSON object that a text starts with, its opening brace already taken.
fn first_object(rest: &str) -> Option<String> {
    let text = format!("{{{rest}");
    let mut values =
        serde_json::Deserializer::from_str(&text).into_iter::<&serde_json::value::RawValue>();
    values.next()?.ok().map(|value| value.get().to_owned())
}
