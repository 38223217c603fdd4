//! `data:` URLs and other addresses of images and files.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use super::losses::refuse;
use crate::conversation::{Field, Media, Refusal, Request, Source};

/// What stands where data is expected: an address, a `data:` URL (`None` if it is not
/// well-formed), or bare base64 of the type that is usual there.
pub(super) fn inline<'a>(data: Cow<'a, str>, usual: &'static str) -> Option<Source<'a>> {
    if data.starts_with("https://") || data.starts_with("http://") {
        return Some(Source::Url { url: data, media_type: None });
    }
    if !data.starts_with("data:") {
        return Some(Source::Base64 { media_type: usual.into(), data });
    }
    data_url(data)
}

/// Takes `data:<type>[;parameter];base64,<data>` apart; no other encoding is known.
fn data_url(url: Cow<'_, str>) -> Option<Source<'_>> {
    match url {
        Cow::Borrowed(url) => {
            let (media_type, data) = split_data_url(url)?;
            Some(Source::Base64 { media_type: media_type.into(), data: data.into() })
        }
        Cow::Owned(url) => {
            let (media_type, data) = split_data_url(&url)?;
            Some(Source::Base64 {
                media_type: media_type.to_owned().into(),
                data: data.to_owned().into(),
            })
        }
    }
}

fn split_data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let head = head.strip_suffix(";base64")?;
    let media_type = head.split(';').next().unwrap_or(head);
    Some((if media_type.is_empty() { "text/plain" } else { media_type }, data))
}

/// An address on the web, or the bytes themselves as a `data:` URL, written without a copy.
pub(super) enum Address<'a> {
    Url(&'a str),
    Data { media_type: &'a str, data: &'a str },
}

impl<'a> Address<'a> {
    /// An image's.
    pub(super) fn of_image(media: &'a Media<'_>, request: &Request<'_>) -> Result<Self, Refusal> {
        match &media.source {
            Source::Base64 { media_type, data } if media_type.starts_with("image/") => {
                Ok(Self::Data { media_type, data })
            }
            Source::Url { url, .. }
                if url.starts_with("https://") || url.starts_with("http://") =>
            {
                Ok(Self::Url(url))
            }
            _ => {
                let why = "write an https address, or base64 data.";
                Err(refuse(request, Field::Image, why))
            }
        }
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Data { media_type, data } => write!(f, "data:{media_type};base64,{data}"),
        }
    }
}

impl Serialize for Address<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
