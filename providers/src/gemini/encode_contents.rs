//! Turns, from the model's words to Gemini's (`wire.md` §5.2, §5.3).

use std::borrow::Cow;

use super::decode_parts::mime_of;
use super::encode_request::Losses;
use super::kept::Kept;
use super::wire::write::{
    Answer, Blob, Content, Data, FileData, FunctionCall, FunctionResponse, Part as Out,
};
use crate::Schema;
use crate::catalog::{Capabilities, Input};
use crate::conversation::{
    Field, Media, Message, Part, Refusal, Request, Role, Source, Text, Thinking, ToolCall,
    ToolResult,
};

/// Google's documented stand-in for a signature that was never there:
/// base64 of `skip_thought_signature_validator`.
pub(super) const NO_SIGNATURE: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

const USER: &str = "user";
const MODEL: &str = "model";

/// Writes the leading instructions.
pub(super) fn system<'a>(
    request: &'a Request<'_>,
    losses: &mut Losses<'_>,
) -> Result<Option<Content<'a>>, Refusal> {
    let mut parts = Vec::with_capacity(request.system.len());
    for part in &request.system {
        let text = system_text(request, part, losses)?;
        parts.extend((!text.is_empty()).then(|| Out::of(Data::Text(Cow::Borrowed(text)))));
    }
    Ok((!parts.is_empty()).then_some(Content { role: None, parts }))
}

fn system_text<'a>(
    request: &Request<'_>,
    part: &'a Part<'_>,
    losses: &mut Losses<'_>,
) -> Result<&'a str, Refusal> {
    let Part::Text(Text { text, cache, .. }) = part else {
        let field = request.name(Field::System);
        return Err(Refusal::of(field, format!("`{field}` can hold text only for Gemini")));
    };
    losses.note_if(cache.is_some(), Field::CacheControl);
    Ok(text)
}

/// Writes the turns.
pub(super) fn contents<'a>(
    request: &'a Request<'_>,
    capabilities: &Capabilities,
    kept: &mut Kept<'a>,
    losses: &mut Losses<'_>,
) -> Result<Vec<Content<'a>>, Refusal> {
    let signed_from = match capabilities.thought_signatures {
        true => current_turn(&request.messages),
        false => usize::MAX,
    };
    let mut writer = Writer {
        request,
        inputs: &capabilities.inputs,
        kept,
        media_in_results: capabilities.tool_result_media || request.schema == Schema::Gemini,
        losses,
        contents: Vec::with_capacity(request.messages.len()),
        needs_signature: false,
    };
    let goes_on = request.messages.last().is_some_and(|last| last.role == Role::Assistant);
    if goes_on && request.schema == Schema::Claude && !capabilities.prefill {
        // Claude's callers get the rest of the turn, Gemini's a turn after it.
        let field = request.name(Field::Messages);
        return Err(Refusal::of(
            field,
            format!("Gemini does not go on with an assistant turn; end `{field}` in a user turn"),
        ));
    }
    for (index, message) in request.messages.iter().enumerate() {
        writer.message(message, index >= signed_from)?;
    }
    if writer.contents.is_empty() {
        let field = request.name(Field::Messages);
        return Err(Refusal::of(field, format!("`{field}` holds nothing that Gemini can read")));
    }
    if request.schema != Schema::Gemini && writer.contents.first().is_some_and(calls) {
        let field = request.name(Field::Messages);
        return Err(Refusal::of(
            field,
            format!("Gemini calls nothing before the user spoke; begin `{field}` in a user turn"),
        ));
    }
    Ok(writer.contents)
}

/// Whether there is a call in it. Gemini wants a turn of the user's right before.
fn calls(content: &Content<'_>) -> bool {
    content.parts.iter().any(|part| matches!(part, Out::Data(Data::Call(_), _)))
}

/// Where the current turn begins, on whose calls signatures are asked for: where the user last
/// spoke without answering calls. (Whether words beside a tool's answer begin a turn, Google does
/// not say; a stand-in too many does no harm, one too few is refused.)
fn current_turn(messages: &[Message<'_>]) -> usize {
    let of_model = |message: &Message<'_>| message.role == Role::Assistant;
    let answers = |message: &Message<'_>| {
        message.parts.iter().any(|part| matches!(part, Part::ToolResult(_)))
    };
    let (mut begin, mut at) = (0, 0);
    // What becomes one content counts as one.
    for content in messages.chunk_by(|a, b| of_model(a) == of_model(b)) {
        if !content.iter().any(|message| of_model(message) || answers(message)) {
            begin = at;
        }
        at += content.len();
    }
    begin
}

struct Writer<'a, 'w, 'l> {
    request: &'a Request<'a>,
    /// What the model can see or hear.
    inputs: &'w [Input],
    kept: &'w mut Kept<'a>,
    /// Gemini 3 takes media in a tool's answer; before, they stand beside it.
    media_in_results: bool,
    losses: &'w mut Losses<'l>,
    contents: Vec<Content<'a>>,
    /// The next call is the first of its step and must have a signature.
    needs_signature: bool,
}

