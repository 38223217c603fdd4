//! `cache_control` (`wire.md` §2, §5.1).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::conversation::{CacheBreakpoint, CacheTtl};

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

/// Writes a breakpoint; of the two times that Claude knows the shortest that is long enough.
pub(crate) fn write(breakpoint: CacheBreakpoint) -> CacheControl {
    let ttl = breakpoint.ttl.map(|ttl| match ttl {
        CacheTtl::FiveMinutes => "5m",
        CacheTtl::ThirtyMinutes | CacheTtl::OneHour | CacheTtl::TwelveHours => "1h",
    });
    CacheControl { kind: "ephemeral", ttl }
}
