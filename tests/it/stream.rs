//! S-50: streams of the caller's own schema go through byte for byte.

use bytes::Bytes;
use egret::simulator::Canned;

use crate::support::provider::{all, model};
use crate::support::speak::{path, request, said, send};
use crate::support::{Answer, Config, Fault, Gateway, Provider, Running, ask};

/// A stream as an imaginable provider might write it: odd line ends, comments, unknown events and
/// fields, an empty line too many, `[DONE]` inside a text.
fn odd(provider: Provider) -> String {
    match provider {
        Provider::OpenAi => concat!(
            ": a comment\n\n",
            "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"obfuscation\":\"aX\"}\r\n\r\n",
            "event: unheard-of\nid: 7\nretry: 5\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"data: [DONE]\\n\\u00e9\"},\"finish_reason\":null}]}\n\n",
            "\n\n",
            "data:{\"choices\":[{\"index\":0,\"delta\":{\"content\":\" \\ud83d\\ude00 😀\"},\"finish_reason\":null}],\"new_field\":{\"a\":1.50}}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":4,\"total_tokens\":9}}\n\n",
            "data: [DONE]\n\n",
        ),
        Provider::Claude => concat!(
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n",
            "event: ping\ndata: {\"type\": \"ping\"}\n\n",
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\r\n\r\n",
            ": keep-alive\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"data: [DONE] 😀\"}}\n\n",
            "event: unheard_of\ndata: {\"type\":\"unheard_of\",\"x\":1.0}\n\n",
            "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":4}}\n\n",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ),
        Provider::Gemini => concat!(
            "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"one 😀\"}],\"role\": \"model\"},\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 5},\"modelVersion\": \"m\"}\r\n\r\n",
            "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \" data: [DONE]\", \"newThing\": 1.50}],\"role\": \"model\"},\"index\": 0}]}\r\n\r\n",
            "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 5,\"candidatesTokenCount\": 4,\"totalTokenCount\": 9}}\r\n\r\n",
        ),
    }
    .to_owned()
}

/// The stream in pieces of this size, which fall into the middle of lines and characters.
fn canned(stream: &str, size: usize) -> Fault {
    let bytes = Bytes::copy_from_slice(stream.as_bytes());
    let mut body: Vec<Bytes> = bytes.chunks(size).map(|piece| bytes.slice_ref(piece)).collect();
    // One piece would come with a length.
    body.push(Bytes::new());
    let headers = vec![("content-type".to_owned(), "text/event-stream; charset=utf-8".to_owned())];
    Fault::Canned(Canned { status: 200, headers, body })
}

async fn gateway() -> (Gateway, [Running; 3]) {
    let simulators = all().await;
    (Gateway::start(Config::serving(&simulators.each_ref())).await, simulators)
}

/// Asks for a stream; OpenAI's with or without its usage.
async fn stream(gateway: &Gateway, provider: Provider, usage: bool) -> Answer {
    let name = model(provider);
    if provider != Provider::OpenAi {
        return ask(gateway, provider, name, "x", true).await;
    }
    let body = format!(
        r#"{{"model":"{name}","stream":true,"stream_options":{{"include_usage":{usage}}},
            "messages":[{{"role":"user","content":"x"}}]}}"#
    );
    send(gateway.client.post(gateway.url(&path(provider, name, true))).body(body)).await
}

#[tokio::test]
async fn s_50_a_stream_of_the_callers_schema_is_byte_identical_however_it_is_cut() {
    let (gateway, simulators) = gateway().await;
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        let odd = odd(provider);
        for size in [1, 2, 3, 7, 64, 1000, 100_000] {
            simulator.script().next_n(1, [canned(&odd, size)]);
            let answer = stream(&gateway, provider, true).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.text, odd, "{} in pieces of {size}", provider.name());
        }
    }
}

/// S-44: all but the chunk that the gateway asked for.
#[tokio::test]
async fn s_50_nothing_but_the_usage_chunk_is_hidden() {
    let (gateway, simulators) = gateway().await;
    let odd = odd(Provider::OpenAi);
    let start = odd.find("data: {\"choices\":[],\"usage\"").unwrap();
    let end = start + odd[start..].find("\n\n").unwrap() + 2;
    let hidden = format!("{}{}", &odd[..start], &odd[end..]);
    for size in [1, 2, 3, 7, 64, 1000, 100_000] {
        simulators[0].script().next_n(1, [canned(&odd, size)]);
        let answer = stream(&gateway, Provider::OpenAi, false).await;
        assert_eq!(answer.text, hidden, "in pieces of {size}");
    }
}

