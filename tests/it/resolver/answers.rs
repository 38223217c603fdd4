//! What is made of answers: wrong, forged, garbled, late and in pieces.

use std::sync::Arc;
use std::time::Duration;

use egret::resolve::{Settings, Status};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::RecordType;

use super::{API, Bench, ips, quick};
use crate::support::dns::{NameServer, Reply, address, alias, code, name, records};
use crate::support::dns::{response, silence};
use crate::support::until;

/// Whatever goes wrong, the last addresses stay, and the next good answer is taken.
#[tokio::test]
async fn the_last_addresses_outlive_every_failure() {
    let garbage: Reply = Arc::new(|question, _| {
        let mut packet = response(question).to_vec().unwrap();
        packet.truncate(15);
        vec![packet]
    });
    let looping = records(vec![alias(API, 1, "b.example"), alias("b.example", 1, API)]);
    let foreign: Reply = records(vec![address("other.example", 1, "6.6.6.6")]);
    let dns = NameServer::start().await;
    dns.point(API, 1, &["8.8.8.8"]);
    // Time enough for an answer on a busy machine, and a wait for silence.
    let settings = Settings { timeout: Duration::from_secs(2), ..quick(&dns) };
    let bench = Bench::start(settings, &[(API, false)]);
    for (reply, word) in [
        (code(ResponseCode::NXDomain), "nxdomain"),
        (records(Vec::new()), "no_address"),
        (code(ResponseCode::ServFail), "server_failed"),
        (code(ResponseCode::Refused), "server_failed"),
        (silence(), "timeout"),
        (garbage, "malformed"),
        (looping, "no_address"),
        (foreign, "no_address"),
    ] {
        dns.point(API, 1, &["8.8.8.8"]);
        bench.comes_to(API, &["8.8.8.8"]).await;
        dns.always(API, &reply);
        bench.fails(API, word).await;
        assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]), "{word}");
        assert!(bench.status(API).lookups[word] > 0);
        dns.point(API, 1, &["1.1.1.1"]);
        bench.comes_to(API, &["1.1.1.1"]).await;
        assert_eq!(bench.status(API).failure, None);
    }
}

/// A name without addresses says so at once: who asks can go elsewhere.
#[tokio::test]
async fn a_name_that_fails_from_the_start_is_not_waited_for() {
    let dns = NameServer::start().await;
    let bench = Bench::start(quick(&dns), &[(API, false)]);
    assert_eq!(bench.strict(API).await, ips(&[]));
    bench.fails(API, "nxdomain").await;
    dns.point(API, 1, &["8.8.8.8"]);
    bench.comes_to(API, &["8.8.8.8"]).await;
}

#[tokio::test]
async fn times_to_live_are_held_within_bounds() {
    let dns = NameServer::start().await;
    let names = ["zero.example", "usual.example", "huge.example", "endless.example"];
    for (name, ttl) in names.iter().zip([0, 60, 31_536_000, u32::MAX]) {
        dns.point(name, ttl, &["8.8.8.8"]);
    }
    let settings = Settings {
        min_ttl: Duration::from_secs(30),
        max_ttl: Duration::from_secs(300),
        ..quick(&dns)
    };
    let bench = Bench::start(settings, &names.map(|name| (name, false)));
    for (name, bound) in names.iter().zip([30, 60, 300, 300]) {
        assert_eq!(bench.strict(name).await, ips(&["8.8.8.8"]));
        let Status { fresh, age, .. } = bench.status(name);
        let whole = fresh + age.unwrap();
        // A year does not fit, nor does anything beyond 2^31 seconds (RFC 2181: that is none).
        let expected = Duration::from_secs(bound);
        let none = *name == "endless.example" && whole.as_secs() == 30;
        assert!(whole.abs_diff(expected) < Duration::from_millis(10) || none, "{name}: {whole:?}");
    }
    // Names that nobody waits for are asked for again all the same, before their time is over.
    let dns = NameServer::start().await;
    dns.point(API, 604_800, &["8.8.8.8"]);
    let bench = Bench::start(quick(&dns), &[(API, false)]);
    until("many questions", || async { dns.asked(API) >= 10 }).await;
    assert_eq!(bench.status(API).failures, 0);
}

