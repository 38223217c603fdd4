//! Bodies that are meant to be read in two ways, or not at all.

use std::io::Write;

use bytes::Bytes;
use egret::simulator::Canned;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::endpoint::{self, Endpoint};
use crate::support::provider::{all, arrived, model};
use crate::support::speak::{self, error, refused, said, send};
use crate::support::{Config, Fake, Fault, Gateway, Provider, Running, Said, ask};

/// A gateway whose caller may use the models of the table of endpoints, and no others.
async fn gateway() -> (Gateway, [Running; 3]) {
    let simulators = all().await;
    let models = endpoint::models();
    let config =
        endpoint::serving(&simulators).caller("some", "key", &format!("models: [{models}]"));
    (Gateway::start(config).await, simulators)
}

/// What two readers could take for different things, in this endpoint's words.
fn ambiguous(endpoint: &Endpoint) -> Vec<String> {
    let (turn, name) = (endpoint.members(), endpoint.model);
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
        format!("{{\"model\":7,{turn}}}"),
        format!("{{\"model\":[\"{name}\"],{turn}}}"),
        format!("{{\"model\":\"{name}\",\"model\":\"gpt-5.4\",{turn}}}"),
        format!("{{\"model\":\"gpt-5.4\",\"model\":\"{name}\",{turn}}}"),
        format!("{{\"model\":\"{name}\",\"Model\":\"gpt-5.4\",{turn}}}"),
        format!("{{\"model\":\"{name}\",\"MODEL\":\"gpt-5.4\",{turn}}}"),
        format!("{{\"model\":\"{name}\",\"\\u006dodel\":\"gpt-5.4\",{turn}}}"),
        format!("{{\"\\u006dodel\":\"gpt-5.4\",\"model\":\"{name}\",{turn}}}"),
        format!("{{\"model\":\"{name}\",\"model\\u0000\":\"gpt-5.4\",{turn}}}"),
        format!("{{\"model\":\"{name}\",\"\u{feff}model\":\"gpt-5.4\",{turn}}}"),
        format!("{{\"model\":\"{name}\",{turn},{turn}}}"),
    ];
    if endpoint.names_model() {
        bodies.extend([
            format!("{{{turn}}}"),
            format!("{{\"model\":null,{turn}}}"),
            format!("{{\"model\":\"{name}\",\"stream\":false,\"stream\":true,{turn}}}"),
            format!("{{\"model\":\"{name}\",\"stream\":\"yes\",{turn}}}"),
            format!("{{\"model\":\"{name}\",\"stream\":1,{turn}}}"),
            format!("{{\"model\":\"{name}\",\"messages\":7,\"input\":{{\"x\":7}}}}"),
        ]);
    } else {
        let two = "\"generationConfig\":{\"maxOutputTokens\":1},\"generation_config\":{\"maxOutputTokens\":999999}";
        bodies.extend([
            format!("{{{turn},{two}}}"),
            format!("{{{turn},\"generationConfig\":7}}"),
            "{\"contents\":7,\"content\":7,\"requests\":7}".to_owned(),
        ]);
    }
    let path = endpoint.path("");
    let limits: &[&str] = match &*path {
        "/v1/chat/completions" => &["max_tokens", "max_completion_tokens", "n"],
        "/v1/responses" => &["max_output_tokens"],
        _ => &[],
    };
    for limit in limits {
        let twice = format!("\"{limit}\":1,\"{limit}\":999999");
        let capital = format!("\"{}\":999999", limit.to_uppercase());
        let escaped = format!("\"\\u00{:x}{}\":999999", limit.as_bytes()[0], &limit[1..]);
        let more = [twice, capital, escaped];
        bodies.extend(more.map(|more| format!("{{\"model\":\"{name}\",{turn},{more}}}")));
    }
    if path.ends_with("batchEmbedContents") {
        let content = "\"content\":{\"parts\":[{\"text\":\"x\"}]}";
        let one = format!("{{\"model\":\"models/{name}\",{content}}}");
        bodies.extend([
            format!("{{\"requests\":[{one},{{\"model\":\"models/gpt-5.4\",{content}}}]}}"),
            format!("{{\"requests\":[{{\"model\":\"models/{name}\",\"model\":\"models/gpt-5.4\",{content}}}]}}"),
            format!("{{\"requests\":[{{\"model\":\"models/{name}\",\"Model\":\"models/gpt-5.4\",{content}}}]}}"),
            format!("{{\"requests\":[{one}],\"Requests\":[{{\"model\":\"models/gpt-5.4\",{content}}}]}}"),
            format!("{{\"requests\":[{one}],\"r\\u0065quests\":[{{\"model\":\"models/gpt-5.4\",{content}}}]}}"),
        ]);
    }
    bodies
}