impl<'a> Writer<'a, '_, '_> {
    fn message(&mut self, message: &'a Message<'a>, current: bool) -> Result<(), Refusal> {
        match message.role {
            Role::System => {
                self.losses.note(Field::System);
                for part in &message.parts {
                    let text = system_text(self.request, part, self.losses)?;
                    if !text.is_empty() {
                        let folded = format!("<system>{text}</system>");
                        self.say(USER, Out::of(Data::Text(Cow::Owned(folded))));
                    }
                }
                return Ok(());
            }
            Role::User => self.needs_signature = false,
            Role::Assistant => {
                let goes_on = self.contents.last().is_some_and(|last| last.role == Some(MODEL));
                self.needs_signature = current && !goes_on;
            }
        }
        let role = if message.role == Role::Assistant { MODEL } else { USER };
        for part in &message.parts {
            self.part(role, part)?;
        }
        Ok(())
    }

    /// Adds to the turn of this role, which consecutive messages share.
    fn say(&mut self, role: &'static str, part: Out<'a>) {
        match self.contents.last_mut() {
            Some(last) if last.role == Some(role) => last.parts.push(part),
            _ => self.contents.push(Content { role: Some(role), parts: vec![part] }),
        }
    }

    fn part(&mut self, role: &'static str, part: &'a Part<'a>) -> Result<(), Refusal> {
        let out = match part {
            Part::Text(text) => {
                self.losses.note_if(text.cache.is_some(), Field::CacheControl);
                self.losses.note_if(!text.citations.is_empty(), Field::Citations);
                let signature = text.signature.as_deref();
                // R: Gemini takes empty text from its own; others' only fills a place.
                let own = self.request.schema == Schema::Gemini;
                if text.text.is_empty() && signature.is_none() && !own {
                    return Ok(());
                }
                Out::Data(Data::Text(Cow::Borrowed(&text.text)), signature)
            }
            Part::Refusal(text) => Out::of(Data::Text(Cow::Borrowed(text))),
            Part::Image(media) => self.own_media(media, Field::Image)?,
            Part::Document(media) => self.own_media(media, Field::Document)?,
            Part::Audio(media) => self.own_media(media, Field::Audio)?,
            Part::ToolCall(call) => self.call(call)?,
            Part::ToolResult(result) => return self.result(role, result),
            // Gemini's own: another's were taken out (`wire.md` §5.3).
            Part::Thinking(Thinking { text, signature, .. }) => {
                Out::Data(Data::Thought(text), signature.as_deref())
            }
            Part::RedactedThinking(_) => {
                self.losses.note(Field::Thinking);
                return Ok(());
            }
            Part::Opaque(opaque) if opaque.schema == Schema::Gemini => Out::Raw(opaque.raw),
            Part::Opaque(opaque) => {
                let field = format!("{}.{}", self.request.name(Field::Messages), opaque.kind);
                let message = format!("`{field}` can't be carried to Gemini; leave it out");
                return Err(Refusal::of(field, message));
            }
        };
        self.say(role, out);
        Ok(())
    }

