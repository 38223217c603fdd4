//! What a request body holds, measured in one pass.

mod key;
mod scan;
mod text;

use super::weights::Features;
use super::{BYTES_PER_TOKEN, FRAME};
use scan::Scan;

/// What of a request body weighs in tokens: how much text there is, of what kind and in which
/// place, and how much of what is no text.
///
/// Text is measured in the pieces that tokenizers of all vendors cut it into (words, groups of
/// digits, marks, signs of other scripts), each counted as the part of a token that it usually is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Bytes of the body, without media.
    text_bytes: u64,
    /// Bytes of media in base64, other than images.
    media_bytes: u64,
    /// ASCII in messages and instructions, in sixteenths of a token, as are the next four.
    prose: u64,
    /// Other scripts, wherever they are.
    wide: u64,
    /// JSON that the model reads as it stands: arguments and results of tools.
    data: u64,
    /// What is said of tools, and their schemas but for the words of JSON Schema.
    tools: u64,
    /// The schema that the answer must keep.
    format: u64,
    /// Whether it is asked in the way of OpenAI's Responses, which frames in its own way.
    is_responses: bool,
    /// Messages, or items of a conversation.
    items: u64,
    /// Tools with a schema.
    functions: u64,
    /// Tools without one: the provider's own.
    hosted: u64,
    /// Bytes of what only the provider can read: signed or encrypted thoughts.
    opaque: u64,
    /// Images in base64.
    images: u64,
    /// Begun 16 KiB of PDF in base64.
    documents: u64,
    /// Begun 16 KiB of other media in base64.
    media: u64,
    /// What is only named: images and files by URL or id, earlier turns, cached content.
    references: u64,
    /// Commas between values: of an input that is written as the ids of its tokens there is one
    /// for each.
    commas: u64,
    billed: Tools,
    keeps_an_hour: bool,
}

/// How many of the provider's own tools a request has that are billed by the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tools {
    /// That search the web, a map or posts.
    pub searches: u64,
    /// That search files which the provider keeps.
    pub file_searches: u64,
    /// That run code.
    pub code: u64,
    /// That make images.
    pub images: u64,
}

/// The most tokens that an image takes, by the tables that vendors had in 2026.
const IMAGE_MOST: u64 = 10_000;

/// The most that is set aside for what is only named. Nobody here knows how long it is.
const REFERENCE_MOST: u64 = 10_000;

/// The most that is set aside for each of the provider's own tools, whose results are input. A
/// turn with many searches takes more.
const HOSTED_MOST: u64 = 20_000;

impl Measured {
    /// Measures a body: one pass, no parse tree, no allocation. Whatever is no JSON is text.
    pub fn of(body: &[u8]) -> Self {
        Scan::new(body).measure()
    }

    /// The provider's own tools that are billed by the call.
    pub const fn tools(&self) -> Tools {
        self.billed
    }

    /// Whether it may ask for its input to be kept in a cache for longer than usual, which is
    /// dearer (Claude's `"ttl": "1h"`).
    pub const fn keeps_an_hour(&self) -> bool {
        self.keeps_an_hour
    }

    /// The tokens that can come of such a body, whatever was learned: one for every three bytes
    /// of text, and of media other than images, begun, or one for each value where these are more
    /// (token ids); and what [`FRAME`], [`IMAGE_MOST`],
    /// [`HOSTED_MOST`] and [`REFERENCE_MOST`] say.
    ///
    /// It can be too low for text made to tokenize badly (at worst a token for each byte), and for
    /// what only the provider knows.
    pub(super) const fn most(&self) -> u64 {
        let tools = if self.functions + self.hosted > 0 { FRAME } else { 0 };
        let text = self.text_bytes.div_ceil(BYTES_PER_TOKEN);
        let text = if self.commas < text { text } else { self.commas + 1 };
        text.saturating_add(self.media_bytes.div_ceil(BYTES_PER_TOKEN))
            .saturating_add(self.images.saturating_mul(IMAGE_MOST))
            .saturating_add(self.hosted.saturating_mul(HOSTED_MOST))
            .saturating_add(self.references.saturating_mul(REFERENCE_MOST))
            .saturating_add(FRAME + tools)
    }

    /// The same as numbers to weigh, in the order of the table in `weights`.
    pub(super) fn features(&self) -> Features {
        let tokens = |parts: u64| parts as f64 / text::TOKEN as f64;
        let has_tools = f64::from(u8::from(self.functions > 0));
        let responses = f64::from(u8::from(self.is_responses));
        [
            1.0,
            responses,
            self.items as f64,
            tokens(self.prose),
            tokens(self.wide),
            tokens(self.data),
            has_tools * (1.0 - responses),
            has_tools * responses,
            self.functions as f64,
            tokens(self.tools),
            tokens(self.format),
            self.opaque as f64 / 16.0,
            self.hosted as f64,
            self.images as f64,
            self.documents as f64,
            self.media as f64,
            self.references as f64,
        ]
    }
}
