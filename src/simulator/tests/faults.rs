use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::super::{Authority, Canned, Fault, Provider, Simulator};
use super::{Bench, bench, client, events, read};

const PATH: &str = "/v1/chat/completions";

fn say(text: &str, stream: bool) -> Value {
    json!({"model": "gpt-4o-mini", "stream": stream, "messages": [{"role": "user", "content": text}]})
}

/// A simulator over plain HTTP/1.1.
async fn http1() -> Bench {
    let simulator = Simulator::new(Provider::OpenAi, "secret-1");
    let simulator = simulator.start(([127, 0, 0, 1], 0).into()).await.unwrap();
    Bench { simulator, client: client(Authority::new().unwrap().ca_pem()) }
}

/// The bytes that came before a stream ended, and whether it ended well.
async fn drain(bench: &Bench, text: &str) -> (String, bool) {
    let response = bench.post(PATH, say(text, true)).send().await.unwrap();
    let (mut got, mut well) = (Vec::new(), true);
    let mut stream = response.bytes_stream();
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(bytes) => got.extend_from_slice(&bytes),
            Err(_) => {
                well = false;
                break;
            }
        }
    }
    (String::from_utf8(got).unwrap(), well)
}

/// Waits until the answer is yes.
async fn until(what: &str, asked: impl Fn() -> bool) {
    let asking = async {
        while !asked() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let patience = Duration::from_secs(60);
    assert!(tokio::time::timeout(patience, asking).await.is_ok(), "it never came to: {what}");
}

#[tokio::test]
async fn a_status_comes_in_the_schema_with_its_wait() {
    let openai = bench(Provider::OpenAi).await;
    let response =
        openai.post(PATH, say("[[status 503]] [[retry-after 2]]", false)).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"2".parse().unwrap())
    );

    let claude = bench(Provider::Claude).await;
    claude.simulator.script().next_n(2, [Fault::Status(529)]);
    let body = json!({"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]});
    for expected in [529, 529, 200] {
        assert_eq!(claude.ask("/v1/messages", &body).await.0, expected);
    }

    let gemini = bench(Provider::Gemini).await;
    gemini.simulator.script().always([Fault::RetryAfter(37)]);
    let body = json!({"contents": [{"parts": [{"text": "x"}]}]});
    let (status, body) = gemini.ask("/v1/models/gemini-2.5-flash:generateContent", body).await;
    assert_eq!((status, &body["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    assert_eq!(body["error"]["details"][0]["retryDelay"], "37s");

    openai.simulator.script().read("model gpt-4o-mini every 3: [[status 502]]").unwrap();
    let body = say("x", false);
    for expected in [200, 200, 502, 200, 200, 502] {
        assert_eq!(openai.ask(PATH, &body).await.0, expected);
    }
    openai.simulator.bill().clear();

    let body = json!({"model": "fault-500", "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(openai.ask(PATH, body).await.0, 500);
    assert_eq!(openai.simulator.bill().total().requests, 0);
}

#[tokio::test]
async fn streams_are_cut_or_fail_where_the_script_says() {
    for bench in [bench(Provider::OpenAi).await, http1().await] {
        let (text, well) = drain(&bench, "one two three [[cut after 3]]").await;
        assert_eq!((events(&text).len(), well), (3, false), "{text}");

        let (text, well) = drain(&bench, "one two three [[error after 2]]").await;
        let events = events(&text);
        assert_eq!((events.len(), well), (3, true));
        assert_eq!(events[2]["error"]["type"], "server_error");

        let half = bench.post(PATH, say("[[bytes 4096]] [[cut after 2]]", false));
        assert!(half.send().await.unwrap().bytes().await.is_err());

        // A cut is the script's doing, not the client's.
        assert_eq!(bench.simulator.counts().aborted, 0);
        assert!(bench.post(PATH, say("[[close]]", false)).send().await.is_err());
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_counted() {
    for bench in [bench(Provider::OpenAi).await, http1().await] {
        for text in ["[[stall after 2]]", "[[chunks 1000 every 20ms]]"] {
            let response = bench.post(PATH, say(text, true)).send().await.unwrap();
            let mut stream = response.bytes_stream();
            assert!(stream.next().await.unwrap().is_ok());
        }
        let silent = tokio::spawn(bench.post(PATH, say("[[stall]]", false)).send());
        until("the third has come", || bench.simulator.journal().read().len() == 3).await;
        silent.abort();
        assert!(silent.await.unwrap_err().is_cancelled());
        until("all are counted", || bench.simulator.counts().aborted == 3).await;
    }
}

#[tokio::test]
async fn bodies_that_no_provider_sends() {
    let bench = bench(Provider::OpenAi).await;
    assert_eq!(bench.ask(PATH, say("[[html]]", false)).await.0, 502);
    let (status, body) = bench.ask(PATH, say("[[garbage]]", false)).await;
    assert!(status == 200 && body.is_string());
    let (status, body) = bench.ask(PATH, say("[[error in 200]]", false)).await;
    assert!(status == 200 && body["error"].is_object());
    let (status, body) = bench.ask(PATH, say("[[echo credential]]", false)).await;
    assert!(status == 400 && body.to_string().contains("secret-1"));

    let moved =
        bench.post(PATH, say("[[redirect http://127.0.0.1:1/]]", false)).send().await.unwrap();
    assert_eq!(
        (moved.status().as_u16(), &moved.headers()["location"]),
        (302, &"http://127.0.0.1:1/".parse().unwrap())
    );

    let zipped = bench.post(PATH, say("hello [[gzip]]", false)).send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let bytes = zipped.bytes().await.unwrap();
    // Ten bytes of header, five of the stored block's, then the body as it is.
    assert_eq!(&bytes[..3], [0x1f, 0x8b, 8]);
    assert_eq!(&bytes[15..16], b"{");
}

#[tokio::test]
async fn sizes_paces_and_stamps() {
    let bench = bench(Provider::OpenAi).await;
    let (_, body) = bench.ask(PATH, say("[[bytes 2048]]", false)).await;
    assert_eq!(body["choices"][0]["message"]["content"].as_str().unwrap().len(), 2048);
    let (text, _) = drain(&bench, "[[chunks 5 every 1ms stamped]]").await;
    let times: Vec<u128> = events(&text)
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str()?.parse().ok())
        .collect();
    assert!(times.len() == 5 && times.is_sorted() && times[0] > 0);
    let (dripped, _) = drain(&bench, "hello [[drip 7 every 0ms]]").await;
    let (whole, _) = drain(&bench, "hello [[delay 1]]").await;
    assert_eq!(dripped.lines().count(), whole.lines().count());
}

#[tokio::test]
async fn usage_is_bent_but_the_bill_is_not() {
    let bench = bench(Provider::OpenAi).await;
    let ask = |text: &'static str| bench.ask(PATH, say(text, false));
    assert!(ask("[[usage absent]]").await.1.get("usage").is_none());
    assert_eq!(ask("[[usage zero]]").await.1["usage"]["total_tokens"], 0);
    assert!(ask("[[usage huge]]").await.1["usage"]["prompt_tokens"].as_u64() > Some(1 << 50));
    let total = bench.simulator.bill().total();
    assert!(total.requests == 3 && total.input > 3 && total.input < 100);
}

#[tokio::test]
async fn recordings_are_played_as_they_are() {
    let bench = bench(Provider::OpenAi).await;
    let canned = Canned {
        status: 200,
        headers: vec![("content-type".into(), "text/event-stream".into())],
        body: vec![Bytes::from_static(b"data: {\"x\""), Bytes::from_static(b":1.0}\r\n\r\n")],
    };
    bench.simulator.script().next_n(1, [Fault::Canned(canned)]);
    let response = bench.post(PATH, json!({"not": "checked"})).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "data: {\"x\":1.0}\r\n\r\n");
}

#[tokio::test]
async fn the_journal_holds_the_very_bytes() {
    let bench = bench(Provider::OpenAi).await;
    let body = "{ \"model\" : \"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"\\u0041\"}] }";
    let (status, answer) = read(bench.post(PATH, body).header("x-canary", "here")).await;
    assert_eq!(status, 200, "{answer}");
    let arrival = bench.simulator.journal().last().unwrap();
    assert_eq!(arrival.body, body);
    assert_eq!(arrival.headers["x-canary"], "here");
    assert_eq!((arrival.method.as_str(), arrival.target.as_str()), ("POST", PATH));
    assert_eq!(arrival.version, "HTTP/2.0");
}

#[tokio::test]
async fn a_filter_stops_in_each_schemas_words() {
    let openai = bench(Provider::OpenAi).await;
    let (_, body) = openai.ask(PATH, say("x [[filter]]", false)).await;
    assert_eq!(body["choices"][0]["finish_reason"], "content_filter");
    let ask = json!({"model": "gpt-4o-mini", "input": "x [[filter]]"});
    let (_, body) = openai.ask("/v1/responses", ask).await;
    assert_eq!(body["incomplete_details"]["reason"], "content_filter");
    assert_eq!(
        (&body["status"], &body["output"][0]["status"]),
        (&json!("incomplete"), &json!("incomplete"))
    );
    let said = json!([{"role": "user", "content": "x [[filter]]"}]);
    let ask = json!({"model": "claude-haiku-4-5", "max_tokens": 99, "messages": said});
    let (_, body) = bench(Provider::Claude).await.ask("/v1/messages", ask).await;
    assert_eq!(body["stop_reason"], "refusal");
    let ask = json!({"contents": [{"parts": [{"text": "x [[filter]]"}]}]});
    let path = "/v1/models/gemini-2.5-flash:generateContent";
    let (_, body) = bench(Provider::Gemini).await.ask(path, ask).await;
    assert_eq!(body["candidates"][0]["finishReason"], "SAFETY");
}
