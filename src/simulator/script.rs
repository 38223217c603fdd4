//! What a simulator does instead of answering well: faults, and when they happen.
//!
//! A fault has one spelling, used by tests through [`Script`], by any client inside its prompt
//! (`[[status 503]] [[retry-after 2]]`; a gateway strips headers but not prompts), and by the
//! control plane. Several faults may be given at once.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

/// Something that goes wrong, or the size and pace of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// `status N`: the provider's error of that status, in its schema.
    Status(u16),
    /// `retry-after N`: seconds; goes with a status (429 if none is given).
    RetryAfter(u64),
    /// `close`: the connection (h2: the stream) ends without an answer.
    Close,
    /// `goaway`: answers, and tells the client that the connection ends (h2: GOAWAY).
    GoAway,
    /// `stall`: no first byte, ever. `stall after N`: nothing more after N events.
    Stall(Option<usize>),
    /// `cut after N`: the connection breaks after N events.
    Cut(usize),
    /// `error after N` and optionally a status: after N events an error event in the schema.
    Error(usize, u16),
    /// `html`: 502 with a page of HTML.
    Html,
    /// `garbage`: 200 with a body that is not JSON.
    Garbage,
    /// `error in 200`: 200 with an error body.
    ErrorIn200,
    /// `gzip`: the answer is gzip'd, whatever was asked for.
    Gzip,
    /// `redirect URL`: 302 to there.
    Redirect(String),
    /// `echo credential`: a 400 whose message holds the credential that came in.
    EchoCredential,
    /// `delay N`: milliseconds before the first byte.
    Delay(Duration),
    /// `drip N every Mms`: the body in writes of N bytes, with a wait after each.
    Drip(usize, Duration),
    /// `bytes N`: a text of N bytes.
    Bytes(usize),
    /// `chunks N every Mms` (or `chunks N`): a text streamed in N pieces; with `stamped` at the
    /// end each piece is the time of its writing, in nanoseconds since 1970, in 19 digits.
    Chunks {
        /// How many pieces.
        count: usize,
        /// The wait before each.
        every: Duration,
        /// Whether each piece is the time of its writing.
        stamped: bool,
    },
    /// `filter`: the provider's filter stops the answer after its text.
    Filter,
    /// `redacted`: Claude's thoughts come as `redacted_thinking`.
    Redacted,
    /// `usage absent|zero|huge|decreasing|duplicated`: what the answer says it cost.
    Usage(Reported),
    /// These very bytes; from code only.
    Canned(Canned),
}

/// What an answer says it cost.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// The truth.
    #[default]
    True,
    /// Nothing.
    Absent,
    /// Zero of everything.
    Zero,
    /// 2^52 tokens.
    Huge,
    /// Streams: first the truth, then less.
    Decreasing,
    /// Streams: the truth, twice.
    Duplicated,
}

/// An answer given as bytes: a recording, or something no provider would send.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Canned {
    /// The HTTP status.
    pub status: u16,
    /// The headers, `content-type` among them.
    pub headers: Vec<(String, String)>,
    /// The body, one write each.
    pub body: Vec<Bytes>,
}

impl Fault {
    /// Reads one fault's spelling; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let usize = |word: &str| word.parse().ok();
        let millis = |word: &str| {
            let number = word.strip_suffix("ms").unwrap_or(word);
            number.parse().ok().map(Duration::from_millis)
        };
        Some(match words.as_slice() {
            ["status", status] => Self::Status(status.parse().ok()?),
            ["retry-after", seconds] => Self::RetryAfter(seconds.parse().ok()?),
            ["close"] => Self::Close,
            ["goaway"] => Self::GoAway,
            ["stall"] => Self::Stall(None),
            ["stall", "after", events] => Self::Stall(Some(usize(events)?)),
            ["cut", "after", events] => Self::Cut(usize(events)?),
            ["error", "after", events] => Self::Error(usize(events)?, 503),
            ["error", "after", events, status] => Self::Error(usize(events)?, status.parse().ok()?),
            ["html"] => Self::Html,
            ["garbage"] => Self::Garbage,
            ["error", "in", "200"] => Self::ErrorIn200,
            ["gzip"] => Self::Gzip,
            ["redirect", location] => Self::Redirect((*location).to_owned()),
            ["echo", "credential"] => Self::EchoCredential,
            ["delay", time] => Self::Delay(millis(time)?),
            ["drip", bytes, "every", time] => Self::Drip(usize(bytes)?.max(1), millis(time)?),
            ["bytes", bytes] => Self::Bytes(usize(bytes)?),
            ["chunks", count, rest @ ..] => {
                let (stamped, rest) = match rest {
                    [rest @ .., "stamped"] => (true, rest),
                    rest => (false, rest),
                };
                let every = match rest {
                    [] => Duration::ZERO,
                    ["every", time] => millis(time)?,
                    _ => return None,
                };
                Self::Chunks { count: usize(count)?, every, stamped }
            }
            ["filter"] => Self::Filter,
            ["redacted"] => Self::Redacted,
            ["usage", "absent"] => Self::Usage(Reported::Absent),
            ["usage", "zero"] => Self::Usage(Reported::Zero),
            ["usage", "huge"] => Self::Usage(Reported::Huge),
            ["usage", "decreasing"] => Self::Usage(Reported::Decreasing),
            ["usage", "duplicated"] => Self::Usage(Reported::Duplicated),
            _ => return None,
        })
    }

    /// The faults between `[[` and `]]` in a text; what is not a fault is passed over.
    pub fn in_text(text: &str) -> Vec<Self> {
        let spans = text.split("[[").skip(1).filter_map(|span| span.split_once("]]"));
        spans.filter_map(|(fault, _)| Self::parse(fault)).collect()
    }

    /// What an answer under this fault says it cost.
    pub(super) fn reported(&self) -> Option<Reported> {
        match self {
            Self::Usage(reported) => Some(*reported),
            _ => None,
        }
    }
}