/// A translated stream says the same, however it is cut.
#[tokio::test]
async fn s_50_a_translated_stream_says_the_same_however_it_is_cut() {
    let (gateway, simulators) = gateway().await;
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        let odd = odd(provider);
        for surface in Provider::ALL.into_iter().filter(|surface| *surface != provider) {
            let mut all = Vec::new();
            for size in [1, 3, 64, 100_000] {
                simulator.script().next_n(1, [canned(&odd, size)]);
                let answer = ask(&gateway, surface, model(provider), "x", true).await;
                let text = said(surface, &answer, true);
                all.push(text.unwrap_or_else(|| panic!("not whole: {}", answer.text)));
            }
            assert!(all[0].contains("😀") && all[0].contains("data: [DONE]"), "{all:?}");
            assert!(all.iter().all(|text| *text == all[0]), "{all:?}");
        }
    }
}

/// What the simulators themselves write, at their own pace, in all of its sizes.
#[tokio::test]
async fn s_50_long_and_dripping_streams_arrive_whole() {
    let (gateway, simulators) = gateway().await;
    for surface in Provider::ALL {
        for simulator in &simulators {
            let model = model(simulator.provider());
            for text in ["[[bytes 4000]]", "a b c d e f [[drip 1 every 1ms]]", "[[chunks 200]]"] {
                let call = request(&gateway.client, &gateway, surface, model, text, true);
                let answer = send(call).await;
                let said = said(surface, &answer, true);
                assert!(said.is_some(), "{text} from {model}: {}", answer.text);
            }
        }
    }
}

/// S-50: lines and events that are no events, and a stream without its end. A caller of the
/// provider's schema gets them as they are, anyone else an error; nobody gets a whole answer.
#[tokio::test]
async fn s_50_a_stream_of_nonsense_ends_with_an_error_or_as_it_is() {
    let (gateway, simulators) = gateway().await;
    let nonsense = [
        "data: {\n\n",
        "data: [DONE]",
        "event: message_stop\n\n",
        "\0\0\0\0\n\n",
        "data: null\n\ndata: 7\n\ndata: []\n\n",
        "no colon at all\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half",
        "data: {\"type\":\"content_block_delta\",\"index\":99,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n",
    ];
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        for surface in Provider::ALL {
            for text in nonsense {
                simulator.script().next_n(1, [canned(text, 5)]);
                let answer = ask(&gateway, surface, model(provider), "x", true).await;
                let case = format!("{text:?} from {} to {}", provider.name(), surface.name());
                assert!(
                    said(surface, &answer, true).is_none_or(|said| said.is_empty()),
                    "{case}: {}",
                    answer.text
                );
                let told = answer.text.contains("error");
                let same = surface == provider && answer.text == text;
                let done = text == "data: [DONE]" || text.contains("message_stop");
                assert!(told || done || same, "{case}: {} {}", answer.status, answer.text);
                // Clean follow-up, which also keeps the backend in use.
                let answer = ask(&gateway, surface, model(provider), "well", true).await;
                assert!(said(surface, &answer, true).is_some(), "{}", answer.text);
            }
        }
    }
}

/// Proxies on the way close what is silent. Google's SDKs take no sign of life (`wire.md` §4.2).
#[tokio::test]
async fn a_silent_stream_gives_signs_of_life() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).with("limits: { heartbeat: 100ms }");
    let gateway = Gateway::start(config).await;
    for surface in Provider::ALL {
        for provider in Provider::ALL {
            let text = "[[chunks 3 every 350ms]]";
            let answer = ask(&gateway, surface, model(provider), text, true).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let sign = match surface {
                Provider::OpenAi => ": ping\n\n",
                Provider::Claude => "event: ping\n",
                Provider::Gemini => "ping",
            };
            // How many there are beyond the pauses, the machine's pace decides.
            let signs = answer.text.matches(sign).count();
            let told = if surface == Provider::Gemini { signs == 0 } else { signs >= 2 };
            let at = format!("{} to {}: {}", surface.name(), provider.name(), answer.text);
            assert!(told, "{signs} of {sign:?}, {at}");
            // Every event is still whole.
            assert!(said(surface, &answer, true).is_some(), "{at}");
        }
    }
}
