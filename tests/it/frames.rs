//! HTTP/2 as an attacker speaks it: frame by frame, in plaintext and by TLS.

use futures_util::future::join_all;

use crate::support::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, Header,
    INITIAL_WINDOW, Outcome, PADDED, PING, PRIORITY, PUSH_PROMISE, RESET, SETTINGS, WINDOW_UPDATE,
    block, frame, integer,
};
use crate::support::provider::{all, arrived};
use crate::support::speak::body;
use crate::support::{Config, Gateway, PATIENCE, Provider, Running, Transport, ask, until};

const PATH: &[u8] = b"/v1/chat/completions";
const GPT: &str = "gpt-4o-mini";
/// What may be held more after an attack than before: far below what any of them would cost that
/// is not bounded.
const SLACK: usize = 48 << 20;

async fn gateway(transport: Transport) -> (Gateway, [Running; 3]) {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).over(transport);
    (Gateway::start(config).await, simulators)
}

fn say(text: &str) -> Vec<u8> {
    body(Provider::OpenAi, GPT, text, false).to_string().into_bytes()
}

/// A good request's headers; each of `instead` takes the place of those of its name, or comes last.
fn headers<'a>(instead: &[Header<'a>]) -> Vec<Header<'a>> {
    let good: [Header<'static>; 5] = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", PATH),
        (b":authority", b"gateway"),
        (b"content-type", b"application/json"),
    ];
    let is_new = |(name, _): &&Header<'_>| !instead.iter().any(|(other, _)| other == name);
    let is_pseudo = |(name, _): &&Header<'_>| name.starts_with(b":");
    let good: Vec<Header<'a>> = good.iter().filter(is_new).copied().collect();
    let mut headers: Vec<Header<'a>> = good.iter().filter(is_pseudo).copied().collect();
    headers.extend(instead.iter().filter(is_pseudo));
    headers.extend(good.iter().filter(|header| !is_pseudo(header)));
    headers.extend(instead.iter().filter(|header| !is_pseudo(header)));
    headers
}