/// S-12, S-49: each is refused with a 400 in the schema, and nothing of it arrives.
#[tokio::test]
async fn s_12_bodies_that_two_readers_could_read_in_two_ways_are_refused() {
    let (gateway, simulators) = gateway().await;
    for endpoint in &endpoint::ALL {
        let path = endpoint.path(endpoint.model);
        for body in ambiguous(endpoint) {
            let answer = endpoint.ask(&gateway, "key", body.clone()).await;
            let refused = matches!(answer.status, 400 | 403);
            assert!(refused, "{path}: {body}: {} {}", answer.status, answer.text);
            let shaped = error(endpoint.surface, &answer.json());
            assert!(shaped.is_some(), "{path}: {body}: {}", answer.text);
        }
        // What is the provider's to refuse (an odd `messages`, say) may have been passed on; a
        // model that the caller may not use never was.
        for arrival in simulators.iter().flat_map(|simulator| simulator.journal().read()) {
            let body = String::from_utf8_lossy(&arrival.body);
            assert!(!body.contains("gpt-5.4") && !body.contains("999999"), "{path}: {body}");
        }
        let before: usize = simulators.iter().map(arrived).sum();
        endpoint.clean(&gateway, "key").await;
        assert_eq!(simulators.iter().map(arrived).sum::<usize>(), before + 1);
    }
}

/// A body, made for an endpoint.
type Bomb<'a> = Box<dyn Fn(&Endpoint) -> String + 'a>;

