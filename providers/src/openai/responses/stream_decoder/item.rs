//! An item of the output as far as it has come.

use std::borrow::Cow;

use super::super::answer::{self, BETWEEN_THOUGHTS, Kind, Said, Voice};
use super::super::response::{IMAGE, nameless};
use super::Parts;
use crate::conversation::{ApiError, Citation, Delta, PartKind, TokenLogprob};

/// An item under way.
#[derive(Debug)]
pub(super) struct Item {
    /// Its place in the output.
    pub(super) index: Option<u64>,
    pub(super) id: Option<String>,
    kind: Kind<'static>,
    /// The part of reasoning or of a call, which is one however many pieces it has.
    part: Option<u32>,
    pieces: Vec<Piece>,
    /// It is one that only this schema can say, and that was told.
    named: bool,
    done: bool,
}

/// A piece of an item: a part of a message, a paragraph of reasoning, the arguments of a call.
#[derive(Debug)]
struct Piece {
    voice: Voice,
    place: u64,
    part: u32,
    told: Told,
    /// How many citations were told.
    cited: usize,
    stopped: bool,
}

/// How much was told of a text: enough to find the rest of it, without keeping it.
#[derive(Clone, Copy, Debug)]
struct Told {
    bytes: usize,
    /// FNV-1a of them.
    hash: u64,
}

