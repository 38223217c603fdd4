//! Requests, both ways.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::REQUESTS;
use crate::Schema;
use crate::codec::Encoded;
use crate::conversation::{Loss, Refusal};
use crate::embedding::fields::{Fields, dimensions, list, text};
use crate::embedding::{Field, Input, Item, PathHints, Piece, Request};
use crate::json::{Models, REQUESTS_MAX};

/// The task that is none.
const NO_TASK: &str = "TASK_TYPE_UNSPECIFIED";

/// Reads a request.
pub(super) fn decode<'a>(body: &'a [u8], path: PathHints<'a>) -> Result<Request<'a>, Refusal> {
    let inner = if path.batch { REQUESTS } else { &[] };
    let models = Models::of(Schema::Gemini, body, inner, path.model)?;
    let model = path.model.map(Cow::Borrowed);
    let model = model.or_else(|| models.model().map(|name| Cow::Owned(name.to_owned())));
    let mut request = Request {
        schema: Schema::Gemini,
        batch: path.batch,
        model: model.ok_or_else(|| Refusal::of("model", "the path names no model"))?,
        items: Vec::new(),
        base64: false,
        user: None,
        unknown: Vec::new(),
    };
    let mut fields = Fields::of(body, "")?;
    if !path.batch {
        item(fields, &mut request)?;
        return Ok(request);
    }
    fields.take(&["model"])?;
    let requests = fields.take(&["requests"])?.map(|raw| list(raw, "requests", true));
    let requests = requests.transpose()?.unwrap_or_default();
    if !(1..=REQUESTS_MAX).contains(&requests.len()) {
        let message = format!("`requests` must hold from 1 to {REQUESTS_MAX} requests");
        return Err(Refusal::of("requests", message));
    }
    for raw in requests {
        item(Fields::of(raw.get().as_bytes(), "requests")?, &mut request)?;
    }
    fields.leftovers("", &mut request.unknown)?;
    Ok(request)
}

/// Writes a request, always as a batch.
pub(super) fn encode(request: &Request<'_>, model: &str) -> Result<Encoded, Refusal> {
    let mut losses: Vec<Loss> = request.unknown.iter().cloned().map(Loss::of).collect();
    if request.user.is_some() {
        losses.push(Loss::of(request.name(Field::User)));
    }
    let model = format!("models/{model}");
    let requests = request.items.iter().map(|item| {
        Ok(Out {
            model: &model,
            content: Content { parts: parts(&item.input, request)? },
            task_type: item.task.as_deref(),
            title: item.title.as_deref(),
            output_dimensionality: item.dimensions,
        })
    });
    let out = Batch { requests: requests.collect::<Result<_, Refusal>>()? };
    let body = serde_json::to_vec(&out)
        .map_err(|error| Refusal::body(format!("the request can't be written: {error}")))?;
    Ok(Encoded { losses, ..Encoded::of(body) })
}

/// Reads what is to become one vector: a body of `:embedContent`, or one request of a batch.
fn item<'a>(mut fields: Fields<'a>, request: &mut Request<'a>) -> Result<(), Refusal> {
    let name = |field| Request::name(request, field);
    let (task_name, title_name) = (name(Field::Task), name(Field::Title));
    let dimensions_name = name(Field::Dimensions);
    let (content_name, parts_name) = match request.batch {
        true => ("requests.content", "requests.content.parts"),
        false => ("content", "content.parts"),
    };
    let (config_name, prefix) = match request.batch {
        true => ("requests.embedContentConfig", "requests"),
        false => ("embedContentConfig", ""),
    };

    // Which model, has been read where all places were compared.
    fields.take(&["model"])?;
    let content = fields.take(&["content"])?.ok_or_else(|| {
        Refusal::of(content_name, format!("`{content_name}` is missing; send what to embed"))
    })?;
    let mut settings = Settings::take(&mut fields)?;
    if let Some(raw) = fields.take(&["embedContentConfig", "embed_content_config"])? {
        // Where newer callers put the same settings.
        let mut config = Fields::of(raw.get().as_bytes(), config_name)?;
        let newer = Settings::take(&mut config)?;
        settings = Settings {
            task: either(settings.task, newer.task, task_name)?,
            title: either(settings.title, newer.title, title_name)?,
            dimensions: either(settings.dimensions, newer.dimensions, dimensions_name)?,
        };
        config.leftovers(config_name, &mut request.unknown)?;
    }
    let task = settings.task.map(|raw| text(raw, task_name)).transpose()?;
    let title = settings.title.map(|raw| text(raw, title_name)).transpose()?;
    let length = settings.dimensions.map(|raw| dimensions(raw, dimensions_name, true));
    request.items.push(Item {
        input: input(content, content_name, parts_name, &mut request.unknown)?,
        task: task.filter(|task| task != NO_TASK && !task.is_empty()),
        title: title.filter(|title| !title.is_empty()),
        dimensions: length.transpose()?,
    });
    fields.leftovers(prefix, &mut request.unknown)
}