/// S-49: depth, width and length that would hurt a careless reader.
#[tokio::test]
async fn s_49_bombs_are_refused_or_carried_and_hurt_nobody() {
    let (gateway, _simulators) = gateway().await;
    let million = 1_000_000;
    let keys: String = (0..million).map(|n| format!("\"k{n}\":{n},")).collect();
    let (open, closed) = ("{\"a\":".repeat(million / 4), "}".repeat(million / 4));
    let (lists, ends) = ("[".repeat(million), "]".repeat(million));
    let bombs: [(Bomb<'_>, bool); 10] = [
        (Box::new(|_| lists.clone()), true),
        (Box::new(|_| open.clone()), true),
        (Box::new(|_| format!("{lists}{ends}")), true),
        (Box::new(|of| of.body(of.model, &format!(",\"x\":{lists}{ends}"))), true),
        (Box::new(|of| of.body(of.model, &format!(",\"metadata\":{open}1{closed}"))), true),
        (Box::new(|of| format!("{{{keys}{}", &of.body(of.model, "")[1..])), true),
        (Box::new(|of| of.body(of.model, &format!(",\"x\":{}", "9".repeat(million)))), false),
        (Box::new(|of| of.body(&"m".repeat(million), ",\"x\":1")), false),
        (
            Box::new(|of| of.body(of.model, &format!(",\"x\":\"{}\"", "s".repeat(10 * million)))),
            false,
        ),
        (Box::new(|of| of.body(of.model, ",\"x\":\"\\ud800\"")), false),
    ];
    for endpoint in &endpoint::ALL {
        let path = endpoint.path(endpoint.model);
        for (bomb, refused) in &bombs {
            let body = bomb(endpoint);
            // What is passed over without being looked at is passed over everywhere alike.
            if body.len() > 5 * million && !endpoint.is_turn {
                continue;
            }
            let start = body[..body.len().min(60)].to_owned();
            let answer = endpoint.ask(&gateway, "key", body).await;
            // What a schema has no word for may be the provider's to refuse.
            assert!((400..500).contains(&answer.status), "{path}: {start}: {}", answer.status);
            let shaped = error(endpoint.surface, &answer.json());
            assert!(shaped.is_some(), "{path}: {start}: {}", answer.text);
            assert!(!refused || answer.status == 400, "{path}: {start}: {}", answer.status);
        }
        for bytes in [&b"{\"x\":\"\xff\xfe\"}"[..], &[0; 64], &[0xff; 64]] {
            let answer = endpoint.ask(&gateway, "key", Bytes::copy_from_slice(bytes)).await;
            refused(endpoint.surface, &answer, 400);
        }
        endpoint.clean(&gateway, "key").await;
    }
}

/// S-49: what is odd and yet JSON goes to a provider of the caller's own schema as it was spelled,
/// to the last byte.
#[tokio::test]
async fn s_49_what_is_carried_is_carried_byte_for_byte() {
    let simulators = all().await;
    let error = r#"{"type":"error","error":{"type":"invalid_request_error","code":400,
        "status":"INVALID_ARGUMENT","message":"I know no x"}}"#;
    let provider = Fake::start(move |_| Said::new(400, error)).await;
    let config = Provider::ALL.into_iter().fold(endpoint::serving(&simulators), |config, of| {
        let (name, root) = (of.name(), if of == Provider::OpenAi { "/v1" } else { "" });
        let fields = [
            format!("schema: {name}"),
            format!("url: '{}'", provider.url(root)),
            "credential: none, plaintext: allowed".to_owned(),
            if of == Provider::OpenAi { "api: both" } else { "" }.to_owned(),
        ];
        let route = format!("models: [{name}-odd], backends: [{name}-odd]");
        config.backend_of(&format!("{name}-odd"), &fields).route(&route)
    });
    let gateway = Gateway::start(config).await;
    let keys: Vec<String> = (0..1_000_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let odd = [
        "-0".to_owned(),
        "-0.0e-0".to_owned(),
        "123456789012345678901234567890".to_owned(),
        "-123456789012345678901234567890.5".to_owned(),
        "1e999".to_owned(),
        "1E-999".to_owned(),
        "0.1000000000000000055511151231257827".to_owned(),
        "\"\\ud800\"".to_owned(),
        "\"\\udfff\\u0000\\/\\u0041\"".to_owned(),
        "[ 1 ,\t2\r\n]".to_owned(),
        format!("{}{}", "[".repeat(120), "]".repeat(120)),
        format!("\"{}\"", "s".repeat(10_000_000)),
        format!("{{{}}}", keys.join(",")),
    ];
    for endpoint in &endpoint::ALL {
        let model = match endpoint.surface {
            Provider::OpenAi => "openai-odd",
            Provider::Claude => "claude-odd",
            Provider::Gemini => "gemini-odd",
        };
        let there = endpoint.of(model);
        for value in odd.iter().filter(|value| endpoint.is_turn || value.len() < 1000) {
            let start = format!("{}: {}", there.path(model), &value[..value.len().min(60)]);
            let body = there.body(model, &format!(",\"x\":{value}"));
            let before = provider.count();
            let answer = there.ask(&gateway, "", body.clone()).await;
            assert!(refused(there.surface, &answer, 400).contains("know no x"), "{start}");
            assert_eq!(provider.count(), before + 1, "{start}");
            assert!(provider.received().pop().unwrap().body == body, "{start}");
        }
        endpoint.clean(&gateway, "").await;
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