/// A whole request on this stream.
fn request(stream: u32, instead: &[Header<'_>], body: &[u8]) -> Vec<u8> {
    let mut bytes = frame(HEADERS, END_HEADERS, stream, &block(&headers(instead)));
    bytes.extend(frame(DATA, END_STREAM, stream, body));
    bytes
}

/// Sends these bytes on a connection of their own: what becomes of the request on stream 1.
async fn sent(gateway: &Gateway, bytes: &[u8]) -> Outcome {
    let mut frames = Frames::connect(gateway).await;
    // A connection may be closed before all is sent.
    frames.bytes(bytes).await;
    frames.outcome(1).await
}

/// Nothing but what is clean has arrived, and what is clean is served.
async fn clean(gateway: &Gateway, simulators: &[Running; 3], after: &str) {
    let outcome = sent(gateway, &request(1, &[], &say("clean"))).await;
    assert_eq!(outcome, Outcome::Status(200), "after {after}");
    let answer = ask(gateway, Provider::OpenAi, GPT, "clean", false).await;
    assert_eq!(answer.status, 200, "after {after}");
    for arrival in simulators[0].journal().read() {
        let body = String::from_utf8_lossy(&arrival.body).into_owned();
        assert!(!body.contains("attack"), "{after}: {body}");
    }
}

/// S-31: what HTTP/2 can carry and HTTP/1.1 can't, or what two readers could take for two things.
#[tokio::test]
async fn s_31_h2_headers_that_http1_could_not_carry_are_refused() {
    join_all(Transport::ALL.map(attacked_by_headers)).await;
}

async fn attacked_by_headers(transport: Transport) {
    let (gateway, simulators) = gateway(transport).await;
    let attack = say("attack");
    let length = attack.len().to_string();
    let long = (attack.len() + 1).to_string();
    let cases: &[&[Header<'_>]] = &[
        // Lines of HTTP/1.1 inside names and values.
        &[(b"x-a", b"b\r\nx-api-key: c")],
        &[(b"x-a", b"b\nc: d")],
        &[(b"x-a", b"b\rc")],
        &[(b"x-a", b"b\0c")],
        &[(b"x-a: b\r\nx-c", b"d")],
        &[(b"x-a:", b"b")],
        &[(b"x:a", b"b")],
        &[(b"x a", b"b")],
        &[(b"x\0a", b"b")],
        &[(b"x\na", b"b")],
        &[(b"X-A", b"b")],
        &[(b"", b"b")],
        &[(b"x-a\xff", b"b")],
        // The request line.
        &[(b":path", b"/v1/chat/completions HTTP/1.1\r\nhost: h\r\n\r\n")],
        &[(b":path", b"/v1/chat completions")],
        &[(b":path", b"/v1/chat/completions\r\nx: y")],
        &[(b":path", b"/v1/chat/completions\0")],
        &[(b":path", b"")],
        &[(b":path", b"v1/chat/completions")],
        &[(b":path", b"*")],
        &[(b":path", b"http://other/v1/chat/completions")],
        &[(b":path", b"//other/v1/chat/completions")],
        &[(b":path", b"/v1/../v1/chat/completions")],
        &[(b":path", b"/v1/chat%2fcompletions")],
        &[(b":path", b"/x#/v1/chat/completions")],
        &[(b":path", PATH), (b":path", b"/v1/messages")],
        &[(b":method", b"POST /x HTTP/1.1\r\nhost: h\r\n\r\nGET")],
        &[(b":method", b"PO ST")],
        &[(b":method", b"")],
        &[(b":method", b"POST"), (b":method", b"GET")],
        &[(b":method", b"TRACE")],
        &[(b":method", b"OPTIONS")],
        &[(b":method", b"CONNECT")],
        &[(b":method", b"CONNECT"), (b":protocol", b"websocket")],
        &[(b":scheme", b"http\r\nx: y")],
        &[(b":scheme", b"http"), (b":scheme", b"https")],
        &[(b":status", b"200")],
        &[(b":evil", b"x")],
        // Whom it is for.
        &[(b":authority", b"gateway\r\nx: y")],
        &[(b":authority", b"user@gateway")],
        &[(b":authority", b"gateway/x")],
        &[(b":authority", b"gateway"), (b":authority", b"other")],
        &[(b"host", b"other")],
        &[(b"host", b"gateway"), (b"host", b"other")],
        // What is of one connection.
        &[(b"connection", b"close")],
        &[(b"connection", b"x-api-key")],
        &[(b"keep-alive", b"timeout=5")],
        &[(b"proxy-connection", b"keep-alive")],
        &[(b"transfer-encoding", b"chunked")],
        &[(b"transfer-encoding", b"gzip, chunked")],
        &[(b"upgrade", b"websocket")],
        &[(b"upgrade", b"h2c")],
        &[(b"te", b"gzip")],
        // Lengths.
        &[(b"content-length", b"3")],
        &[(b"content-length", long.as_bytes())],
        &[(b"content-length", b"0")],
        &[(b"content-length", b"-1")],
        &[(b"content-length", b"+1")],
        &[(b"content-length", b"0x10")],
        &[(b"content-length", b"99999999999999999999999")],
        &[(b"content-length", length.as_bytes()), (b"content-length", b"3")],
        &[(b"content-length", b"3"), (b"content-length", length.as_bytes())],
        &[(b"content-encoding", b"gzip")],
        &[(b"expect", b"200-ok")],
    ];
    for case in cases {
        let outcome = sent(&gateway, &request(1, case, &attack)).await;
        let served = matches!(outcome, Outcome::Status(0..400));
        assert!(!served, "{transport:?}: {case:?}: {outcome:?}");
    }
    // A fragment is no part of a target: it is cut off, here as anywhere, and never goes on.
    let cut: &[Header<'_>] = &[(b":path", b"/v1/chat/completions#/x")];
    sent(&gateway, &request(1, cut, &say("cut"))).await;
    for arrival in simulators[0].journal().read() {
        assert!(!arrival.target.contains('#'), "{}", arrival.target);
    }
    clean(&gateway, &simulators, "headers of every kind").await;
}

/// S-31: frames in an order, of a size or on a stream where they must not be.
#[tokio::test]
async fn s_31_frames_out_of_order_are_refused() {
    join_all(Transport::ALL.map(attacked_by_frames)).await;
}

async fn attacked_by_frames(transport: Transport) {
    let (gateway, simulators) = gateway(transport).await;
    let attack = say("attack");
    let good = block(&headers(&[]));
    let head = |flags: u8| frame(HEADERS, flags, 1, &good);
    let data = |flags: u8| frame(DATA, flags, 1, &attack);
    let late = block(&[(b"x-a", b"b"), (b":path", PATH)]);
    let (mut no_method, mut no_path, mut no_scheme) = (headers(&[]), headers(&[]), headers(&[]));
    no_method.remove(0);
    no_scheme.remove(1);
    no_path.remove(2);
    let mut pseudo_last = headers(&[]);
    pseudo_last.rotate_left(1);
    let whole = |headers: &[Header<'_>]| {
        [frame(HEADERS, END_HEADERS, 1, &block(headers)), data(END_STREAM)].concat()
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no method", whole(&no_method)),
        ("no path", whole(&no_path)),
        ("no scheme", whole(&no_scheme)),
        ("a pseudo-header behind the others", whole(&pseudo_last)),
        (
            "trailers with a pseudo-header",
            [head(END_HEADERS), data(0), frame(HEADERS, END_HEADERS | END_STREAM, 1, &late)]
                .concat(),
        ),
        (
            "trailers that end nothing",
            [head(END_HEADERS), data(0), frame(HEADERS, END_HEADERS, 1, &block(&[(b"a", b"b")]))]
                .concat(),
        ),
        ("a continuation of nothing", frame(CONTINUATION, END_HEADERS, 1, &good)),
        (
            "data amid headers",
            [head(0), data(END_STREAM), frame(CONTINUATION, END_HEADERS, 1, &[])].concat(),
        ),
        (
            "another stream's continuation",
            [head(0), frame(CONTINUATION, END_HEADERS, 3, &[]), data(END_STREAM)].concat(),
        ),
        ("headers on stream 0", frame(HEADERS, END_HEADERS, 0, &good)),
        ("headers on a stream of the server's", frame(HEADERS, END_HEADERS, 2, &good)),
        ("data on stream 0", frame(DATA, END_STREAM, 0, &attack)),
        ("data on no stream", data(END_STREAM)),
        ("a promise", frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2], &*good].concat())),
        (
            "more padding than there is",
            [head(END_HEADERS), frame(DATA, END_STREAM | PADDED, 1, &[255, 1, 2])].concat(),
        ),
        (
            "a frame that is too large",
            [head(END_HEADERS), frame(DATA, END_STREAM, 1, &vec![b' '; 20_000])].concat(),
        ),
        ("settings that are cut", frame(SETTINGS, 0, 0, &[0, 4, 0])),
        ("settings of a stream", frame(SETTINGS, 0, 1, &[])),
        ("an acknowledgement that says something", frame(SETTINGS, ACK, 0, &[0; 6])),
        ("a window that is too large", frame(SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff])),
        ("a ping that is cut", frame(PING, 0, 0, &[1])),
        ("an update of nothing", frame(WINDOW_UPDATE, 0, 0, &[0; 4])),
        ("an update that overflows", frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff])),
        ("a reset of no stream", frame(RESET, 0, 1, &[0; 4])),
        ("a stream that depends on itself", frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 0])),
        ("headers that can't be read", frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff; 64])),
        ("an index of nothing", frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xfe])),
    ];
    for (name, bytes) in cases {
        // What stands behind it on the connection must not help it.
        let outcome = sent(&gateway, &[bytes, frame(PING, 0, 0, &[0; 8])].concat()).await;
        let served = matches!(outcome, Outcome::Status(0..400));
        assert!(!served, "{transport:?}: {name}: {outcome:?}");
    }
    // Streams go upwards, and one that has ended takes nothing more.
    let mut frames = Frames::connect(&gateway).await;
    frames.bytes(&request(5, &[], &say("clean"))).await;
    assert_eq!(frames.outcome(5).await, Outcome::Status(200));
    frames.bytes(&request(3, &[], &attack)).await;
    assert!(frames.end().await.is_some_and(|why| why != 0));
    clean(&gateway, &simulators, "frames of every kind").await;
}

