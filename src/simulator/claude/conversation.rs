//! The rules a Messages conversation must keep, beyond its shape (wire.md §5.2).

use super::super::base64;
use super::super::json::Json;
use super::super::rejection::Rejection;
use super::super::signature::Maker;
use super::family::Family;
use super::prefix;

/// Consecutive messages of one role, as the API merges them: role, index of the first, blocks.
struct Merged<'j> {
    role: &'j str,
    at: usize,
    blocks: Vec<Block<'j>>,
}

struct Block<'j> {
    json: &'j Json<'j>,
    path: String,
}

impl<'j> Block<'j> {
    fn kind(&self) -> &'j str {
        member(self.json, "type")
    }
}

fn member<'j>(json: &'j Json<'j>, name: &str) -> &'j str {
    json.get(name).and_then(Json::text).unwrap_or_default()
}

pub(super) fn check(messages: &[Json<'_>], family: &Family, newer: bool) -> Result<(), Rejection> {
    if messages.is_empty() {
        return Err(Rejection::bad("messages: at least one message is required"));
    }
    let mut merged: Vec<Merged<'_>> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let role = member(message, "role");
        let last = at + 1 == messages.len();
        content(message, at, last && role == "assistant")?;
        if newer {
            uncited(message, at)?;
        }
        if role == "system" {
            if !family.system_turns {
                return Err(Rejection::bad("role 'system' is not supported on this model"));
            }
            if at == 0 {
                let message = "messages.0: a 'system' message must follow a 'user' message";
                return Err(Rejection::bad(message));
            }
            continue;
        }
        if !matches!(merged.last(), Some(turn) if turn.role == role) {
            merged.push(Merged { role, at, blocks: Vec::new() });
        }
        let blocks = match message.get("content") {
            Some(Json::List(blocks)) => &blocks[..],
            _ => &[],
        };
        if let Some(turn) = merged.last_mut() {
            turn.blocks.extend(blocks.iter().enumerate().map(|(index, json)| Block {
                json,
                path: format!("messages.{at}.content.{index}"),
            }));
        }
    }
    if merged.first().is_some_and(|turn| turn.role != "user") {
        return Err(Rejection::bad("messages: first message must use the \"user\" role"));
    }
    if merged.last().is_some_and(|turn| turn.role == "assistant") && !family.prefill {
        return Err(Rejection::bad(
            "This model does not support assistant message prefill. The conversation must end \
             with a user message.",
        ));
    }
    pairs(&merged)
}

/// Content is not empty, and text is neither.
fn content(message: &Json<'_>, at: usize, final_assistant: bool) -> Result<(), Rejection> {
    let empty = match message.get("content") {
        Some(Json::Text(text)) => text.is_empty(),
        Some(Json::List(blocks)) => blocks.is_empty(),
        _ => true,
    };
    if empty && !final_assistant {
        return Err(Rejection::bad(format!(
            "messages.{at}: all messages must have non-empty content except for the optional final \
             assistant message"
        )));
    }
    let mut last = message.get("content").and_then(Json::text);
    for (index, block) in message.get("content").map_or(&[][..], Json::items).iter().enumerate() {
        let path = format!("messages.{at}.content.{index}");
        self::block(block, member(message, "role"), &path)?;
        last = block.get("text").and_then(Json::text).or(last);
    }
    if final_assistant && last.is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return Err(Rejection::bad(
            "messages: final assistant content cannot end with trailing whitespace",
        ));
    }
    Ok(())
}

/// Each thought comes after what it came after when it was thought: nothing before the turn that
/// holds it has changed.
pub(super) fn bound(body: &Json<'_>, model: &str, messages: &[Json<'_>]) -> Result<(), Rejection> {
    let mut start = 0;
    for (at, message) in messages.iter().enumerate() {
        if member(message, "role") != "assistant" {
            start = at + 1;
            continue;
        }
        let blocks = message.get("content").map_or(&[][..], Json::items);
        for (index, block) in blocks.iter().enumerate() {
            let before = prefix::of(body, model, messages.get(..start).unwrap_or_default());
            let signature = member(block, "signature");
            if member(block, "type") == "thinking"
                && !Maker::Claude.made(signature, member(block, "thinking"), Some(before))
            {
                return Err(Rejection::bad(format!(
                    "messages.{at}.content.{index}: Invalid `signature` in `thinking` block: the \
                     model, system, tools or messages before it are not those it was made with"
                )));
            }
        }
    }
    Ok(())
}

