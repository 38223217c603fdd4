//! Vectors, as numbers and as base64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::value::RawValue;

use super::response::unreadable;
use crate::conversation::ApiError;
use crate::json::Str;

/// Standard base64, padded when written, either way when read.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of one number.
const WIDTH: usize = size_of::<f32>();

/// A vector as the provider wrote it.
#[derive(Clone, Debug)]
pub enum Vector<'a> {
    /// A JSON array of numbers, in their spelling.
    Floats(&'a RawValue),
    /// Base64 of 32-bit floats, lowest byte first (OpenAI).
    Base64(Cow<'a, str>),
}

impl<'a> Vector<'a> {
    /// Reads either form.
    pub(super) fn read(raw: &'a RawValue) -> Result<Self, ApiError> {
        if let Some(b'"') = raw.get().bytes().next() {
            let text = serde_json::from_str::<Str<'a>>(raw.get()).map_err(|_| unreadable())?;
            return Ok(Self::Base64(text.into()));
        }
        let inside = raw.get().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        // In an array that is JSON, these bytes make numbers and nothing else.
        let numeric = |byte: u8| {
            byte.is_ascii_digit() || byte.is_ascii_whitespace() || b"+-.eE,".contains(&byte)
        };
        match inside {
            Some(inside) if inside.bytes().all(numeric) => Ok(Self::Floats(raw)),
            _ => Err(unreadable()),
        }
    }

    /// Writes a JSON array: numbers as they were spelled but without the space between them, and
    /// 32-bit floats in the fewest digits that tell them apart.
    pub(super) fn write_floats(&self, out: &mut Vec<u8>) -> Result<(), ApiError> {
        match self {
            Self::Floats(raw) => {
                out.extend(raw.get().bytes().filter(|byte| !byte.is_ascii_whitespace()));
            }
            Self::Base64(text) => {
                let bytes = BASE64.decode(&**text).map_err(|_| unreadable())?;
                if bytes.len() % WIDTH != 0 {
                    return Err(unreadable());
                }
                out.push(b'[');
                for (place, number) in bytes.chunks_exact(WIDTH).enumerate() {
                    let number =
                        number.try_into().map(f32::from_le_bytes).map_err(|_| unreadable())?;
                    if !number.is_finite() {
                        return Err(unreadable());
                    }
                    if place > 0 {
                        out.push(b',');
                    }
                    serde_json::to_writer(&mut *out, &number).map_err(|_| unreadable())?;
                }
                out.push(b']');
            }
        }
        Ok(())
    }

    /// Writes a JSON string: the nearest 32-bit floats, which is what SDKs read and what models
    /// compute with.
    pub(super) fn write_base64(&self, out: &mut Vec<u8>) -> Result<(), ApiError> {
        match self {
            Self::Floats(raw) => {
                let inside = raw.get().trim_matches(['[', ']']).trim();
                let mut bytes = Vec::with_capacity(inside.len() / 2);
                for number in inside.split(',').map(str::trim).filter(|text| !text.is_empty()) {
                    match number.parse::<f32>() {
                        Ok(number) if number.is_finite() => bytes.extend(number.to_le_bytes()),
                        _ => return Err(unreadable()),
                    }
                }
                out.push(b'"');
                out.extend(BASE64.encode(bytes).bytes());
                out.push(b'"');
            }
            Self::Base64(text) => {
                serde_json::to_writer(out, text).map_err(|_| unreadable())?;
            }
        }
        Ok(())
    }
}