/// What stands beside the content, or in its configuration.
struct Settings<'a> {
    task: Option<&'a RawValue>,
    title: Option<&'a RawValue>,
    dimensions: Option<&'a RawValue>,
}

impl<'a> Settings<'a> {
    fn take(fields: &mut Fields<'a>) -> Result<Self, Refusal> {
        Ok(Self {
            task: fields.take(&["taskType", "task_type"])?,
            title: fields.take(&["title"])?,
            dimensions: fields.take(&["outputDimensionality", "output_dimensionality"])?,
        })
    }
}

/// What is said in one of two places.
fn either<'a>(
    beside: Option<&'a RawValue>,
    within: Option<&'a RawValue>,
    field: &'static str,
) -> Result<Option<&'a RawValue>, Refusal> {
    match (beside, within) {
        (Some(_), Some(_)) => {
            let message = format!("`{field}` is in `embedContentConfig` as well; send it once");
            Err(Refusal::of(field, message))
        }
        _ => Ok(beside.or(within)),
    }
}

/// Reads a `content`. Whose it is (`role`) says nothing here.
fn input<'a>(
    raw: &'a RawValue,
    name: &'static str,
    parts_name: &'static str,
    unknown: &mut Vec<String>,
) -> Result<Input<'a>, Refusal> {
    let mut content = Fields::of(raw.get().as_bytes(), name)?;
    content.take(&["role"])?;
    let parts = content.take(&["parts"])?.map(|raw| list(raw, parts_name, true));
    content.leftovers(name, unknown)?;
    let parts = parts.transpose()?.unwrap_or_default();
    let mut pieces = Vec::with_capacity(parts.len());
    for raw in parts {
        let mut part = Fields::of(raw.get().as_bytes(), parts_name)?;
        let said = part.take(&["text"])?.map(|raw| text(raw, parts_name)).transpose()?;
        pieces.push(match (said, part.first()) {
            (Some(text), None) => Piece::Text(text),
            (None, Some(kind)) => Piece::Media { kind: Cow::Owned(kind.to_owned()), raw },
            (Some(_), Some(_)) => {
                let message = "a part says one thing: put text and media into parts of their own";
                return Err(Refusal::of(parts_name, message));
            }
            (None, None) => continue,
        });
    }
    if pieces.is_empty() {
        let message = format!("`{parts_name}` is empty; send what to embed");
        return Err(Refusal::of(parts_name, message));
    }
    Ok(match &mut *pieces {
        [Piece::Text(text)] => Input::Text(std::mem::take(text)),
        _ => Input::Pieces(pieces),
    })
}

/// Writes an input's parts.
fn parts<'a>(input: &'a Input<'_>, request: &Request<'_>) -> Result<Vec<Part<'a>>, Refusal> {
    match input {
        Input::Text(text) => Ok(vec![Part::Text { text }]),
        Input::Pieces(pieces) => {
            let part = |piece: &'a Piece<'_>| match piece {
                Piece::Text(text) => Part::Text { text },
                Piece::Media { raw, .. } => Part::Raw(raw),
            };
            Ok(pieces.iter().map(part).collect())
        }
        Input::Tokens(_) => Err(Refusal::of(
            request.name(Field::Input),
            "Gemini embeds text and not token ids, which mean something else to each model; send \
             texts (LangChain: `check_embedding_ctx_length=False`)",
        )),
    }
}

/// A request as written.
#[derive(Serialize)]
struct Batch<'a> {
    requests: Vec<Out<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Out<'a> {
    model: &'a str,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<u32>,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Part<'a> {
    Text { text: &'a str },
    Raw(&'a RawValue),
}
