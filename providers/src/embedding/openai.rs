//! OpenAI's `/v1/embeddings`, and that of every host compatible with it (`wire.md` §2).

use std::borrow::Cow;
use std::io::Write;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::fields::{Fields, dimensions, list, text};
use super::response::unreadable;
use super::{Codec, Field, Input, Item, PathHints, Piece, Reply, Request, Response, Vector};
use crate::Schema;
use crate::codec::Encoded;
use crate::conversation::{ApiError, Loss, Refusal, Usage};
use crate::json::{self, REQUESTS_MAX, Str};

/// The codec of OpenAI's embeddings.
#[derive(Clone, Copy, Debug)]
pub struct OpenAi;

impl Codec for OpenAi {
    fn decode_request<'a>(
        &self,
        body: &'a [u8],
        _path: PathHints<'a>,
    ) -> Result<Request<'a>, Refusal> {
        let mut fields = Fields::of(body, "")?;
        let model = match fields.take(&["model"])? {
            Some(raw) => text(raw, "model")?,
            None => return Err(Refusal::of("model", "`model` is missing; name the model to use")),
        };
        let asked = fields.take(&["dimensions"])?;
        let dimensions = asked.map(|raw| dimensions(raw, "dimensions", false)).transpose()?;
        let input = fields.take(&["input"])?.ok_or_else(no_input)?;
        let item = |input| Item { input, task: None, title: None, dimensions };
        let user = fields.take(&["user"])?.map(|raw| text(raw, "user")).transpose()?;
        let format = fields.take(&["encoding_format"])?.map(|raw| text(raw, "encoding_format"));
        let base64 = match format.transpose()?.as_deref() {
            None | Some("float") => false,
            Some("base64") => true,
            Some(_) => {
                let message = "`encoding_format` must be `float` or `base64`";
                return Err(Refusal::of("encoding_format", message));
            }
        };
        let mut unknown = Vec::new();
        fields.leftovers("", &mut unknown)?;
        Ok(Request {
            schema: Schema::Chat,
            batch: false,
            model,
            items: inputs(input)?.into_iter().map(item).collect(),
            base64,
            user,
            unknown,
        })
    }

    fn encode_request(&self, request: &Request<'_>, model: &str) -> Result<Encoded, Refusal> {
        let mut losses: Vec<Loss> = request.unknown.iter().cloned().map(Loss::of).collect();
        let mut emulated = Vec::new();
        let note = |list: &mut Vec<Loss>, noted: bool, field: Field| {
            let field = Loss::of(request.name(field));
            if noted && !list.contains(&field) {
                list.push(field);
            }
        };
        let mut input = Vec::with_capacity(request.items.len());
        for item in &request.items {
            note(&mut losses, item.task.is_some(), Field::Task);
            note(&mut losses, item.title.is_some(), Field::Title);
            input.push(match &item.input {
                Input::Text(text) => Sent::Text(Cow::Borrowed(text)),
                Input::Tokens(tokens) => Sent::Tokens(tokens),
                Input::Pieces(pieces) => {
                    note(&mut emulated, pieces.len() > 1, Field::Pieces);
                    Sent::Text(joined(pieces, request)?.into())
                }
            });
        }
        let mut lengths = request.items.iter().map(|item| item.dimensions);
        let dimensions = lengths.next().flatten();
        if lengths.any(|other| other != dimensions) {
            let field = request.name(Field::Dimensions);
            let message = format!(
                "OpenAI gives all vectors of a request one length; set `{field}` alike everywhere"
            );
            return Err(Refusal::of(field, message));
        }
        let out = Out {
            input,
            model,
            // Numbers become any caller's numbers as they are. What OpenAI's own callers asked
            // for comes from their own bytes.
            encoding_format: "float",
            dimensions,
            user: request.user.as_deref(),
        };
        let body = serde_json::to_vec(&out)
            .map_err(|error| Refusal::body(format!("the request can't be written: {error}")))?;
        Ok(Encoded { losses, emulated, ..Encoded::of(body) })
    }

    fn decode_response<'a>(&self, body: &'a [u8]) -> Result<Response<'a>, ApiError> {
        let answer: Answer<'a> = serde_json::from_slice(body).map_err(|_| unreadable())?;
        if answer.error.is_some() {
            return Err(Schema::Chat.codec().decode_error(200, body));
        }
        let mut data = answer.data.ok_or_else(unreadable)?;
        // In the inputs' order, if their places say so: some hosts write 0 everywhere.
        let mut places: Vec<_> = data.iter().map(|datum| datum.index).collect();
        places.sort_unstable();
        if places.into_iter().eq((0..data.len() as u64).map(Some)) {
            data.sort_by_key(|datum| datum.index);
        }
        Ok(Response {
            model: answer.model.map(Into::into),
            vectors: data
                .iter()
                .map(|datum| Vector::read(datum.embedding))
                .collect::<Result<_, _>>()?,
            usage: answer.usage.and_then(usage),
        })
    }

    fn encode_response(
        &self,
        response: &Response<'_>,
        reply: &Reply<'_>,
    ) -> Result<Vec<u8>, ApiError> {
        response.complete(reply)?;
        let mut out = br#"{"object":"list","data":["#.to_vec();
        for (place, vector) in response.vectors.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            // Writing into memory can't fail.
            let _ = write!(out, r#"{comma}{{"object":"embedding","index":{place},"embedding":"#);
            match reply.base64 {
                true => vector.write_base64(&mut out)?,
                false => vector.write_floats(&mut out)?,
            }
            out.push(b'}');
        }
        // SDKs' types require the usage, even where the provider counted nothing.
        let tokens = response.usage.map_or(0, |usage| usage.total_input());
        let usage = Counts { prompt_tokens: tokens, total_tokens: tokens };
        let model = response.model.as_deref().unwrap_or(reply.model);
        out.extend(br#"],"model":"#);
        serde_json::to_writer(&mut out, model).map_err(|_| unreadable())?;
        out.extend(br#","usage":"#);
        serde_json::to_writer(&mut out, &usage).map_err(|_| unreadable())?;
        out.push(b'}');
        Ok(out)
    }
}

fn no_input() -> Refusal {
    Refusal::of("input", "`input` is missing or empty; send a text or a list of texts")
}

/// Reads `input`: a text, texts, token ids, or lists of token ids.
fn inputs(raw: &RawValue) -> Result<Vec<Input<'_>>, Refusal> {
    if raw.get().starts_with('"') {
        return Ok(vec![Input::Text(text(raw, "input")?)]);
    }
    let entries = list(raw, "input", false)?;
    let kind = entries.first().and_then(|raw| raw.get().bytes().next()).ok_or_else(no_input)?;
    if kind.is_ascii_digit() {
        return Ok(vec![tokens(raw)?]);
    }
    if entries.len() > REQUESTS_MAX {
        let message = format!("`input` has {} entries; send {REQUESTS_MAX} at most", entries.len());
        return Err(Refusal::of("input", message));
    }
    let read = |raw| match kind {
        b'"' => text(raw, "input").map(Input::Text),
        _ => tokens(raw),
    };
    entries.into_iter().map(read).collect()
}

