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
