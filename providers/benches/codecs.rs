//! What the codecs cost. `cargo bench -p providers` prints, at the end, each cost beside its aim.
//!
//! Aims are ratios within one run, so that they mean the same on any machine, but for the streamed
//! delta, whose aim is a time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput};
use providers::Schema;
use providers::catalog::Catalog;
use providers::codec::{PathHints, Reply, Target};
use providers::conversation::shape;
use providers::json::{Peek, splice};
use providers::relay::Relay;
use serde_json::value::RawValue;

/// Words of a prompt: plain, full of escapes, and of longer letters.
const SENTENCES: [(&str, &str); 3] = [
    ("plain", "The quick brown fox jumps over the lazy dog. "),
    ("escapes", r#"The quick \"brown\" fox\njumps over the lazy dog. "#),
    ("unicode", "Съешь ещё этих мягких французских булок. "),
];

/// A model of each schema that takes most of what can be said.
const MODELS: [&str; 4] = ["gpt-4.1", "gpt-5.4", "claude-sonnet-4-5", "gemini-2.5-flash"];

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30)
        .configure_from_args();
    edit(&mut criterion);
    translate(&mut criterion);
    delta(&mut criterion);
    criterion.final_summary();
    aims();
}

/// A Chat request of about 200 KB: 65 messages and 20 tools.
fn prompt(sentence: &str) -> Bytes {
    let text = sentence.repeat(3000 / sentence.len());
    let user = format!(r#"{{"role":"user","content":"{text}"}}"#);
    let assistant = format!(r#"{{"role":"assistant","content":"{text}"}}"#);
    let tool = |n: usize| {
        format!(
            r#"{{"type":"function","function":{{"name":"get_weather_{n}","description":"Get it.","parameters":{{"type":"object","properties":{{"city":{{"type":"string"}},"days":{{"type":"integer","minimum":1}}}},"required":["city"],"additionalProperties":false}}}}}}"#
        )
    };
    let messages: Vec<&str> =
        (0..65).map(|n| if n % 2 == 0 { &*user } else { &*assistant }).collect();
    let tools: Vec<String> = (0..20).map(tool).collect();
    Bytes::from(format!(
        r#"{{"messages":[{}],"tools":[{}],"model":"gpt-5.4","stream":true}}"#,
        messages.join(","),
        tools.join(","),
    ))
}

/// What is done to a request that goes to a provider of the caller's own schema.
fn edited(body: &Bytes) -> Bytes {
    let Ok(peek) = Peek::of(Schema::Chat, body) else { return Bytes::new() };
    splice(body, peek.set_model("another").into_iter().chain(peek.ask_for_usage()))
}

/// The least that looks at every byte as JSON: valid UTF-8, and every quote and escape found.
fn scanned(body: &[u8]) -> usize {
    let quotes = memchr::memchr2_iter(b'"', b'\\', body).count();
    quotes + usize::from(std::str::from_utf8(body).is_ok())
}

/// What is done to a request that goes to a provider of another schema.
fn translated(body: &[u8], to: Schema) -> Bytes {
    let model = MODELS[to as usize];
    let capabilities = Catalog::bundled().capabilities(to, model);
    let target = Target { model, capabilities: &capabilities };
    let Ok(mut request) = Schema::Chat.codec().decode_request(body, PathHints::default()) else {
        return Bytes::new();
    };
    if shape::normalize(&mut request).is_err() {
        return Bytes::new();
    }
    to.codec().encode_request(&request, &target).map(|encoded| encoded.body).unwrap_or_default()
}

/// The same body as raw values, two levels deep.
fn raw(body: &[u8]) -> usize {
    #[derive(serde::Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        messages: Vec<&'a RawValue>,
        tools: Vec<&'a RawValue>,
    }
    let read = serde_json::from_slice::<Body<'_>>(body);
    read.map(|body| body.messages.len() + body.tools.len()).unwrap_or_default()
}

fn edit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("200 KB, same schema");
    for (name, sentence) in SENTENCES {
        let body = prompt(sentence);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_with_input(BenchmarkId::new("scan", name), &body, |bench, body| {
            bench.iter(|| scanned(black_box(body)));
        });
        group.bench_with_input(BenchmarkId::new("edit", name), &body, |bench, body| {
            bench.iter(|| edited(black_box(body)));
        });
    }
    group.finish();
}

