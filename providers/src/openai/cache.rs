//! `prompt_cache_breakpoint` (`wire.md` §0 row 8, §5.1).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::conversation::{CacheBreakpoint, CacheTtl};

/// A `prompt_cache_breakpoint` as it is written.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Written {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    ttl: Option<&'a str>,
}

/// Reads a breakpoint; lenient, since it is a hint.
pub(super) fn read(raw: &RawValue) -> CacheBreakpoint {
    let ttl = serde_json::from_str::<Read<'_>>(raw.get()).ok().and_then(|read| match read.ttl? {
        "30m" => Some(CacheTtl::ThirtyMinutes),
        "12h" => Some(CacheTtl::TwelveHours),
        _ => None,
    });
    CacheBreakpoint { ttl }
}

/// Writes a breakpoint; of the two times that OpenAI knows the shortest that is long enough.
pub(super) fn write(breakpoint: CacheBreakpoint) -> Written {
    let ttl = breakpoint.ttl.map(|ttl| match ttl {
        CacheTtl::FiveMinutes | CacheTtl::ThirtyMinutes => "30m",
        CacheTtl::OneHour | CacheTtl::TwelveHours => "12h",
    });
    Written { mode: "explicit", ttl }
}
