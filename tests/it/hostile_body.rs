//! Bodies that are meant to be read in two ways, or not at all.

use std::io::Write;

use bytes::Bytes;
use egret::simulator::Canned;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::provider::{all, arrived, model};
use crate::support::speak::{self, error, path, refused, said, send};
use crate::support::{Config, Fault, Gateway, Provider, Running, ask};

async fn gateway() -> (Gateway, [Running; 3]) {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).caller(
        "some",
        "key",
        "models: [gpt-4o-mini, claude-haiku-4-5, gemini-2.5-flash]",
    );
    (Gateway::start(config).await, simulators)
}

async fn post(
    gateway: &Gateway,
    surface: Provider,
    body: impl Into<reqwest::Body>,
) -> crate::support::Answer {
    let url = gateway.url(&path(surface, model(surface), false));
    let post = gateway.client.post(url).header("x-api-key", "key");
    send(post.header("content-type", "application/json").body(body)).await
}

/// S-12, S-49: each is refused with a 400 in the schema, and nothing of it arrives.
#[tokio::test]
async fn s_12_bodies_that_two_readers_could_read_in_two_ways_are_refused() {
    let (gateway, simulators) = gateway().await;
    let turn = |surface: Provider| match surface {
        Provider::OpenAi => r#""messages":[{"role":"user","content":"x"}]"#,
        Provider::Claude => r#""max_tokens":9,"messages":[{"role":"user","content":"x"}]"#,
        Provider::Gemini => r#""contents":[{"parts":[{"text":"x"}]}]"#,
    };
    for surface in Provider::ALL {
        let turn = turn(surface);
        let name = model(surface);
        let mut bodies = vec![
            String::new(),
            "null".to_owned(),
            "[]".to_owned(),
            "\"text\"".to_owned(),
            "{".to_owned(),
            format!("{{{turn},\"model\":\"{name}\"}} trailing"),
            format!("{{{turn},\"model\":\"{name}\"}}{{}}"),
            format!("{{{turn},\"model\":\"{name}\",}}"),
            format!("{{{turn} \"model\":\"{name}\"}}"),
            format!("\u{feff}{{{turn},\"model\":\"{name}\"}}"),
            format!("{{{turn},\"model\":\"{name}\",\"x\":01}}"),
            format!("{{{turn},\"model\":\"{name}\",\"x\":NaN}}"),
            format!("{{{turn},\"model\":\"{name}\",\"x\":\"\u{1}\"}}"),
            format!("{{{turn},\"model\":\"{name}\",\"x\":\"\\x41\"}}"),
            format!("{{{turn},\"model\":\"{name}\",'x':1}}"),
            format!("{{{turn},\"model\":\"{name}\" /* comment */}}"),
        ];
        if surface != Provider::Gemini {
            bodies.extend([
                format!("{{{turn}}}"),
                format!("{{\"model\":7,{turn}}}"),
                format!("{{\"model\":null,{turn}}}"),
                format!("{{\"model\":[\"{name}\"],{turn}}}"),
                format!("{{\"model\":\"{name}\",\"model\":\"gpt-5.4\",{turn}}}"),
                format!("{{\"model\":\"gpt-5.4\",\"model\":\"{name}\",{turn}}}"),
                format!("{{\"model\":\"{name}\",\"Model\":\"gpt-5.4\",{turn}}}"),
                format!("{{\"model\":\"{name}\",\"MODEL\":\"gpt-5.4\",{turn}}}"),
                format!("{{\"model\":\"{name}\",\"\\u006dodel\":\"gpt-5.4\",{turn}}}"),
                format!("{{\"\\u006dodel\":\"gpt-5.4\",\"model\":\"{name}\",{turn}}}"),
                format!("{{\"model\":\"{name}\",\"model\\u0000\":\"gpt-5.4\",{turn}}}"),
                format!("{{\"model\":\"{name}\",\"stream\":false,\"stream\":true,{turn}}}"),
                format!("{{\"model\":\"{name}\",\"stream\":\"yes\",{turn}}}"),
                format!("{{\"model\":\"{name}\",\"stream\":1,{turn}}}"),
                format!("{{\"model\":\"{name}\",\"max_tokens\":1,\"max_tokens\":999999,{turn}}}"),
                format!("{{\"model\":\"{name}\",\"Max_Tokens\":999999,{turn}}}"),
                format!("{{\"model\":\"{name}\",\"messages\":7}}"),
                format!("{{\"model\":\"{name}\",{turn},\"messages\":[]}}"),
            ]);
        } else {
            bodies.extend([
                format!("{{{turn},\"generationConfig\":{{\"maxOutputTokens\":1}},\"generation_config\":{{\"maxOutputTokens\":999999}}}}"),
                format!("{{{turn},\"generationConfig\":7}}"),
                format!("{{{turn},\"contents\":[]}}"),
                "{\"contents\":7}".to_owned(),
            ]);
        }
        for body in bodies {
            let answer = post(&gateway, surface, body.clone()).await;
            assert!(
                matches!(answer.status, 400 | 403),
                "{}: {body}: {} {}",
                surface.name(),
                answer.status,
                answer.text
            );
            assert!(error(surface, &answer.json()).is_some(), "{body}: {}", answer.text);
        }
        let counts: usize = simulators.iter().map(arrived).sum();
        // What is the provider's to refuse (an odd `messages`, say) may have been passed on; a
        // model that the caller may not use never was.
        for arrival in simulators.iter().flat_map(|simulator| simulator.journal().read()) {
            let body = String::from_utf8_lossy(&arrival.body);
            assert!(!body.contains("gpt-5.4") && !body.contains("999999"), "{body}");
        }
        let clean = speak::body(surface, model(surface), "clean", false).to_string();
        assert_eq!(post(&gateway, surface, clean).await.status, 200);
        assert_eq!(simulators.iter().map(arrived).sum::<usize>(), counts + 1);
    }
}