/// Reads a list of token ids.
fn tokens(raw: &RawValue) -> Result<Input<'_>, Refusal> {
    match serde_json::from_str::<Vec<u32>>(raw.get()) {
        Ok(ids) if !ids.is_empty() => Ok(Input::Tokens(raw)),
        _ => {
            let message = "`input` must be a text, texts, token ids, or lists of token ids";
            Err(Refusal::of("input", message))
        }
    }
}

/// Pieces of text as one text, a line each.
fn joined(pieces: &[Piece<'_>], request: &Request<'_>) -> Result<String, Refusal> {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => Ok(&**text),
        Piece::Media { kind, .. } => {
            let message = format!(
                "OpenAI embeds text alone; leave `{kind}` out, or name a model that takes it"
            );
            Err(Refusal::of(request.name(Field::Pieces), message))
        }
    });
    Ok(texts.collect::<Result<Vec<_>, _>>()?.join("\n"))
}

/// Reads what was counted. Voyage tells the total alone, which is all there is.
fn usage(raw: &RawValue) -> Option<Usage> {
    let counted: Counted<'_> = serde_json::from_str(raw.get()).ok()?;
    let count = |raw: Option<&RawValue>| json::count(raw?.get());
    let input = count(counted.prompt_tokens).or_else(|| count(counted.total_tokens))?;
    Some(Usage { input, ..Usage::default() })
}

/// A request as written.
#[derive(Serialize)]
struct Out<'a> {
    input: Vec<Sent<'a>>,
    model: &'a str,
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Sent<'a> {
    Text(Cow<'a, str>),
    Tokens(&'a RawValue),
}

/// A response as read.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<Vec<Datum<'a>>>,
    model: Option<Str<'a>>,
    usage: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Datum<'a> {
    #[serde(borrow)]
    embedding: &'a RawValue,
    index: Option<u64>,
}

/// Raw: a count that is not one must not cost the answer.
#[derive(Deserialize)]
struct Counted<'a> {
    #[serde(borrow)]
    prompt_tokens: Option<&'a RawValue>,
    total_tokens: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Counts {
    prompt_tokens: u64,
    total_tokens: u64,
}
