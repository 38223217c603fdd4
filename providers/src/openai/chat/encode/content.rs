//! Content: what one message says.

use serde::Serialize;
use serde_json::value::RawValue;

use super::options::{Losses, refuse};
use crate::Schema;
use crate::claude;
use crate::codec::Target;
use crate::conversation::{self, CacheBreakpoint, Field, Media, Opaque, Refusal, Request, Source};
use crate::openai::cache;
use crate::openai::media::Address;
pub(super) use crate::openai::text::Prefixed;

/// A message's content as it is written: a string where that is enough.
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
            [Part::Known(Known::Text { mark: None, .. })] => match parts.pop() {
                Some(Part::Known(Known::Text { text, .. })) => Self::Text(text),
                _ => Self::Text(Prefixed::default()),
            },
            _ => Self::Parts(parts),
        }
    }
}

/// A part of content as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Part<'a> {
    Known(Known<'a>),
    Raw(&'a RawValue),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Known<'a> {
    Text {
        text: Prefixed<'a>,
        #[serde(flatten)]
        mark: Option<Mark>,
    },
    ImageUrl {
        image_url: ImageUrl<'a>,
        #[serde(flatten)]
        mark: Option<Mark>,
    },
    InputAudio {
        input_audio: InputAudio<'a>,
    },
    File {
        file: File<'a>,
        #[serde(flatten)]
        mark: Option<Mark>,
    },
    Refusal {
        refusal: &'a str,
    },
}

/// Up to where the provider is to keep the prompt, in its own spelling.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mark {
    PromptCacheBreakpoint(cache::Written),
    CacheControl(claude::cache::CacheControl),
}

/// Which spelling of cache breakpoints a provider knows.
#[derive(Clone, Copy)]
pub(super) enum Marks {
    /// Newer models of OpenAI's.
    OpenAi,
    /// Hosts like OpenRouter. Which ones they are only their own callers know.
    Claude,
    Unknown,
}

impl Marks {
    pub(super) fn of(request: &Request<'_>, target: &Target<'_>) -> Self {
        let capabilities = target.capabilities;
        if capabilities.cache_breakpoints && !capabilities.legacy_openai {
            Self::OpenAi
        } else if request.schema == Schema::Chat {
            Self::Claude
        } else {
            Self::Unknown
        }
    }
}

#[derive(Serialize)]
pub(super) struct ImageUrl<'a> {
    url: Address<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct InputAudio<'a> {
    data: &'a str,
    format: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum File<'a> {
    Uploaded { file_id: &'a str },
    Inline { filename: &'a str, file_data: Address<'a> },
}

/// Plain text as a part.
pub(super) const fn text(text: Prefixed<'_>) -> Part<'_> {
    Part::Known(Known::Text { text, mark: None })
}

/// A part that any user may say.
pub(super) fn part<'a>(
    part: &'a conversation::Part<'_>,
    request: &Request<'_>,
    marks: Marks,
    losses: &mut Losses<'_, '_>,
) -> Result<Option<Part<'a>>, Refusal> {
    let nameless = match part {
        conversation::Part::Image(media) | conversation::Part::Audio(media) => Some(media),
        conversation::Part::Document(media) if matches!(media.source, Source::Text { .. }) => {
            Some(media)
        }
        _ => None,
    };
    if nameless.is_some_and(|media| media.name.is_some()) {
        losses.of(Field::MediaName);
    }
    if let conversation::Part::Document(Media { detail: Some(detail), .. }) = part
        && detail != "auto"
    {
        losses.of(Field::ImageDetail);
    }
    let mut cache = |breakpoint: Option<CacheBreakpoint>| match (breakpoint?, marks) {
        (at, Marks::OpenAi) => Some(Mark::PromptCacheBreakpoint(cache::write(at))),
        (at, Marks::Claude) => Some(Mark::CacheControl(claude::cache::write(at))),
        (_, Marks::Unknown) => {
            losses.of(Field::CacheControl);
            None
        }
    };
    let known = match part {
        conversation::Part::Text(text) => {
            let mark = cache(text.cache);
            if text.signature.is_some() {
                losses.of(Field::Thinking);
            }
            Known::Text { text: Prefixed::plain(&text.text), mark }
        }
        conversation::Part::Image(media) => Known::ImageUrl {
            image_url: ImageUrl {
                url: Address::of_image(media, request)?,
                detail: media.detail.as_deref(),
            },
            mark: cache(media.cache),
        },
        conversation::Part::Document(Media {
            source: Source::Text { text }, cache: at, ..
        }) => Known::Text { text: Prefixed::plain(text), mark: cache(*at) },
        conversation::Part::Document(media) => {
            Known::File { file: file(media, request)?, mark: cache(media.cache) }
        }
        conversation::Part::Audio(media) => {
            cache(media.cache);
            Known::InputAudio { input_audio: audio(media, request)? }
        }
        conversation::Part::Refusal(words) => Known::Refusal { refusal: words },
        conversation::Part::Thinking(_) | conversation::Part::RedactedThinking(_) => {
            losses.of(Field::Thinking);
            return Ok(None);
        }
        conversation::Part::Opaque(Opaque { schema: Schema::Chat, raw, .. }) => {
            return Ok(Some(Part::Raw(raw)));
        }
        conversation::Part::Opaque(opaque) => {
            let why = format!(
                "'{}' is known at its own provider only: leave it out, or send the request to a \
                 model of that provider.",
                opaque.kind
            );
            return Err(refuse(request, Field::Messages, &why));
        }
        conversation::Part::ToolCall(_) => {
            return Err(refuse(request, Field::ToolCall, "only an assistant turn calls tools."));
        }
        conversation::Part::ToolResult(_) => {
            return Err(refuse(request, Field::ToolResult, "only a user turn answers calls."));
        }
    };
    Ok(Some(Part::Known(known)))
}

fn file<'a>(media: &'a Media<'_>, request: &Request<'_>) -> Result<File<'a>, Refusal> {
    match &media.source {
        Source::File { id } if request.schema == Schema::Chat => Ok(File::Uploaded { file_id: id }),
        Source::Base64 { media_type, data } => Ok(File::Inline {
            filename: media.name.as_deref().unwrap_or(match media_type.as_ref() {
                "application/pdf" => "document.pdf",
                _ => "document",
            }),
            file_data: Address::Data { media_type, data },
        }),
        // OpenAI's file_data is data; hosts of callers who write this schema may know better.
        Source::Url { url, .. } if request.schema == Schema::Chat => Ok(File::Inline {
            filename: media.name.as_deref().unwrap_or("document.pdf"),
            file_data: Address::Url(url),
        }),
        _ => Err(refuse(
            request,
            Field::Document,
            "this provider takes a document as base64 data only: write its data.",
        )),
    }
}

fn audio<'a>(media: &'a Media<'_>, request: &Request<'_>) -> Result<InputAudio<'a>, Refusal> {
    let wrong =
        || refuse(request, Field::Audio, "write base64 data of type audio/wav or audio/mp3.");
    let Source::Base64 { media_type, data } = &media.source else { return Err(wrong()) };
    let format = match media_type.as_ref() {
        "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
        "audio/mp3" | "audio/mpeg" => "mp3",
        _ => return Err(wrong()),
    };
    Ok(InputAudio { data, format })
}
