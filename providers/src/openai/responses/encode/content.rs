//! Content: what one item says.

use serde::Serialize;

use crate::Schema;
use crate::codec::Target;
use crate::conversation::{self, CacheBreakpoint, Field, Media, Refusal, Request, Source};
use crate::openai::cache;
use crate::openai::losses::{Losses, refuse};
use crate::openai::media::Address;
use crate::openai::text::Prefixed;

/// An item's content, or a tool's output: a string where that is enough.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(Prefixed<'a>),
    Parts(Vec<Part<'a>>),
}

impl<'a> Content<'a> {
    /// The shortest way to write these parts.
    pub(super) fn of(mut parts: Vec<Part<'a>>) -> Self {
        match parts.as_slice() {
            [] => Self::Text(Prefixed::default()),
            [Part { said: Said::Text { text }, cache: None }] => {
                let text = *text;
                parts.clear();
                Self::Text(text)
            }
            _ => Self::Parts(parts),
        }
    }
}

/// A part of content as it is written.
#[derive(Serialize)]
pub(super) struct Part<'a> {
    #[serde(flatten)]
    pub(super) said: Said<'a>,
    #[serde(rename = "prompt_cache_breakpoint", skip_serializing_if = "Option::is_none")]
    pub(super) cache: Option<cache::Written>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
pub(super) enum Said<'a> {
    #[serde(rename = "input_text")]
    Text { text: Prefixed<'a> },
    #[serde(rename = "input_image")]
    Image {
        #[serde(flatten)]
        source: Image<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
    },
    #[serde(rename = "input_file")]
    File {
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
        #[serde(flatten)]
        source: File<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Image<'a> {
    ImageUrl(Address<'a>),
    FileId(&'a str),
}

#[derive(Serialize)]
pub(super) enum File<'a> {
    #[serde(rename = "file_id")]
    Id(&'a str),
    #[serde(rename = "file_data")]
    Data(Address<'a>),
    #[serde(rename = "file_url")]
    Url(&'a str),
}

/// Writes parts of content for one request and its model.
pub(super) struct Writer<'r, 'a, 'l, 'm, 'n> {
    pub(super) request: &'a Request<'r>,
    /// The model keeps what a caller asks to be kept.
    keeps: bool,
    pub(super) losses: &'l mut Losses<'m, 'n>,
}

impl<'r, 'a, 'l, 'm, 'n> Writer<'r, 'a, 'l, 'm, 'n> {
    pub(super) fn new(
        request: &'a Request<'r>,
        target: &Target<'_>,
        losses: &'l mut Losses<'m, 'n>,
    ) -> Self {
        let keeps = request.schema == Schema::Responses || target.capabilities.cache_breakpoints;
        Self { request, keeps, losses }
    }

    /// Whether the caller's words are OpenAI's own already.
    pub(super) fn own(&self) -> bool {
        self.request.schema == Schema::Responses
    }

    /// A part that a user or a tool may say; thoughts are nobody's but the model's.
    pub(super) fn part(
        &mut self,
        part: &'a conversation::Part<'_>,
    ) -> Result<Option<Part<'a>>, Refusal> {
        let (said, at) = match part {
            conversation::Part::Text(text) => {
                if text.signature.is_some() {
                    self.losses.of(Field::Thinking);
                }
                (Said::Text { text: Prefixed::plain(&text.text) }, text.cache)
            }
            conversation::Part::Image(media) => (self.image(media)?, media.cache),
            conversation::Part::Document(media) => (self.file(media)?, media.cache),
            conversation::Part::Refusal(words) => {
                (Said::Text { text: Prefixed::plain(words) }, None)
            }
            conversation::Part::Thinking(_) | conversation::Part::RedactedThinking(_) => {
                self.losses.of(Field::Thinking);
                return Ok(None);
            }
            conversation::Part::Audio(_) => {
                let why = "this provider takes no sound here: leave it out, or write its words.";
                return Err(refuse(self.request, Field::Audio, why));
            }
            conversation::Part::Opaque(opaque) => {
                let why = format!(
                    "'{}' is known at its own provider only: leave it out, or send the request \
                     to a model of that provider.",
                    opaque.kind
                );
                return Err(refuse(self.request, Field::Messages, &why));
            }
            conversation::Part::ToolCall(_) => {
                let why = "only an assistant turn calls tools.";
                return Err(refuse(self.request, Field::ToolCall, why));
            }
            conversation::Part::ToolResult(_) => {
                let why = "only a user turn answers calls.";
                return Err(refuse(self.request, Field::ToolResult, why));
            }
        };
        Ok(Some(Part { said, cache: self.breakpoint(at) }))
    }

    /// A breakpoint, where the model knows them.
    pub(super) fn breakpoint(&mut self, at: Option<CacheBreakpoint>) -> Option<cache::Written> {
        if at.is_some() && !self.keeps {
            self.losses.of(Field::CacheControl);
        }
        at.filter(|_| self.keeps).map(cache::write)
    }

    fn image(&mut self, media: &'a Media<'_>) -> Result<Said<'a>, Refusal> {
        if media.name.is_some() {
            self.losses.of(Field::MediaName);
        }
        let source = match &media.source {
            Source::File { id } if self.own() => Image::FileId(id),
            _ => Image::ImageUrl(Address::of_image(media, self.request)?),
        };
        // OpenAI's own description of its API has it as required.
        let usual = if self.own() { None } else { Some("auto") };
        Ok(Said::Image { source, detail: media.detail.as_deref().or(usual) })
    }

    fn file(&mut self, media: &'a Media<'_>) -> Result<Said<'a>, Refusal> {
        let mut filename = media.name.as_deref();
        let source = match &media.source {
            Source::File { id } if self.own() => File::Id(id),
            Source::Base64 { media_type, data } => {
                let usual = match media_type.as_ref() {
                    "application/pdf" => "document.pdf",
                    _ => "document",
                };
                filename = filename.or(Some(usual).filter(|_| !self.own()));
                File::Data(Address::Data { media_type, data })
            }
            Source::Url { url, .. }
                if url.starts_with("https://") || url.starts_with("http://") =>
            {
                // The address names it.
                if !self.own() && filename.take().is_some() {
                    self.losses.of(Field::MediaName);
                }
                File::Url(url)
            }
            Source::Text { text } => {
                if filename.is_some() {
                    self.losses.of(Field::MediaName);
                }
                return Ok(Said::Text { text: Prefixed::plain(text) });
            }
            _ => {
                let why = "write an https address, or base64 data.";
                return Err(refuse(self.request, Field::Document, why));
            }
        };
        Ok(Said::File { filename, source, detail: media.detail.as_deref() })
    }
}