    /// Media of a turn, which may have been kept.
    fn own_media(&mut self, media: &'a Media<'a>, field: Field) -> Result<Out<'a>, Refusal> {
        match self.kept.media(media) {
            Some(raw) => Ok(Out::Raw(raw)),
            None => self.media(media, field),
        }
    }

    fn media(&mut self, media: &'a Media<'a>, field: Field) -> Result<Out<'a>, Refusal> {
        let own = self.request.schema == Schema::Gemini;
        let name = self.request.name(field);
        let needed = match field {
            Field::Image => Some(Input::Image),
            Field::Audio => Some(Input::Audio),
            _ => is_pdf(&media.source).then_some(Input::Pdf),
        };
        if needed.is_some_and(|needed| !own && !self.inputs.contains(&needed)) {
            let message = format!("This model can't read `{name}`; leave it out or ask another");
            return Err(Refusal::of(name, message));
        }
        self.losses.note_if(media.cache.is_some(), Field::CacheControl);
        self.losses
            .note_if(media.detail.as_deref().is_some_and(|d| d != "auto"), Field::ImageDetail);
        // Vertex alone takes names, and it is the only one whose callers write them.
        let display_name = media.name.as_deref().filter(|_| own);
        self.losses.note_if(media.name.is_some() && !own, Field::MediaName);
        Ok(Out::of(match &media.source {
            Source::Base64 { media_type, data } => Data::Inline(Blob {
                mime_type: if own { media_type } else { mime(media_type) },
                data,
                display_name,
            }),
            Source::Url { url, media_type } => {
                let mime_type = media_type.as_deref().or_else(|| mime_of(url));
                if !url.starts_with("https://") && !url.starts_with("http://") {
                    let message = format!("`{name}` must be an http or https URL, or base64 data");
                    return Err(Refusal::of(name, message));
                }
                if mime_type.is_none() && !own {
                    return Err(Refusal::of(
                        name,
                        format!(
                            "Gemini must be told the type of what `{name}` points to, and the \
                             URL ends in no known extension like .png; send base64 data instead"
                        ),
                    ));
                }
                Data::File(FileData { mime_type, file_uri: url, display_name })
            }
            Source::File { id } if own => {
                Data::File(FileData { mime_type: None, file_uri: id, display_name })
            }
            Source::File { .. } => {
                return Err(Refusal::of(
                    name,
                    format!("`{name}` names a file that only another provider has; send its data"),
                ));
            }
            Source::Text { text } => Data::Text(Cow::Borrowed(text)),
        }))
    }

    fn call(&mut self, call: &'a ToolCall<'a>) -> Result<Out<'a>, Refusal> {
        self.losses.note_if(call.cache.is_some(), Field::CacheControl);
        let args = call.arguments.as_object().and_then(|text| serde_json::from_str(text).ok());
        let Some(args) = args else {
            let field = self.request.name(Field::ToolCall);
            return Err(Refusal::of(
                field,
                format!(
                    "The arguments of the call of `{}` in `{field}` must be a JSON object for \
                     Gemini",
                    call.name
                ),
            ));
        };
        let missing = self.needs_signature.then_some(NO_SIGNATURE);
        self.needs_signature = false;
        let id = call.id.as_deref();
        Ok(Out::Data(
            Data::Call(FunctionCall { id, name: &call.name, args }),
            call.signature.as_deref().or(missing),
        ))
    }

    fn result(&mut self, role: &'static str, result: &'a ToolResult<'a>) -> Result<(), Refusal> {
        let field = self.request.name(Field::ToolResult);
        self.losses.note_if(result.cache.is_some(), Field::CacheControl);
        let Some(name) = result.name.as_deref() else {
            let message = format!("`{field}` answers no call that is in the conversation");
            return Err(Refusal::of(field, message));
        };
        let (mut parts, mut beside) = (Vec::new(), Vec::new());
        for part in &result.content {
            let (Part::Image(media) | Part::Document(media) | Part::Audio(media)) = part else {
                if matches!(part, Part::Text(_) | Part::Refusal(_)) {
                    continue;
                }
                let message = format!("`{field}` can hold text, images and documents for Gemini");
                return Err(Refusal::of(field, message));
            };
            let kind = match part {
                Part::Image(_) => Field::Image,
                Part::Document(_) => Field::Document,
                _ => Field::Audio,
            };
            let out = self.media(media, kind)?;
            let inline = matches!(media.source, Source::Base64 { .. });
            if self.media_in_results && (inline || self.request.schema == Schema::Gemini) {
                parts.push(out);
            } else {
                beside.push(out);
            }
        }
        let response = self.answer(result);
        let id = result.call_id.as_deref();
        let answer = FunctionResponse { id, name, response, parts };
        self.say(role, Out::of(Data::Answer(answer)));
        for part in beside {
            self.say(role, part);
        }
        Ok(())
    }

    fn answer(&mut self, result: &'a ToolResult<'a>) -> Answer<'a> {
        let own = self.request.schema == Schema::Gemini;
        if let Some(object) = result.object.filter(|_| own || !result.is_error) {
            return Answer::Object(object);
        }
        let mut texts = result.content.iter().filter_map(|part| match part {
            Part::Text(text) => Some(&*text.text),
            Part::Refusal(text) => Some(text),
            _ => None,
        });
        let first = texts.next().unwrap_or("");
        let text = texts.fold(Cow::Borrowed(first), |all, more| all + "\n" + more);
        for part in &result.content {
            if let Part::Text(text) = part {
                self.losses.note_if(text.cache.is_some(), Field::CacheControl);
            }
        }
        if result.is_error { Answer::Error(text) } else { Answer::Result(text) }
    }
}

fn is_pdf(source: &Source<'_>) -> bool {
    const PDF: &str = "application/pdf";
    match source {
        Source::Base64 { media_type, .. } => media_type.eq_ignore_ascii_case(PDF),
        Source::Url { url, media_type } => {
            media_type.as_deref().or_else(|| mime_of(url)).is_some_and(|known| known == PDF)
        }
        Source::File { .. } | Source::Text { .. } => false,
    }
}

/// Gemini's name of a type.
fn mime(media_type: &str) -> &str {
    const NAMES: [(&str, &str); 6] = [
        ("audio/mpeg", "audio/mp3"),
        ("audio/x-mp3", "audio/mp3"),
        ("audio/x-wav", "audio/wav"),
        ("audio/wave", "audio/wav"),
        ("audio/x-flac", "audio/flac"),
        ("image/jpg", "image/jpeg"),
    ];
    let known = NAMES.iter().find(|(other, _)| other.eq_ignore_ascii_case(media_type));
    known.map_or(media_type, |(_, name)| *name)
}
