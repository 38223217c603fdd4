//! The one shape of a conversation that every schema accepts (`wire.md` §5.2).
//!
//! Decoders give turns as the caller wrote them; [`normalize`] makes them strict once, so that no
//! encoder has to: turns alternate, every tool call has an id and is answered in the turn right
//! after it, and nothing is empty.

mod pair;
#[cfg(test)]
mod tests;

use super::{Field, Loss, Message, Part, Refusal, Request, Role};

/// Shapes a conversation for another schema than its own.
///
/// - Empty text is dropped, and with it messages that hold nothing else. Where it has a signature
///   it stays: Gemini wants that back (`wire.md` §5.3).
/// - Consecutive turns of one role become one.
/// - Every call has an id that all schemas accept (`[a-zA-Z0-9_-]{1,64}`): a missing or unusual
///   one is replaced by one that depends only on the call and what stands before it, so that a
///   conversation that grows keeps its ids and a provider's prompt cache its hits.
/// - Results that answer one assistant turn stand in one user turn right after it, first, in the
///   order of the calls, each with the name of its tool.
///
/// Doing it twice changes nothing more. What was dropped and meant something is returned.
///
/// # Errors
///
/// A call without a result, a result without a call, ids that are there twice, and a
/// conversation with nothing in it: every provider refuses those.
pub fn normalize(request: &mut Request<'_>) -> Result<Vec<Loss>, Refusal> {
    let mut losses = Vec::new();
    drop_empty(request, &mut losses);
    if request.messages.is_empty() {
        return Err(Refusal::of(
            request.name(Field::Messages),
            "the conversation has no message with content: send at least one",
        ));
    }
    let messages = merged(std::mem::take(&mut request.messages));
    request.messages = merged(pair::answered(messages, request.schema)?);
    Ok(losses)
}

/// Drops text parts that say nothing, in turns, tool results and instructions alike.
fn drop_empty(request: &mut Request<'_>, losses: &mut Vec<Loss>) {
    let cache = request.name(Field::CacheControl);
    let mut sweep = |parts: &mut Vec<Part<'_>>| {
        parts.retain(|part| {
            let Part::Text(text) = part else { return true };
            if !text.text.is_empty() || text.signature.is_some() {
                return true;
            }
            let loss = Loss::of(cache);
            if text.cache.is_some() && !losses.contains(&loss) {
                losses.push(loss);
            }
            false
        });
    };
    sweep(&mut request.system);
    for message in &mut request.messages {
        sweep(&mut message.parts);
        for part in &mut message.parts {
            if let Part::ToolResult(result) = part {
                sweep(&mut result.content);
            }
        }
    }
    request.messages.retain(|message| !message.parts.is_empty());
}

/// Makes one turn of consecutive turns of one role.
pub(crate) fn merged(messages: Vec<Message<'_>>) -> Vec<Message<'_>> {
    let mut turns: Vec<Message<'_>> = Vec::with_capacity(messages.len());
    for message in messages {
        match turns.last_mut() {
            Some(last) if last.role == message.role => last.parts.extend(message.parts),
            _ => turns.push(message),
        }
    }
    turns
}

/// Whether this role's turns may hold this part.
const fn may_hold(role: Role, part: &Part<'_>) -> bool {
    match part {
        Part::ToolCall(_) => matches!(role, Role::Assistant),
        Part::ToolResult(_) => matches!(role, Role::User),
        _ => true,
    }
}