/// Bedrock looks at nothing that is not in the request.
pub(super) fn inline(messages: &[Json<'_>]) -> Result<(), Rejection> {
    for (at, message) in messages.iter().enumerate() {
        let blocks = message.get("content").map_or(&[][..], Json::items);
        for (index, block) in blocks.iter().enumerate() {
            let source = block.get("source").map_or("", |source| member(source, "type"));
            if source == "url" {
                let kind = member(block, "type");
                return Err(Rejection::bad(format!(
                    "messages.{at}.content.{index}.{kind}.source.base64.data: URL sources are not \
                     supported"
                )));
            }
        }
    }
    Ok(())
}

/// The newer API version takes no citations on what the user says.
fn uncited(message: &Json<'_>, at: usize) -> Result<(), Rejection> {
    if member(message, "role") != "user" {
        return Ok(());
    }
    let blocks = message.get("content").map_or(&[][..], Json::items);
    let cites = |block: &Json<'_>| {
        let citations = block.get("citations").map_or(&[][..], Json::items);
        member(block, "type") == "text" && !citations.is_empty()
    };
    match blocks.iter().position(cites) {
        None => Ok(()),
        Some(index) => Err(Rejection::bad(format!(
            "messages.{at}.content.{index}.text.citations: Extra inputs are not permitted"
        ))),
    }
}

fn block(block: &Json<'_>, role: &str, path: &str) -> Result<(), Rejection> {
    let bad = |message: String| Err(Rejection::bad(message));
    match member(block, "type") {
        "text" if member(block, "text").is_empty() => {
            bad("messages: text content blocks must be non-empty".to_owned())
        }
        "text" if member(block, "text").trim().is_empty() => {
            bad("messages: text content blocks must contain non-whitespace text".to_owned())
        }
        kind @ ("image" | "document" | "tool_result" | "search_result") if role != "user" => {
            bad(format!("{path}: `{kind}` blocks can only be in `user` messages"))
        }
        kind @ ("tool_use" | "thinking" | "redacted_thinking") if role != "assistant" => {
            bad(format!("{path}: `{kind}` blocks can only be in `assistant` messages"))
        }
        "tool_use" if !good_id(member(block, "id")) => {
            bad(format!("{path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"))
        }
        "thinking"
            if !Maker::Claude.made(member(block, "signature"), member(block, "thinking"), None) =>
        {
            bad(format!("{path}: Invalid `signature` in `thinking` block"))
        }
        "redacted_thinking" if !Maker::Claude.made(member(block, "data"), "", None) => {
            bad(format!("{path}: Invalid `data` in `redacted_thinking` block"))
        }
        "image" => {
            let Some(data) = block.get("source").and_then(|source| source.get("data")?.text())
            else {
                return Ok(());
            };
            match base64::decoded_length(data) {
                Some(_) => Ok(()),
                None => bad(format!("{path}.image.source.base64: invalid base64 data")),
            }
        }
        _ => Ok(()),
    }
}

fn good_id(id: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !id.is_empty() && id.bytes().all(good)
}

/// Each tool_use is answered first thing in the next user turn, and nothing else is.
fn pairs(turns: &[Merged<'_>]) -> Result<(), Rejection> {
    let mut open: Vec<&str> = Vec::new();
    let mut asked_at = 0;
    let unanswered = |open: &[&str], at: usize| {
        Rejection::bad(format!(
            "messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately \
             after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the \
             next message.",
            open.join(", ")
        ))
    };
    for turn in turns {
        let mut other = false;
        for block in &turn.blocks {
            match block.kind() {
                "tool_result" => {
                    let id = member(block.json, "tool_use_id");
                    let Some(found) = open.iter().position(|known| *known == id) else {
                        return Err(Rejection::bad(format!(
                            "{}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. \
                             Each `tool_result` block must have a corresponding `tool_use` block \
                             in the previous message.",
                            block.path
                        )));
                    };
                    if other {
                        return Err(unanswered(&open, asked_at));
                    }
                    open.remove(found);
                }
                "tool_use" => {
                    let id = member(block.json, "id");
                    if open.contains(&id) {
                        return Err(Rejection::bad("messages: `tool_use` ids must be unique"));
                    }
                    open.push(id);
                    asked_at = turn.at;
                }
                _ => other = true,
            }
        }
        if turn.role == "user" && !open.is_empty() {
            return Err(unanswered(&open, asked_at));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered(&open, asked_at)) }
}