/// S-49: depth, width and length that would hurt a careless reader.
#[tokio::test]
async fn s_49_bombs_are_refused_or_carried_and_hurt_nobody() {
    let (gateway, _simulators) = gateway().await;
    let million = 1_000_000;
    let keys: String = (0..200_000).map(|n| format!("\"k{n}\":{n},")).collect();
    let bombs = [
        ("[".repeat(million), true),
        ("{\"a\":".repeat(million / 4), true),
        (format!("{}{}", "[".repeat(million), "]".repeat(million)), true),
        (format!("{{\"model\":\"gpt-4o-mini\",\"messages\":{}{}}}", "[".repeat(million), "]".repeat(million)), true),
        (format!("{{\"model\":\"gpt-4o-mini\",\"metadata\":{}1{}}}", "{\"a\":".repeat(million / 4), "}".repeat(million / 4)), true),
        (format!("{{{keys}\"model\":\"gpt-4o-mini\"}}"), false),
        (format!("{{\"model\":\"gpt-4o-mini\",\"x\":{}}}", "9".repeat(million)), false),
        (format!("{{\"model\":\"{}\"}}", "m".repeat(10 * million)), false),
        (format!("{{\"model\":\"gpt-4o-mini\",\"x\":1e{}}}", "9".repeat(1000)), false),
        ("{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}".to_owned(), false),
    ];
    for surface in Provider::ALL {
        for (bomb, deep) in &bombs {
            let answer = post(&gateway, surface, bomb.clone()).await;
            let start = &bomb[..bomb.len().min(60)];
            // What a schema has no word for may be the provider's to refuse.
            assert!((400..500).contains(&answer.status), "{start}: {}", answer.status);
            assert!(error(surface, &answer.json()).is_some(), "{start}: {}", answer.text);
            assert!(!deep || answer.status == 400, "{start}: {}", answer.status);
        }
        let invalid =
            [&b"{\"model\":\"gpt-4o-mini\",\"x\":\"\xff\xfe\"}"[..], &[0; 64], &[0xff; 64]];
        for bytes in invalid {
            let answer = post(&gateway, surface, Bytes::copy_from_slice(bytes)).await;
            refused(surface, &answer, 400);
        }
        let clean = speak::body(surface, model(surface), "clean", false).to_string();
        assert_eq!(post(&gateway, surface, clean).await.status, 200);
    }
}

