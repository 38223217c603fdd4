//! `cache_control` (`wire.md` §2, §5.1).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::body::{Block, Body, Known, Tool};
use crate::conversation::{CacheBreakpoint, CacheTtl};

/// Most breakpoints that Anthropic takes in one request (`wire.md` §3).
const MOST: usize = 4;

/// A `cache_control` as it is written.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct CacheControl {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    ttl: Option<&'a str>,
}

/// Reads a `cache_control`; lenient, since it is a hint.
pub(crate) fn read(raw: &RawValue) -> CacheBreakpoint {
    let ttl = serde_json::from_str::<Read<'_>>(raw.get()).ok().and_then(|read| match read.ttl? {
        "5m" => Some(CacheTtl::FiveMinutes),
        "1h" => Some(CacheTtl::OneHour),
        _ => None,
    });
    CacheBreakpoint { ttl }
}

/// Whether reading a `cache_control` leaves nothing of it out.
pub(super) fn is_plain(raw: &RawValue) -> bool {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Plain<'a> {
        r#type: &'a str,
        ttl: Option<&'a str>,
    }
    let plain = |plain: Plain<'_>| {
        plain.r#type == "ephemeral" && matches!(plain.ttl, None | Some("5m" | "1h"))
    };
    serde_json::from_str(raw.get()).is_ok_and(plain)
}

/// Writes a breakpoint; of the two times that Claude knows the shortest that is long enough.
pub(crate) fn write(breakpoint: CacheBreakpoint) -> CacheControl {
    let ttl = breakpoint.ttl.map(|ttl| match ttl {
        CacheTtl::FiveMinutes => "5m",
        CacheTtl::ThirtyMinutes | CacheTtl::OneHour | CacheTtl::TwelveHours => "1h",
    });
    CacheControl { kind: "ephemeral", ttl }
}

/// Leaves only the last breakpoints of a request, which the longest prompts are kept up to, and
/// says whether there were more than Anthropic takes.
pub(super) fn limit(body: &mut Body<'_>) -> bool {
    let tools = body.tools.iter_mut().filter_map(|tool| match tool {
        Tool::Custom(tool) => Some(&mut tool.known.cache_control),
        Tool::Hosted(_) => None,
    });
    let mut set: Vec<_> = tools.filter(|control| control.is_some()).collect();
    let turns = body.messages.iter_mut().flat_map(|turn| &mut turn.content);
    body.system.iter_mut().chain(turns).for_each(|block| breakpoints(block, &mut set));
    let over = set.len().saturating_sub(MOST);
    set.into_iter().take(over).for_each(|control| *control = None);
    over > 0
}

/// The breakpoints of a block, in the order of what they stand behind.
fn breakpoints<'b>(block: &'b mut Block<'_>, set: &mut Vec<&'b mut Option<CacheControl>>) {
    let Block::Known(known) = block else { return };
    let control = match known {
        Known::Text { cache_control, .. }
        | Known::Image { cache_control, .. }
        | Known::Document { cache_control, .. }
        | Known::ToolUse { cache_control, .. } => cache_control,
        Known::ToolResult { content, cache_control, .. } => {
            content.iter_mut().for_each(|block| breakpoints(block, set));
            cache_control
        }
        Known::Thinking { .. } | Known::RedactedThinking { .. } => return,
    };
    if control.is_some() {
        set.push(control);
    }
}