impl Default for Told {
    fn default() -> Self {
        Self { bytes: 0, hash: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Told {
    fn add(&mut self, text: &str) {
        self.bytes += text.len();
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    /// What of the whole text was not told; `None` if it does not go on from what was.
    fn rest<'t>(&self, whole: &'t str) -> Option<&'t str> {
        let (before, rest) = whole.split_at_checked(self.bytes)?;
        let mut same = Self::default();
        same.add(before);
        (same.hash == self.hash).then_some(rest)
    }
}

impl Item {
    pub(super) fn new(index: Option<u64>, read: &answer::Item<'_>) -> Self {
        let kind = match read.kind() {
            Kind::Message => Kind::Message,
            Kind::Reasoning => Kind::Reasoning,
            Kind::Call { custom } => Kind::Call { custom },
            Kind::Image => Kind::Image,
            Kind::Hosted(name) => Kind::Hosted(Cow::Owned(name.into_owned())),
        };
        let id = read.id().map(Cow::into_owned);
        Self { index, id, kind, part: None, pieces: Vec::new(), named: false, done: false }
    }

    /// An item of which only a piece is known.
    pub(super) fn unannounced(index: Option<u64>, id: Option<String>, voice: Voice) -> Self {
        let kind = match voice {
            Voice::Text | Voice::Refusal => Kind::Message,
            Voice::Summary | Voice::Thought => Kind::Reasoning,
            Voice::Arguments => Kind::Call { custom: false },
        };
        Self { index, id, kind, part: None, pieces: Vec::new(), named: false, done: false }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.done
    }

    pub(super) const fn is_call(&self) -> bool {
        matches!(self.kind, Kind::Call { .. }) && self.part.is_some()
    }

    pub(super) fn is_refusal(&self) -> bool {
        self.pieces.iter().any(|piece| piece.voice == Voice::Refusal)
    }

    /// It was announced: a call begins with its name, what only this schema can say is told with
    /// that, and all else begins with what it says.
    pub(super) fn added(&mut self, read: &answer::Item<'_>, parts: &mut Parts<'_, '_>) {
        match read.kind() {
            Kind::Call { custom } if self.part.is_none() => {
                let id = read.call_id();
                let begin = |name| parts.begin(PartKind::ToolCall { id, name, custom });
                self.part = read.name().map(begin);
            }
            Kind::Hosted(name) if !std::mem::replace(&mut self.named, true) => {
                parts.whole(PartKind::Opaque(name));
            }
            _ => {}
        }
    }

    /// More of a piece.
    pub(super) fn say(
        &mut self,
        voice: Voice,
        place: u64,
        text: &str,
        logprobs: Vec<TokenLogprob<'_>>,
        parts: &mut Parts<'_, '_>,
    ) {
        if text.is_empty() {
            return;
        }
        let Some(piece) = self.piece(voice, place, parts) else { return };
        piece.told.add(text);
        let part = piece.part;
        let text = Cow::Borrowed(text);
        let arguments = voice == Voice::Arguments;
        parts.delta(part, if arguments { Delta::Arguments(text) } else { Delta::Text(text) });
        if !logprobs.is_empty() {
            parts.delta(part, Delta::Logprobs(logprobs));
        }
    }

    /// All of a piece: what of it has not been told yet.
    pub(super) fn whole(&mut self, said: &Said<'_>, parts: &mut Parts<'_, '_>) {
        let place = self.place_of(said);
        let told = self.known(said.voice, place).map(|piece| piece.told).unwrap_or_default();
        let rest = told.rest(&said.text).unwrap_or_default();
        // Those of a text that was partly told are known of that part.
        let logprobs = if told.bytes == 0 { said.logprobs.clone() } else { Vec::new() };
        self.say(said.voice, place, rest, logprobs, parts);
        let cited = self.known(said.voice, place).map_or(0, |piece| piece.cited);
        for citation in said.citations.iter().skip(cited) {
            self.cite(place, citation.clone(), parts);
        }
    }

    /// At which place a piece was told: some hosts count other than they list (Bedrock).
    fn place_of(&self, said: &Said<'_>) -> u64 {
        let alike = || self.pieces.iter().filter(|piece| piece.voice == said.voice);
        if alike().any(|piece| piece.place == said.place) {
            return said.place;
        }
        let told = alike().find(|piece| piece.told.rest(&said.text).is_some());
        told.map_or(said.place, |piece| piece.place)
    }

    pub(super) fn cite(&mut self, place: u64, citation: Citation<'_>, parts: &mut Parts<'_, '_>) {
        if let Some(piece) = self.piece(Voice::Text, place, parts) {
            piece.cited += 1;
            let part = piece.part;
            parts.delta(part, Delta::Citation(citation));
        }
    }

    fn known(&mut self, voice: Voice, place: u64) -> Option<&mut Piece> {
        self.pieces.iter_mut().find(|piece| piece.voice == voice && piece.place == place)
    }

    /// The piece, which begins if it is new. `None` where nothing more can be said in it.
    fn piece(&mut self, voice: Voice, place: u64, parts: &mut Parts<'_, '_>) -> Option<&mut Piece> {
        if self.known(voice, place).is_none() {
            let part = match voice {
                _ if self.done => return None,
                Voice::Text => parts.begin(PartKind::Text),
                Voice::Refusal => parts.begin(PartKind::Refusal),
                // Until its name is known, a call can't begin; it says all of this again.
                Voice::Arguments => self.part?,
                Voice::Summary | Voice::Thought => match self.part {
                    Some(part) => {
                        parts.delta(part, Delta::Text(Cow::Borrowed(BETWEEN_THOUGHTS)));
                        part
                    }
                    None => self.thinking(parts),
                },
            };
            let (told, cited, stopped) = (Told::default(), 0, false);
            self.pieces.push(Piece { voice, place, part, told, cited, stopped });
        }
        self.known(voice, place).filter(|piece| !piece.stopped)
    }

    fn thinking(&mut self, parts: &mut Parts<'_, '_>) -> u32 {
        let id = self.id.as_deref().map(Cow::Borrowed);
        let part = parts.begin(PartKind::Thinking { id });
        self.part = Some(part);
        part
    }

    /// A part of a message is whole.
    pub(super) fn stop(&mut self, voice: Voice, place: u64, parts: &mut Parts<'_, '_>) {
        if let Some(piece) = self.known(voice, place).filter(|piece| !piece.stopped) {
            piece.stopped = true;
            parts.stop(piece.part);
        }
    }

    /// It is whole, and this is all of it.
    ///
    /// # Errors
    /// It calls a tool and does not say which.
    pub(super) fn done(
        &mut self,
        read: &answer::Item<'_>,
        parts: &mut Parts<'_, '_>,
    ) -> Result<(), ApiError> {
        if self.done {
            return Ok(());
        }
        self.added(read, parts);
        match read.kind() {
            Kind::Call { .. } if self.part.is_none() => return Err(nameless()),
            Kind::Image => parts.whole(match read.image() {
                Some(media) => PartKind::Image(media),
                None => PartKind::Opaque(IMAGE.into()),
            }),
            Kind::Hosted(_) => {}
            _ => {
                for said in read.said() {
                    self.whole(&said, parts);
                }
            }
        }
        if let Some(signature) = read.encrypted_content().filter(|_| self.kind == Kind::Reasoning) {
            let part = self.part.unwrap_or_else(|| self.thinking(parts));
            parts.delta(part, Delta::Signature(signature));
        }
        self.close(parts);
        Ok(())
    }

    /// Nothing more comes of it.
    pub(super) fn close(&mut self, parts: &mut Parts<'_, '_>) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        if let Some(part) = self.part {
            parts.stop(part);
        }
        for piece in &mut self.pieces {
            if !std::mem::replace(&mut piece.stopped, true) && Some(piece.part) != self.part {
                parts.stop(piece.part);
            }
        }
    }
}
