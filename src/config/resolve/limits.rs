//! Bounds that hold for every caller.

use super::super::decode::Field;
use super::super::raw::RawLimits;
use super::super::value::Size;
use super::Resolver;
use crate::snapshot::Limits;

/// No more headers of an HTTP/1 request are ever read, and no more bytes of them (Pingora).
const MOST_HEADERS: usize = 256;
const MOST_HEADER_BYTES: usize = 1 << 20;

impl Resolver<'_> {
    /// Bounds of requests and connections.
    pub(super) fn limits(&mut self, raw: Field<RawLimits>) -> Limits {
        let default = Limits::default();
        let Some((section, raw)) = raw.given() else { return default };
        let RawLimits { body, in_flight, headers, header_count, url, .. } = raw;
        let RawLimits { connections, connections_per_address, streams, .. } = raw;
        let RawLimits { body_idle, body_total, total, drain, heartbeat, hops, .. } = raw;
        let header_bytes = self.readable(headers, "headers", default.header_bytes);
        let url_bytes = self.readable(url, "url", default.url_bytes);
        if let Field::Given(mark, count) = header_count
            && as_size(count) > MOST_HEADERS
        {
            let what = format!("`header_count` is {count}: so many are never read");
            self.problems.add(mark, what, format!("at most {MOST_HEADERS}"));
        }
        let connections = connections.value().map_or(default.connections, as_size);
        let limits = Limits {
            body_bytes: body.or(Size(default.body_bytes)).0,
            in_flight_bytes: in_flight.or(Size(default.in_flight_bytes)).0,
            header_bytes,
            header_count: header_count.value().map_or(default.header_count, as_size),
            url_bytes,
            connections,
            connections_per_address: connections_per_address.value().map_or(connections, as_size),
            streams: streams.or(default.streams),
            body_idle: body_idle.or(default.body_idle),
            body_total: body_total.or(default.body_total),
            total: total.or(default.total),
            drain: drain.or(default.drain),
            heartbeat: heartbeat.or(default.heartbeat),
            hops: hops.value().map_or(default.hops, as_size),
        };
        // A body that is translated is held twice.
        if limits.in_flight_bytes / 2 < limits.body_bytes {
            let what = "`in_flight` is less than twice `body`: the largest body would never fit";
            self.problems.add(section, what, "in_flight: at least twice as much as `body`");
        }
        limits
    }

    /// A bound on what stands in a request's header.
    fn readable(&mut self, bound: Field<Size>, key: &str, default: usize) -> usize {
        let Field::Given(mark, Size(bytes)) = bound else { return default };
        if bytes > MOST_HEADER_BYTES {
            let what = format!("`{key}` is larger than 1 MiB: so much is never read");
            self.problems.add(mark, what, format!("{key}: 1 MiB at most"));
        }
        bytes
    }
}

fn as_size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
