//! Several keys of one backend, and keys that a backend quotes.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;

use crate::support::provider::{arrived, simulate};
use crate::support::speak::{refused, request, send, try_send};
use crate::support::{Answer, Canned, Config, Fault, Gateway, Provider, Running, ask, until};

const FIRST: &str = "sk-canary-first-000000";
const SECOND: &str = "sk-canary-second-00000";
const THIRD: &str = "sk-canary-third-000000";

/// A backend with these keys, each in a file of its own.
fn with_keys(config: Config, name: &str, simulator: &Running, keys: &[&str]) -> Config {
    with_keys_and(config, name, simulator, keys, "")
}

/// The same with more fields, behind a comma.
fn with_keys_and(
    config: Config,
    name: &str,
    simulator: &Running,
    keys: &[&str],
    more: &str,
) -> Config {
    let places = keys.iter().enumerate().map(|(at, key)| {
        let file = config.write(&format!("{name}-{at}.key"), key);
        format!("{{ file: '{}' }}", file.display())
    });
    let keys = places.collect::<Vec<_>>().join(", ");
    let schema = simulator.provider().name();
    let version = if schema == "openai" { "/v1" } else { "" };
    let url = format!("{}{version}", simulator.base_url());
    let more = format!("schema: {schema}{more}");
    config.backend_shown(name, &url, &more, &format!("{{ keys: [{keys}] }}"))
}

/// The keys that arrived, in order.
fn keys_at(simulator: &Running) -> Vec<String> {
    let arrivals = simulator.journal().read();
    let key = |headers: &http::HeaderMap| {
        let value = headers.get("authorization").or_else(|| headers.get("x-api-key"))?;
        Some(value.to_str().unwrap().trim_start_matches("Bearer ").to_owned())
    };
    arrivals.iter().filter_map(|arrival| key(&arrival.headers)).collect()
}