/// Whether the gateway ends the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Ended,
    /// What comes is harmless, and may come for ever.
    Kept,
}

/// What it is called, how its connection ends, and its frames.
type Flood = (&'static str, Then, Vec<u8>);

/// Sends each of these floods, in plaintext and by TLS.
async fn withstood(floods: &[Flood]) {
    for transport in Transport::ALL {
        let (gateway, simulators) = gateway(transport).await;
        // What the first requests set up is no leak.
        clean(&gateway, &simulators, "nothing").await;
        for flood in floods {
            flooded(&gateway, &simulators, flood).await;
        }
    }
}

/// Sends a flood on a connection of its own: nothing of it may stay.
async fn flooded(gateway: &Gateway, simulators: &[Running; 3], (name, then, flood): &Flood) {
    let name = format!("{:?}: {name}", gateway.config.transport);
    let before = gateway.memory();
    let mut frames = Frames::connect(gateway).await;
    let taken = frames.flood(flood).await;
    let held = gateway.memory().saturating_sub(before);
    assert!(held < SLACK, "{name}: {held} bytes more, of {taken} sent");
    if *then == Then::Ended {
        frames.end().await;
    }
    drop(frames);
    gateway.settled().await;
    until("its connection is gone", || async {
        // The one that clean requests keep is left.
        gateway.metrics().await.count("egret_connections", &[]) <= 1
    })
    .await;
    clean(gateway, simulators, &name).await;
}

/// The headers of a good request on this stream, whose body is still to come.
fn opened(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(&headers(&[])))
}

