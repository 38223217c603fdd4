//! What a backend was shown, and how it is kept from callers.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};

use super::Secret;

/// A shorter secret is no secret; an answer may well hold the word. In errors it is masked all the
/// same.
const SHORTEST: usize = 12;

/// A header that shows a credential.
pub type Header = (HeaderName, HeaderValue);

/// What a backend is shown in one request.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    headers: Vec<Header>,
    sent: Vec<Arc<Secret>>,
    /// Which of several keys it is.
    key: usize,
}

impl Shown {
    pub(super) const fn new(headers: Vec<Header>, sent: Vec<Arc<Secret>>, key: usize) -> Self {
        Self { headers, sent, key }
    }

    /// The headers to send, once; each takes the place of others of its name.
    #[must_use]
    pub fn take_headers(&mut self) -> Vec<Header> {
        std::mem::take(&mut self.headers)
    }

    /// Which of the backend's keys it is, from 0.
    #[must_use]
    pub const fn key(&self) -> usize {
        self.key
    }

    /// What was shown, the first of it where it is more.
    pub(super) fn secret(&self) -> Option<&Secret> {
        self.sent.first().map(|secret| &**secret)
    }

    /// A text of the backend's without what it was shown.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.sent.iter().for_each(|secret| secret.spellings().mask(&mut bytes));
        match String::from_utf8_lossy(&bytes) {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        }
    }

    /// A whole answer of the backend's without what it was shown: the same bytes, unless it quotes
    /// that.
    #[must_use]
    pub fn scrub_answer(&self, body: Bytes) -> Bytes {
        if !self.is_quoted_in(&body) {
            return body;
        }
        let mut bytes = body.to_vec();
        self.guarded().for_each(|secret| secret.spellings().mask(&mut bytes));
        bytes.into()
    }

    /// Whether there is anything that must not come back.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.guarded().next().is_some()
    }

    /// Whether an answer quotes what the backend was shown.
    #[must_use]
    pub fn is_quoted_in(&self, bytes: &[u8]) -> bool {
        self.guarded().any(|secret| secret.spellings().found_in(bytes))
    }

    /// What keeps it out of an answer that comes in pieces.
    #[must_use]
    pub fn scrubber(&self) -> Scrubber {
        Scrubber { sent: self.guarded().cloned().collect(), held: Vec::new() }
    }

    fn guarded(&self) -> impl Iterator<Item = &Arc<Secret>> {
        self.sent.iter().filter(|secret| secret.expose().len() >= SHORTEST)
    }
}

/// Keeps what a backend was shown out of an answer in pieces, however it is cut.
///
/// Bytes go through as they are, at once; only those that may begin a secret wait for the next
/// piece, which are never more than are missing to it.
#[derive(Debug, Default)]
pub struct Scrubber {
    sent: Vec<Arc<Secret>>,
    held: Vec<u8>,
}

impl Scrubber {
    /// What of the answer may go out, now that this piece has come.
    pub fn push(&mut self, piece: Bytes) -> Bytes {
        if self.held.is_empty() {
            let found = |secret: &Arc<Secret>| secret.spellings().found_in(&piece);
            if self.begun_at_end(&piece) == 0 && !self.sent.iter().any(found) {
                return piece;
            }
        }
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(&piece);
        self.sent.iter().for_each(|secret| secret.spellings().mask(&mut text));
        let held = self.begun_at_end(&text);
        self.held = text.split_off(text.len() - held);
        text.into()
    }

    /// What was held back, at the end of the answer.
    pub fn end(&mut self) -> Bytes {
        std::mem::take(&mut self.held).into()
    }

    fn begun_at_end(&self, text: &[u8]) -> usize {
        let begun = self.sent.iter().map(|secret| secret.spellings().begun_at_end(text));
        begun.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