#[tokio::test]
async fn aliases_are_followed_to_addresses_that_are_vetted() {
    let dns = NameServer::start().await;
    let chain = |end: &str| {
        records(vec![
            alias(API, 1, "a.cdn.example"),
            alias("a.cdn.example", 1, "b.cdn.example"),
            address("b.cdn.example", 1, end),
            address("unasked.example", 1, "6.6.6.6"),
        ])
    };
    dns.say(API, RecordType::A, chain("8.8.8.8"));
    // One answer each.
    dns.say("long.example", RecordType::A, records(vec![alias("long.example", 1, "l1.example")]));
    for n in 1..6 {
        let (from, to) = (format!("l{n}.example"), format!("l{}.example", n + 1));
        dns.say(&from, RecordType::A, records(vec![alias(&from, 1, &to)]));
    }
    dns.point("l6.example", 1, &["1.1.1.1"]);
    dns.say(
        "inside.example",
        RecordType::A,
        records(vec![alias("inside.example", 1, "i.example")]),
    );
    dns.point("i.example", 1, &["192.168.1.1"]);
    dns.say("self.example", RecordType::A, records(vec![alias("self.example", 1, "self.example")]));
    let names = [API, "long.example", "inside.example", "self.example"];
    let bench = Bench::start(quick(&dns), &names.map(|name| (name, false)));
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
    assert_eq!(bench.strict("long.example").await, ips(&["1.1.1.1"]));
    assert_eq!(bench.strict("inside.example").await, ips(&[]));
    assert_eq!(bench.status("inside.example").refused.len(), 1);
    assert_eq!(bench.strict("self.example").await, ips(&[]));
    dns.say(API, RecordType::A, chain("127.0.0.1"));
    bench.fails(API, "refused").await;
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
}

/// An answer that was not asked for is not taken.
#[tokio::test]
async fn forged_answers_are_ignored() {
    let dns = NameServer::start().await;
    let forged: Reply = Arc::new(|question: &Message, _| {
        let mut other_id = response(question);
        other_id.metadata.id = question.metadata.id.wrapping_add(1);
        other_id.add_answer(address(API, 1, "6.6.6.6"));
        let mut other_question = response(question);
        other_question.queries = vec![Query::query(name("evil.example"), RecordType::A)];
        other_question.add_answer(address("evil.example", 1, "6.6.6.7"));
        let mut right = response(question);
        right.add_answer(address(API, 1, "8.8.8.8"));
        let mut packets = vec![vec![], vec![0xff; 7]];
        packets.extend([other_id, other_question, right].iter().map(|it| it.to_vec().unwrap()));
        packets
    });
    dns.say(API, RecordType::A, forged);
    dns.say(API, RecordType::AAAA, records(Vec::new()));
    let bench = Bench::start(quick(&dns), &[(API, false)]);
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
}

/// Whatever bytes come, nothing breaks for the names beside.
#[tokio::test]
async fn garbage_breaks_nothing() {
    const NAMES: usize = 300;
    let dns = NameServer::start().await;
    let names: Vec<String> = (0..NAMES).map(|n| format!("g{n}.example")).collect();
    for (seed, owner) in names.iter().enumerate() {
        let of = owner.clone();
        let garbage: Reply = Arc::new(move |question, _| {
            let mut right = response(question);
            right.add_answer(alias(&of, 1, "b.example"));
            right.add_answer(address("b.example", 1, "8.8.8.8"));
            vec![mangle(right.to_vec().unwrap(), seed as u64)]
        });
        dns.always(owner, &garbage);
    }
    dns.point(API, 1, &["8.8.8.8"]);
    let mut wanted: Vec<(&str, bool)> = names.iter().map(|name| (&**name, false)).collect();
    wanted.push((API, false));
    let settings = Settings { timeout: Duration::from_secs(1), ..quick(&dns) };
    let bench = Bench::start(settings, &wanted);
    for name in &names {
        let found = bench.strict(name).await;
        // Only what is left whole is an answer, or what became another public address.
        assert!(found.len() <= 1, "{name}: {found:?}");
        let lookups = bench.status(name).lookups;
        assert!(lookups.values().sum::<u64>() > 0, "{name} was never looked at");
    }
    bench.comes_to(API, &["8.8.8.8"]).await;
}

/// Changes, cuts or lengthens a packet behind its id, another way for each seed.
fn mangle(mut packet: Vec<u8>, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for _ in 0..=next(6) {
        let at = 2 + next(packet.len() - 2);
        packet[at] = u8::try_from(next(256)).unwrap();
    }
    match next(4) {
        0 => packet.truncate(2 + next(packet.len() - 2)),
        1 => packet.extend((0..next(100)).map(|n| n as u8)),
        _ => {}
    }
    packet
}
