//! Single values as an operator writes them: sizes, durations, words.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::SignedDuration;
use providers::Schema;
use providers::translate::{Droppable, Emulation};
use providers::vendor::Vendor;

use super::decode::Scalar;
use super::suggest::suggest;
use crate::identity::Unlisted;
use crate::snapshot::{Depth, HttpVersions, Mode, ProxyScheme, Stale, TlsVersion};

/// Most characters of a wrong text that a message repeats.
const QUOTED: usize = 60;

pub(super) fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(QUOTED).collect();
    format!("is `{}`", shown.escape_debug())
}

/// A type that is written as one of a few words.
pub(super) trait Word: Copy + 'static {
    /// The words, and what they stand for.
    const WORDS: &'static [(&'static str, Self)];
}

impl<W: Word> Scalar for W {
    fn expected() -> String {
        let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
        words.join(" or ")
    }

    fn parse(text: &str) -> Result<Self, String> {
        let known = Self::WORDS.iter().find(|(word, _)| *word == text);
        let words = Self::WORDS.iter().map(|(word, _)| *word);
        known.map(|(_, value)| *value).ok_or_else(|| unknown(text, words))
    }
}

impl Word for Schema {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("openai", Self::Chat),
        (Self::Claude.as_str(), Self::Claude),
        (Self::Gemini.as_str(), Self::Gemini),
    ];
}

impl Word for Mode {
    const WORDS: &'static [(&'static str, Self)] =
        &[("endpoint", Self::Endpoint), ("parent", Self::Parent)];
}

impl Word for HttpVersions {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("h1", Self::H1), ("h2", Self::H2)];
}

impl Word for TlsVersion {
    const WORDS: &'static [(&'static str, Self)] = &[("1.2", Self::V1_2), ("1.3", Self::V1_3)];
}

impl Word for Stale {
    const WORDS: &'static [(&'static str, Self)] =
        &[("refuse", Self::Refuse), ("accept", Self::Accept)];
}

impl Word for Depth {
    const WORDS: &'static [(&'static str, Self)] = &[("chain", Self::Chain), ("leaf", Self::Leaf)];
}

impl Word for ProxyScheme {
    const WORDS: &'static [(&'static str, Self)] =
        &[("basic", Self::Basic), ("bearer", Self::Bearer)];
}

/// Which of OpenAI's two schemas a backend offers for model turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Chat,
    Responses,
    Both,
}

impl Word for Api {
    const WORDS: &'static [(&'static str, Self)] =
        &[("chat", Self::Chat), ("responses", Self::Responses), ("both", Self::Both)];
}

/// What an OpenAI-compatible backend knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Current,
    Legacy,
}

impl Word for Dialect {
    const WORDS: &'static [(&'static str, Self)] =
        &[("current", Self::Current), ("legacy", Self::Legacy)];
}

/// Whether a backend may be spoken to without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plaintext {
    Refused,
    Allowed,
}

impl Word for Plaintext {
    const WORDS: &'static [(&'static str, Self)] =
        &[("refused", Self::Refused), ("allowed", Self::Allowed)];
}

/// Whether callers have to show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Required,
    Optional,
}

impl Word for Client {
    const WORDS: &'static [(&'static str, Self)] =
        &[("required", Self::Required), ("optional", Self::Optional)];
}

impl Word for Unlisted {
    const WORDS: &'static [(&'static str, Self)] =
        &[("allow", Self::Allow), ("refuse", Self::Refuse)];
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Switch(pub bool);

impl Word for Switch {
    const WORDS: &'static [(&'static str, Self)] = &[("true", Self(true)), ("false", Self(false))];
}

/// A field that requests may do without.
impl Scalar for Droppable {
    fn expected() -> String {
        format!("one of {}", Self::names().collect::<Vec<_>>().join(", "))
    }

    fn parse(text: &str) -> Result<Self, String> {
        Self::named(text).ok_or_else(|| unknown(text, Self::names()))
    }
}

/// What may be said in another way.
impl Scalar for Emulation {
    fn expected() -> String {
        format!("one of {}", Self::names().collect::<Vec<_>>().join(", "))
    }

    fn parse(text: &str) -> Result<Self, String> {
        Self::named(text).ok_or_else(|| unknown(text, Self::names()))
    }
}

/// A vendor of the table.
impl Scalar for &'static Vendor {
    fn expected() -> String {
        let names: Vec<&str> = Vendor::all().iter().map(Vendor::name).collect();
        format!("one of {}", names.join(", "))
    }

    fn parse(text: &str) -> Result<Self, String> {
        Vendor::named(text).ok_or_else(|| unknown(text, Vendor::all().iter().map(Vendor::name)))
    }
}

/// A word that is none of these, and the one that was meant, if one is near.
pub(super) fn unknown<'a>(text: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = suggest(text, known);
    let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    quoted(text) + &hint
}

/// A text that is not empty.
impl Scalar for String {
    fn expected() -> String {
        "a text of visible characters".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("is empty".to_owned()),
            _ if text.trim() != text => Err("begins or ends with white space".to_owned()),
            _ if text.chars().any(char::is_control) => Err("has a control character".to_owned()),
            _ => Ok(text.to_owned()),
        }
    }
}

impl Scalar for SocketAddr {
    fn expected() -> String {
        "an IP address and a port, such as 127.0.0.1:8080 or 0.0.0.0:8080".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let address: Self = text.parse().map_err(|_| quoted(text))?;
        if address.port() == 0 { Err(quoted(text) + ", without a port") } else { Ok(address) }
    }
}

/// A share of the traffic.
impl Scalar for u32 {
    fn expected() -> String {
        "a whole number from 1 to 1000000, or leave it out".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let weight = text.parse().ok().filter(|weight| (1..=1_000_000).contains(weight));
        weight.ok_or_else(|| quoted(text))
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub usize);

const UNITS: [(&str, usize); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl Scalar for Size {
    fn expected() -> String {
        "a number and a unit, such as 32 MiB".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let split = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)));
        let (number, unit) = split.ok_or_else(|| quoted(text))?;
        let number: usize = number.trim_end().parse().map_err(|_| quoted(text))?;
        let bytes = number.checked_mul(*unit).filter(|bytes| *bytes > 0);
        bytes.map(Self).ok_or_else(|| quoted(text))
    }
}

impl Scalar for Duration {
    fn expected() -> String {
        "a time longer than 0, such as 500ms, 30s, 5m or 1h".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let span: SignedDuration = text.parse().map_err(|_| quoted(text))?;
        let positive = Self::try_from(span).ok().filter(|span| !span.is_zero());
        positive.ok_or_else(|| quoted(text))
    }
}