/// Numbers go through a schema of their own as they were spelled.
#[tokio::test]
async fn numbers_keep_their_spelling() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let body = r#"{"model":"gpt-4o-mini","temperature":1.000,"seed":1234567890123456789,"top_p":5E-1,
                   "max_completion_tokens":16,"messages":[{"role":"user","content":"\u0041\/é"}]}"#;
    let post = gateway.client.post(gateway.url("/v1/chat/completions"));
    let answer = send(post.body(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(simulators[0].journal().last().unwrap().body, body);
}

fn gzip(bytes: &[u8], times: usize) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..times {
        encoder.write_all(bytes).unwrap();
    }
    encoder.finish().unwrap().into()
}

/// S-48: answers may be compressed; they may not be bombs. Requests may not be either.
#[tokio::test]
async fn s_48_a_compressed_answer_is_read_and_a_bomb_is_not() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        for surface in Provider::ALL {
            simulator.script().next_n(1, [Fault::Gzip]);
            let answer = ask(&gateway, surface, model(provider), "small", false).await;
            let text = said(surface, &answer, false);
            assert_eq!(text, Some(format!("{} here: small", model(provider))), "{}", answer.text);
            assert_eq!(answer.header("content-encoding"), None);

            for (encoding, body) in [
                ("gzip", gzip(&[b' '; 1 << 20], 200)),
                ("gzip", gzip(&gzip(&[b' '; 1 << 20], 100), 1)),
                ("br", Bytes::from_static(b"\x0b\x02\x80{}\x03")),
                ("gzip", Bytes::from_static(b"\x1f\x8b\x08\x00 broken")),
                ("gzip, gzip", gzip(b"{}", 1)),
            ] {
                let canned = Canned {
                    status: 200,
                    headers: vec![
                        ("content-type".to_owned(), "application/json".to_owned()),
                        ("content-encoding".to_owned(), encoding.to_owned()),
                    ],
                    body: vec![body],
                };
                simulator.script().next_n(1, [Fault::Canned(canned)]);
                let answer = ask(&gateway, surface, model(provider), "x", false).await;
                assert!(answer.status >= 500, "{encoding}: {}", answer.status);
                assert!(error(surface, &answer.json()).is_some(), "{}", answer.text);
                assert_eq!(ask(&gateway, surface, model(provider), "x", false).await.status, 200);
            }
        }
    }
    let before = arrived(&simulators[0]);
    let body = speak::body(Provider::OpenAi, "gpt-4o-mini", "x", false).to_string();
    let post = gateway.client.post(gateway.url("/v1/chat/completions"));
    let post = post.header("content-encoding", "gzip").body(gzip(body.as_bytes(), 1));
    refused(Provider::OpenAi, &send(post).await, 400);
    assert_eq!(arrived(&simulators[0]), before);
}

/// What a backend's schema cannot carry is said, by name, and never dropped in silence.
#[tokio::test]
async fn what_cannot_be_carried_is_said() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let body = r#"{"model":"claude-haiku-4-5","seed":7,"presence_penalty":0.5,"logit_bias":{"1":2},
                   "max_completion_tokens":16,"messages":[{"role":"user","content":"x"}]}"#;
    let post = gateway.client.post(gateway.url("/v1/chat/completions"));
    let answer = send(post.body(body)).await;
    let told = format!("{} {}", answer.header("x-egret-dropped").unwrap_or_default(), answer.text);
    for field in ["seed", "presence_penalty", "logit_bias"] {
        assert!(told.contains(field) || answer.status == 400, "{field}: {told}");
    }
    if answer.status == 200 {
        let metrics = gateway.metrics().await;
        assert!(metrics.count("egret_dropped_fields_total", &["target=\"claude\""]) >= 3);
        let sent: Value =
            serde_json::from_slice(&simulators[1].journal().last().unwrap().body).unwrap();
        assert!(sent.get("seed").is_none(), "{sent}");
    }
}