/// When faults happen. Rules for the next requests are used up first, then those for a model,
/// then those for all.
#[derive(Debug, Default)]
pub struct Script(Mutex<Rules>);

#[derive(Debug, Default)]
struct Rules {
    next: VecDeque<Vec<Fault>>,
    models: Vec<ModelRule>,
    always: Vec<Fault>,
}

#[derive(Debug)]
struct ModelRule {
    model: String,
    /// Every so many requests meet the faults.
    every: usize,
    /// Requests since the last that did.
    since: usize,
    faults: Vec<Fault>,
}

impl Script {
    fn rules(&self) -> std::sync::MutexGuard<'_, Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next `count` requests meet these faults.
    pub fn next_n(&self, count: usize, faults: impl Into<Vec<Fault>>) {
        let faults = faults.into();
        self.rules().next.extend(std::iter::repeat_n(faults, count));
    }

    /// Every request meets these faults, until said otherwise.
    pub fn always(&self, faults: impl Into<Vec<Fault>>) {
        self.rules().always = faults.into();
    }

    /// Every request for this model meets these faults, until said otherwise.
    pub fn model(&self, model: impl Into<String>, faults: impl Into<Vec<Fault>>) {
        self.model_every(model, 1, faults);
    }

    /// Every `every`th request for this model meets these faults, until said otherwise.
    pub fn model_every(
        &self,
        model: impl Into<String>,
        every: usize,
        faults: impl Into<Vec<Fault>>,
    ) {
        let rule = ModelRule { model: model.into(), every, since: 0, faults: faults.into() };
        let mut rules = self.rules();
        rules.models.retain(|known| known.model != rule.model);
        rules.models.push(rule);
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        *self.rules() = Rules::default();
    }

    /// Reads rules, one a line: `next N: [[…]]`, `model NAME: [[…]]`, `model NAME every N: [[…]]`,
    /// `always: [[…]]`, `clear`.
    ///
    /// # Errors
    /// The first line that is none of these; the lines before it are in force.
    pub fn read(&self, text: &str) -> Result<(), String> {
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let wrong = || format!("not a rule: {line}");
            if line == "clear" {
                self.clear();
                continue;
            }
            let (when, what) = line.split_once(": ").ok_or_else(wrong)?;
            let faults = Fault::in_text(what);
            if faults.is_empty() {
                return Err(format!("no fault that is known: {line}"));
            }
            match when.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["next", count] => self.next_n(count.parse().map_err(|_| wrong())?, faults),
                ["model", model] => self.model(*model, faults),
                ["model", model, "every", every] => {
                    self.model_every(*model, every.parse().map_err(|_| wrong())?, faults);
                }
                ["always"] => self.always(faults),
                _ => return Err(wrong()),
            }
        }
        Ok(())
    }

    /// The faults that one request for `model` meets. A model called `fault-N` always meets
    /// `status N`.
    pub(super) fn take(&self, model: &str) -> Vec<Fault> {
        let mut rules = self.rules();
        if let Some(next) = rules.next.pop_front() {
            return next;
        }
        if let Some(rule) = rules.models.iter_mut().find(|rule| rule.model == model) {
            rule.since += 1;
            if rule.since < rule.every {
                return Vec::new();
            }
            rule.since = 0;
            return rule.faults.clone();
        }
        match model.strip_prefix("fault-").and_then(|status| status.parse().ok()) {
            Some(status) => vec![Fault::Status(status)],
            None => rules.always.clone(),
        }
    }
}