/// Thousands of streams, each opened, and then this.
fn streams(then: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    (0..20_000).map(|nth| 2 * nth + 1).flat_map(|id| [opened(id), then(id)].concat()).collect()
}

/// S-02: streams that the gateway has to reset itself, by the thousand (CVE-2025-8671). The
/// connection ends, memory stays, and the next caller is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_02_who_makes_the_gateway_reset_streams_loses_its_connection() {
    let beyond_its_length = |id: u32| {
        let head = block(&headers(&[(b"content-length", b"1")]));
        [frame(HEADERS, END_HEADERS, id, &head), frame(DATA, 0, id, b"attack")].concat()
    };
    let on_itself = |id: u32| frame(PRIORITY, 0, id, &[&id.to_be_bytes()[..], &[0]].concat());
    let malformed = |id: u32| request(id, &[(b"connection", b"close")], b"attack");
    let ids = || (0..20_000).map(|nth| 2 * nth + 1);
    let floods = [
        ("a window of nothing", Then::Ended, streams(|id| frame(WINDOW_UPDATE, 0, id, &[0; 4]))),
        (
            "a window that overflows",
            Then::Ended,
            streams(|id| frame(WINDOW_UPDATE, 0, id, &[0x7f, 0xff, 0xff, 0xff])),
        ),
        ("it depends on itself", Then::Ended, streams(on_itself)),
        ("more than the length", Then::Ended, ids().flat_map(beyond_its_length).collect()),
        ("malformed requests", Then::Ended, ids().flat_map(malformed).collect()),
    ];
    withstood(&floods).await;
}

/// S-32: streams that are opened and reset, frames without end, and headers that are larger inside
/// than outside.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_32_floods_end_their_connection_and_leave_nothing_behind() {
    let begun = || frame(HEADERS, 0, 1, &block(&headers(&[])));
    let floods = [
        ("rapid reset", Then::Ended, streams(|id| frame(RESET, 0, id, &[0, 0, 0, 8]))),
        ("streams that are never ended", Then::Kept, streams(|_| Vec::new())),
        (
            "continuations",
            Then::Ended,
            [begun(), frame(CONTINUATION, 0, 1, &block(&[(b"x-a", &[b'b'; 1000])])).repeat(50_000)]
                .concat(),
        ),
        (
            "empty continuations",
            Then::Ended,
            [begun(), frame(CONTINUATION, 0, 1, &[]).repeat(500_000)].concat(),
        ),
        (
            "bombs of headers",
            Then::Ended,
            (0..200).flat_map(|nth| bomb(2 * nth + 1)).collect::<Vec<u8>>(),
        ),
        ("settings", Then::Kept, frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]).repeat(500_000)),
        ("pings", Then::Kept, frame(PING, 0, 0, &[7; 8]).repeat(500_000)),
        ("priorities", Then::Kept, frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 0]).repeat(500_000)),
        ("empty data", Then::Ended, [opened(1), frame(DATA, 0, 1, &[]).repeat(500_000)].concat()),
        (
            "data of one byte, padded",
            Then::Ended,
            [
                opened(1),
                frame(DATA, PADDED, 1, &[&[200, b' '][..], &[0; 200]].concat()).repeat(50_000),
            ]
            .concat(),
        ),
        ("frames of no known kind", Then::Kept, frame(0x42, 0, 0, &[0; 1000]).repeat(50_000)),
    ];
    withstood(&floods).await;
}

/// A request whose headers are 4 KiB once, and then 60,000 times one byte each that means them.
fn bomb(stream: u32) -> Vec<u8> {
    let mut block = block(&headers(&[]));
    block.push(0x40); // literal, indexed
    integer(&mut block, 0, 7, 3);
    block.extend(b"x-a");
    integer(&mut block, 0, 7, 4000);
    block.extend([b'b'; 4000]);
    block.extend([0xbe; 8000]); // the first of the dynamic table
    let mut bytes = frame(HEADERS, 0, stream, &block);
    for last in [false, false, false, true] {
        let flags = if last { END_HEADERS } else { 0 };
        bytes.extend(frame(CONTINUATION, flags, stream, &[0xbe; 13_000]));
    }
    bytes
}