fn translate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("200 KB, another schema");
    let body = prompt(SENTENCES[0].1);
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("serde_json, raw values", |bench| bench.iter(|| raw(black_box(&body))));
    for to in [Schema::Responses, Schema::Claude, Schema::Gemini] {
        group.bench_function(format!("chat to {to}"), |bench| {
            bench.iter(|| translated(black_box(&body), to));
        });
    }
    group.finish();
}

/// The start of a stream, a delta, and a relay that is in the middle of it.
fn streaming(from: Schema, to: Schema) -> (Relay, Bytes) {
    let (start, delta) = match from {
        Schema::Chat => (
            r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

"#,
            r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]}

"#,
        ),
        Schema::Responses => (
            r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"r","object":"response","created_at":1,"model":"m","status":"in_progress","output":[]}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message","role":"assistant","status":"in_progress","content":[]}}

event: response.content_part.added
data: {"type":"response.content_part.added","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}

"#,
            r#"event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":3,"item_id":"msg_1","output_index":0,"content_index":0,"delta":" token"}

"#,
        ),
        Schema::Claude => (
            r#"event: message_start
data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

"#,
            r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" token"}}

"#,
        ),
        Schema::Gemini => (
            "",
            "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\" token\"}]},\"index\":0}],\"modelVersion\":\"m\",\"responseId\":\"r\"}\r\n\r\n",
        ),
    };
    let reply = Reply { id: "id".to_owned(), model: "m".to_owned(), ..Reply::default() };
    let mut relay =
        Relay::translate(from.codec().stream_decoder(), to.codec().stream_encoder(reply));
    relay.push(&Bytes::from_static(start.as_bytes()));
    (relay, Bytes::from_static(delta.as_bytes()))
}

fn delta(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("streamed delta");
    for from in Schema::ALL {
        for to in Schema::ALL {
            let (mut relay, delta) = streaming(from, to);
            group.bench_function(format!("{from} to {to}"), |bench| {
                bench.iter(|| relay.push(black_box(&delta)));
            });
        }
    }
    group.finish();
}

/// Compares in one run what is held against each other, in turns, by the least time of each.
fn aims() {
    println!("\naims                                          ratio or time   aim");
    for (name, sentence) in SENTENCES {
        let body = prompt(sentence);
        let (scan, edit) = least(|| scanned(black_box(&body)), || edited(black_box(&body)));
        line(&format!("same-schema edit, {name}, to a scan"), edit / scan, "x", 2.0);
    }
    let body = prompt(SENTENCES[0].1);
    for to in [Schema::Responses, Schema::Claude, Schema::Gemini] {
        let (raw, whole) = least(|| raw(black_box(&body)), || translated(black_box(&body), to));
        line(&format!("chat to {to}, to raw values"), whole / raw, "x", 3.0);
    }
    for from in Schema::ALL {
        for to in Schema::ALL {
            let (mut relay, delta) = streaming(from, to);
            let (_, time) = least(|| (), || relay.push(black_box(&delta)));
            line(&format!("streamed delta, {from} to {to}"), time * 1e6, "µs", 2.0);
        }
    }
}

fn line(what: &str, measured: f64, unit: &str, aim: f64) {
    let reached = if measured < aim { "" } else { "  not reached" };
    println!("{what:<46}{measured:>8.2} {unit:<4}   < {aim:.0} {unit}{reached}");
}

/// The least time of a call of each, in seconds; the least is the one that was disturbed least.
fn least<A, B>(mut a: impl FnMut() -> A, mut b: impl FnMut() -> B) -> (f64, f64) {
    fn time<T>(call: &mut impl FnMut() -> T) -> f64 {
        let start = Instant::now();
        for _ in 0..20 {
            black_box(call());
        }
        start.elapsed().as_secs_f64() / 20.0
    }
    let mut best = (f64::MAX, f64::MAX);
    for _ in 0..100 {
        best = (best.0.min(time(&mut a)), best.1.min(time(&mut b)));
    }
    best
}