async fn one(gateway: &Gateway) -> Answer {
    ask(gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await
}

#[tokio::test]
async fn a_key_that_is_refused_rests_and_the_next_one_serves_the_same_attempt() {
    let openai = simulate(Provider::OpenAi, FIRST).await;
    openai.accepted().add(SECOND);
    openai.accepted().add(THIRD);
    openai.accepted().remove(FIRST);
    let config = with_keys(Config::new(), "openai", &openai, &[FIRST, SECOND, THIRD])
        .route("models: ['*'], backends: [openai]")
        .with("budgets: [{ name: day, per: total, limit: 10 USD, window: day }]");
    let gateway = Gateway::start(config).await;

    assert_eq!(one(&gateway).await.status, 200);
    assert_eq!(keys_at(&openai), [FIRST, SECOND], "a 401 leads to the next key");
    openai.journal().clear();
    assert_eq!(one(&gateway).await.status, 200);
    assert_eq!(keys_at(&openai), [SECOND], "the first rests");
    openai.journal().clear();
    openai.script().next_n(1, [Fault::Status(429), Fault::RetryAfter(200)]);
    assert_eq!(one(&gateway).await.status, 200);
    assert_eq!(keys_at(&openai), [SECOND, THIRD], "a 429 does, too");
    openai.journal().clear();

    // What nobody takes is sent once for each key at most, and ends with the operator's error.
    openai.accepted().remove(THIRD);
    let message = refused(Provider::OpenAi, &one(&gateway).await, 500);
    assert!(message.contains("did not accept the gateway's credential"), "{message}");
    assert!(arrived(&openai) <= 3, "{:?}", keys_at(&openai));

    // The whole time the backend counts as well: none of this was its failure.
    for key in [FIRST, SECOND, THIRD] {
        openai.accepted().add(key);
    }
    assert_eq!(one(&gateway).await.status, 200);
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_ejections_total", &[]), 0);
    assert!(metrics.count("egret_key_rests_total", &["reason=\"unaccepted\""]) >= 2);
    assert_eq!(metrics.count("egret_key_rests_total", &["reason=\"limited\""]), 1);
    assert_eq!(openai.bill().total().requests, 4, "what was refused is not billed");
    let output = gateway.output();
    assert!(!output.contains("canary"), "{output}");
}

#[tokio::test]
async fn a_mistake_of_the_callers_is_not_tried_with_another_key() {
    let openai = simulate(Provider::OpenAi, FIRST).await;
    openai.accepted().add(SECOND);
    let config = with_keys(Config::new(), "openai", &openai, &[FIRST, SECOND])
        .route("models: ['*'], backends: [openai]");
    let gateway = Gateway::start(config).await;
    openai.script().next_n(1, [Fault::Status(400)]);
    assert_eq!(one(&gateway).await.status, 400);
    openai.script().next_n(1, [Fault::Status(500)]);
    assert_eq!(one(&gateway).await.status, 500);
    assert_eq!(one(&gateway).await.status, 200);
    assert_eq!(keys_at(&openai), [FIRST, FIRST, FIRST]);
}

/// S-11: however keys rotate and attempts fail over, each arrives only where it belongs.
#[tokio::test]
async fn s_11_no_key_of_several_arrives_at_another_backend() {
    let (openai, claude) =
        (simulate(Provider::OpenAi, FIRST).await, simulate(Provider::Claude, THIRD).await);
    openai.accepted().add(SECOND);
    let spare = "sk-canary-spare-000000";
    claude.accepted().add(spare);
    let config = with_keys(Config::new(), "openai", &openai, &[FIRST, SECOND]);
    let config = with_keys(config, "claude", &claude, &[THIRD, spare]).route(
        "models: [both], backends: [{ backend: openai, model: gpt-4o-mini }, \
         { backend: claude, model: claude-haiku-4-5 }]",
    );
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for stream in [false, true] {
            openai.script().next_n(2, [Fault::Status(429), Fault::RetryAfter(0)]);
            if claude.journal().read().is_empty() {
                claude.script().next_n(1, [Fault::Status(401)]);
            }
            let answer = ask(&gateway, surface, "both", "x", stream).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }
    let (at_openai, at_claude) = (keys_at(&openai), keys_at(&claude));
    assert!(at_openai.iter().all(|key| [FIRST, SECOND].contains(&key.as_str())), "{at_openai:?}");
    assert!(at_claude.iter().all(|key| [THIRD, spare].contains(&key.as_str())), "{at_claude:?}");
    assert!(at_openai.contains(&SECOND.to_owned()) && at_claude.contains(&spare.to_owned()));
}

/// Leaves a call when so many requests have come of it.
async fn leave(gateway: &Gateway, openai: &Running, text: &str, requests: usize) -> u64 {
    let asked = request(&gateway.client, gateway, Provider::OpenAi, "gpt-4o-mini", text, false);
    let asked = tokio::spawn(asked.send());
    until("the request arrives", || async { arrived(openai) >= requests }).await;
    asked.abort();
    gateway.settled().await.spent_nanos("money")
}

/// Who leaves pays for what is under way, and not for what a key was refused for.
#[tokio::test]
async fn a_caller_that_leaves_is_charged_for_the_key_that_was_not_refused() {
    let policies =
        [(", on_disconnect: estimate", true), (", on_disconnect: { drain: 60s }", false)];
    for (policy, pays) in policies {
        for refused in [false, true] {
            let openai = simulate(Provider::OpenAi, FIRST).await;
            openai.accepted().add(SECOND);
            let config = with_keys_and(Config::new(), "openai", &openai, &[FIRST, SECOND], policy)
                .route("models: ['*'], backends: [openai]")
                .with("budgets: [{ name: money, per: total, limit: 10 USD, window: day }]");
            let gateway = Gateway::start(config).await;
            if refused {
                // The answer to the second is awaited.
                openai.script().next_n(1, [Fault::Status(429)]);
                let spent = leave(&gateway, &openai, "[[delay 3000ms]]", 2).await;
                assert!(spent > 0, "{policy}");
                assert_eq!(keys_at(&openai), [FIRST, SECOND], "{policy}");
            } else {
                // Nobody is left for whom the second could be used.
                let text = "[[delay 3000ms]] [[status 429]]";
                let spent = leave(&gateway, &openai, text, 1).await;
                assert_eq!(spent > 0, pays, "{policy}: {spent}");
                assert_eq!(keys_at(&openai), [FIRST], "{policy}");
            }
        }
    }
}

#[tokio::test]
async fn a_path_that_is_passed_on_unread_has_the_next_key_too() {
    let openai = simulate(Provider::OpenAi, SECOND).await;
    let config = with_keys(Config::new(), "openai", &openai, &[FIRST, SECOND])
        .route("name: files, backends: [openai], paths: ['/v1/files']");
    let gateway = Gateway::start(config).await;
    let answer = send(gateway.client.get(gateway.url("/v1/files"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(keys_at(&openai), [FIRST, SECOND]);
}

/// Another gateway has tried all its own keys: what is too much for it is so with each of ours, on
/// paths that are read and on those that are not. One that does not know who asks is asked again.
#[tokio::test]
async fn a_parent_that_is_asked_too_often_is_not_asked_with_another_key() {
    for (refusal, status, keys) in [(429, 429, &[FIRST][..]), (401, 200, &[FIRST, SECOND])] {
        for read in [true, false] {
            let openai = simulate(Provider::OpenAi, FIRST).await;
            openai.accepted().add(SECOND);
            let more = ", mode: parent";
            let config = with_keys_and(Config::new(), "above", &openai, &[FIRST, SECOND], more)
                .route("models: ['*'], backends: [above]")
                .route("name: files, backends: [above], paths: ['/v1/files']");
            let gateway = Gateway::start(config).await;
            openai.script().next_n(1, [Fault::Status(refusal)]);
            let answer = if read {
                one(&gateway).await
            } else {
                send(gateway.client.get(gateway.url("/v1/files"))).await
            };
            assert_eq!(answer.status, status, "{refusal}, read: {read}: {}", answer.text);
            assert_eq!(keys_at(&openai), keys, "{refusal}, read: {read}");
        }
    }
}

fn canned(kind: &str, pieces: &[&str]) -> Fault {
    Fault::Canned(Canned {
        status: 200,
        headers: vec![
            ("content-type".into(), kind.into()),
            ("x-request-id".into(), format!("req-{FIRST}")),
        ],
        body: pieces.iter().map(|piece| Bytes::copy_from_slice(piece.as_bytes())).collect(),
    })
}

fn chunk(text: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\
         \"model\":\"gpt-4o-mini\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\
         \"finish_reason\":null}}]}}\n\n"
    )
}

/// S-09, S-37: whatever a provider quotes of the key it was shown, no caller sees it: in a whole
/// answer, in a stream however it is cut, in an error in the middle of one, in a header.
#[tokio::test]
async fn s_37_no_answer_quotes_the_key() {
    let openai = simulate(Provider::OpenAi, FIRST).await;
    let config =
        Config::serving(&[&openai]).route("name: files, backends: [openai], paths: ['/v1/files']");
    let gateway = Gateway::start(config).await;
    let whole = format!(
        "{{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"gpt-4o-mini\",\
         \"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":\"{FIRST}\"}},\
         \"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":1,\"completion_tokens\":1,\
         \"total_tokens\":2}}}}"
    );
    let stream = chunk("hello") + &chunk(&format!("key {FIRST}")) + "data: [DONE]\n\n";
    let at = stream.find(FIRST).unwrap() + 7;
    let broken = chunk("hello")
        + &format!("data: {{\"error\":{{\"message\":\"bad key {FIRST}\",\"type\":\"x\"}}}}\n\n");
    let error_at = broken.find(FIRST).unwrap() + 3;
    let cases: [(bool, Fault, &str); 5] = [
        (false, canned("application/json", &[&whole]), "application/json"),
        (true, canned("text/event-stream", &[&stream]), "whole"),
        (true, canned("text/event-stream", &[&stream[..at], &stream[at..]]), "cut"),
        (true, canned("text/event-stream", &[&broken]), "error"),
        (
            true,
            canned("text/event-stream", &[&broken[..error_at], &broken[error_at..]]),
            "error, cut",
        ),
    ];
    for surface in Provider::ALL {
        for (streamed, fault, case) in &cases {
            openai.script().next_n(1, [fault.clone()]);
            let answer = ask(&gateway, surface, "gpt-4o-mini", "x", *streamed).await;
            let seen = format!("{:?} {}", answer.headers, answer.text);
            assert!(!seen.contains("canary"), "{} {case}: {seen}", surface.name());
            assert!(seen.contains("[redacted]"), "{} {case}: {seen}", surface.name());
        }
    }
    // Unread, with a length that was told before.
    openai.script().next_n(1, [canned("application/json", &[&whole[..20], &whole[20..]])]);
    let answer = send(gateway.client.get(gateway.url("/v1/files"))).await;
    assert_eq!((answer.status, answer.text.len()), (200, whole.len()));
    assert!(!format!("{:?}{}", answer.headers, answer.text).contains("canary"), "{}", answer.text);
    // Unread, and compressed though nobody asked for that: what is in there nobody can see.
    for encoding in ["gzip", "br", "x-unknown"] {
        let mut fault = canned("application/json", &["compressed ", FIRST]);
        if let Fault::Canned(canned) = &mut fault {
            canned.headers.push(("content-encoding".into(), encoding.into()));
        }
        openai.script().next_n(1, [fault]);
        let answer = send(gateway.client.get(gateway.url("/v1/files"))).await;
        assert!(answer.status >= 500, "{encoding}: {} {}", answer.status, answer.text);
        assert!(answer.text.contains("encoding"), "{encoding}: {}", answer.text);
        let answer = send(gateway.client.get(gateway.url("/v1/files"))).await;
        assert_eq!(answer.status, 200, "{encoding}: {}", answer.text);
    }
    // A clean answer is the provider's own, byte by byte, and its header comes back.
    let clean = whole.replace(FIRST, "sk-canary-firs");
    openai.script().next_n(
        1,
        [Fault::Canned(Canned {
            status: 200,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("x-request-id".into(), "req-1".into()),
            ],
            body: vec![Bytes::from(clean.clone())],
        })],
    );
    let call = request(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", "x", false);
    let answer = send(call).await;
    assert_eq!((answer.text, answer.headers["x-request-id"].to_str().unwrap()), (clean, "req-1"));
}

/// S-39: while the files of several keys change under load, every request carries one whole key
/// that there was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_39_each_of_several_keys_is_rotated_whole() {
    const ROUNDS: usize = 12;
    let openai = simulate(Provider::OpenAi, FIRST).await;
    let config = with_keys(Config::new(), "openai", &openai, &[FIRST, SECOND])
        .route("models: ['*'], backends: [openai]");
    let gateway = Gateway::start(config).await;
    assert_eq!(one(&gateway).await.status, 200);
    // Each of another letter and length, so that none is a part of another.
    let letters = "abcdefghijklmnopqrstuvwxyz";
    let keys: Vec<String> = (0..ROUNDS)
        .map(|n| format!("sk-canary-{n:02}-{}", letters[n..=n].repeat(40 + n * 30)))
        .collect();
    let stop = AtomicBool::new(false);
    let served = AtomicUsize::new(0);
    let worker = || async {
        while !stop.load(Ordering::Relaxed) {
            let call =
                request(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", "x", false);
            let answer = try_send(call).await.unwrap();
            // Between two keys there may be none that is accepted.
            assert!(matches!(answer.status, 200 | 500), "{}", answer.text);
            served.fetch_add(usize::from(answer.status == 200), Ordering::Relaxed);
        }
    };
    let load = async { tokio::join!(worker(), worker(), worker(), worker()) };
    let rotate = async {
        let seen = RefCell::new(BTreeSet::new());
        let mut accepted = FIRST.to_owned();
        for (round, key) in keys.iter().enumerate() {
            // Now one file, now the other; its key is the only one that the provider takes.
            openai.accepted().add(key);
            openai.accepted().remove(&accepted);
            accepted.clone_from(key);
            gateway.config.write(&format!("openai-{}.key", round % 2), key);
            let before = served.load(Ordering::Relaxed);
            crate::support::until("the new key serves", || async {
                seen.borrow_mut().extend(keys_at(&openai));
                // Four may have been on their way with the last one.
                served.load(Ordering::Relaxed) > before + 4
            })
            .await;
            seen.borrow_mut().extend(keys_at(&openai));
            openai.journal().clear();
        }
        stop.store(true, Ordering::Relaxed);
        seen.into_inner()
    };
    let (_, seen) = tokio::join!(load, rotate);
    let whole: BTreeSet<String> =
        keys.iter().cloned().chain([FIRST.to_owned(), SECOND.to_owned()]).collect();
    let halves: Vec<&String> = seen.difference(&whole).collect();
    assert!(halves.is_empty(), "what nobody wrote whole: {halves:?}");
    assert!(keys.iter().all(|key| seen.contains(key)), "{seen:?}");
    assert_eq!(one(&gateway).await.status, 200);
}