/// One stream more than `limits.streams` is refused unread (REFUSED_STREAM: it may be sent again,
/// RFC 9113 §8.7); those that are open go on, and each that ends makes room.
#[tokio::test]
async fn there_are_no_more_streams_than_there_may_be() {
    join_all(Transport::ALL.map(one_stream_too_many)).await;
}

async fn one_stream_too_many(transport: Transport) {
    const REFUSED_STREAM: u32 = 7;
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).over(transport);
    let gateway = Gateway::start(config.with("limits: { streams: 2 }")).await;
    let mut frames = Frames::connect(&gateway).await;
    for stream in [1, 3] {
        assert!(frames.bytes(&opened(stream)).await);
    }
    for stream in [5, 7] {
        assert!(frames.bytes(&request(stream, &[], &say("attack"))).await);
        let outcome = frames.outcome(stream).await;
        assert_eq!(outcome, Outcome::Reset(REFUSED_STREAM), "{transport:?}");
    }
    // Whoever heeds what it was told (SETTINGS_MAX_CONCURRENT_STREAMS) never comes so far.
    assert_eq!(frames.told(3), Some(2), "{transport:?}");
    for (ended, next) in [(1, 9), (3, 11)] {
        assert!(frames.send(DATA, END_STREAM, ended, &say("clean")).await);
        assert_eq!(frames.outcome(ended).await, Outcome::Status(200), "{transport:?}");
        frames.until_end_of(ended).await;
        assert!(frames.bytes(&request(next, &[], &say("clean"))).await);
        assert_eq!(frames.outcome(next).await, Outcome::Status(200), "{transport:?}");
        frames.until_end_of(next).await;
    }
    assert_eq!(arrived(&simulators[0]), 4, "{transport:?}");
    clean(&gateway, &simulators, "a stream too many").await;
}

/// S-33: callers that open no window, and never read: their requests end, and so does what they hold
/// of the provider's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_33_a_window_that_is_never_opened_holds_nothing_for_ever() {
    join_all(Transport::ALL.map(left_waiting)).await;
}

async fn left_waiting(transport: Transport) {
    let (gateway, simulators) = gateway(transport).await;
    clean(&gateway, &simulators, "nothing").await;
    let before = gateway.memory();
    let mut held = Vec::new();
    for stream in [false, true] {
        let body = body(Provider::OpenAi, GPT, "[[chunks 200 every 100ms]]", stream).to_string();
        let mut frames = Frames::with_settings(&gateway, &[(INITIAL_WINDOW, 0)]).await;
        for nth in 0..40 {
            assert!(frames.bytes(&request(2 * nth + 1, &[], body.as_bytes())).await);
        }
        held.push(frames);
    }
    until("all are in flight", || async {
        gateway.metrics().await.count("egret_requests_in_flight", &[]) == 80
    })
    .await;
    // The event itself: nobody has read a byte, and all of them are over.
    gateway.settled().await;
    let more = gateway.memory().saturating_sub(before);
    assert!(more < SLACK, "{transport:?}: {more} bytes more");
    drop(held);
    let answer = ask(&gateway, Provider::OpenAi, GPT, "clean", false).await;
    assert_eq!(answer.status, 200);
}

/// Callers over HTTP/2 are told of a drain while what is in flight goes on.
#[tokio::test]
async fn a_drain_is_announced_on_h2_and_what_is_in_flight_goes_on() {
    join_all(Transport::ALL.map(drained)).await;
}

async fn drained(transport: Transport) {
    let (mut gateway, _simulators) = gateway(transport).await;
    let text = "[[chunks 20 every 200ms]]";
    let stream = body(Provider::OpenAi, GPT, text, true).to_string().into_bytes();
    let mut frames = Frames::connect(&gateway).await;
    frames.bytes(&request(1, &[], &stream)).await;
    let mut came = Vec::new();
    let mut said = String::new();
    while let Some(frame) = tokio::time::timeout(PATIENCE, frames.next()).await.unwrap() {
        if frame.kind == PING && frame.flags & ACK == 0 {
            frames.send(PING, ACK, 0, &frame.payload).await;
        }
        if frame.kind == DATA {
            if came.is_empty() {
                gateway.signal("TERM");
                came.push("begun");
            }
            said += &String::from_utf8_lossy(&frame.payload);
        }
        if frame.kind == GOAWAY && !came.contains(&"goaway") {
            came.push("goaway");
        }
        if frame.stream == 1 && frame.kind != GOAWAY && frame.flags & END_STREAM != 0 {
            came.push("ended");
        }
    }
    assert_eq!(came, ["begun", "goaway", "ended"], "{transport:?}");
    assert!(said.contains("w19 ") && said.contains("[DONE]"), "{said}");
    assert!(gateway.ended().await.success());
}
