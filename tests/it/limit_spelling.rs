//! The limits that a request sets itself, in all the ways that they can be spelled.

use std::collections::BTreeSet;

use crate::support::endpoint::{ALL, Endpoint, serving};
use crate::support::provider::{Prices, ROOT, start};
use crate::support::speak::{error, refused as refuse, send};
use crate::support::{Config, Gateway, Provider, Running, Simulator};

use Provider::{Claude, Gemini, OpenAi};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };

/// Eight dollars a million tokens of output, and half a dollar of input: this is worth 3,750
/// tokens of output, less than an answer without a limit may have, or 60,000 of input.
const BUDGET: &str = "budgets: [{ name: money, per: total, limit: 0.03 USD, window: month }]";

/// Providers that serve whatever they are asked, however it is spelled.
async fn lenient() -> [Running; 3] {
    let one = |provider| {
        let identity = ROOT.issue(&["localhost"]).unwrap();
        start(Simulator::new(provider, "sk-canary").tls(identity).lenient())
    };
    let [openai, claude, gemini] = Provider::ALL.map(one);
    [openai.await, claude.await, gemini.await]
}

fn priced(config: Config) -> Config {
    let entries: BTreeSet<String> = ALL.iter().map(|it| PRICES.entry(it.model)).collect();
    let entries: Vec<String> = entries.into_iter().collect();
    config.with(&format!("prices: [{}]", entries.join(", "))).with(BUDGET)
}

/// Requests that have come to them. (They keep no journal.)
fn seen(simulators: &[Running]) -> usize {
    simulators.iter().map(|simulator| simulator.counts().requests as usize).sum()
}

fn bill(simulators: &[Running]) -> u64 {
    simulators.iter().map(|simulator| PRICES.of(&simulator.bill().read())).sum()
}

/// What is said of a limit under this name: none of it is one that fits the budget.
fn spelled(name: &str) -> Vec<String> {
    let values = [
        "7000",
        "7000.0",
        "7000.5",
        "7e3",
        "1e9",
        "\"7000\"",
        "\"1\"",
        "-1",
        "-7000",
        "99999999999999999999999",
        "[1]",
        "{}",
        "true",
        "null",
    ];
    values.iter().map(|value| format!(r#","{name}":{value}"#)).collect()
}

/// What is said in a turn's body, by the endpoint's path; an answer may always be as long as such
/// answers are likely to be.
fn of_turns(path: &str) -> Vec<String> {
    let plain = |said: &[&str]| said.iter().map(|said| format!(",{said}")).collect::<Vec<_>>();
    match path {
        "/v1/chat/completions" => [
            spelled("max_completion_tokens"),
            spelled("max_tokens"),
            plain(&[
                r#""max_tokens":1,"max_completion_tokens":7000"#,
                r#""max_tokens":7000,"max_completion_tokens":1"#,
                r#""max_tokens":1,"max_tokens":7000"#,
                r#""Max_Tokens":1"#,
                r#""max_output_tokens":1"#,
                r#""maxTokens":1"#,
                r#""max_tokens":1000,"n":7"#,
                r#""max_tokens":1000,"best_of":7"#,
                r#""max_tokens":1000,"n":1,"best_of":7"#,
                r#""max_tokens":100,"best_of":1e2"#,
                r#""max_tokens":100,"best_of":"64""#,
                r#""max_tokens":100,"best_of":-64"#,
                r#""max_tokens":100,"Best_Of":64"#,
                r#""n":2"#,
                r#""n":-1,"max_tokens":7000"#,
                r#""n":1e9"#,
                r#""n":0,"max_tokens":100"#,
                r#""n":"64","max_tokens":100"#,
                r#""n":64,"n":1,"max_tokens":100"#,
                r#""N":64,"max_tokens":100"#,
                r#""reasoning_effort":"high""#,
            ]),
        ]
        .concat(),
        "/v1/responses" => [
            spelled("max_output_tokens"),
            plain(&[
                r#""max_output_tokens":1,"max_output_tokens":7000"#,
                r#""Max_Output_Tokens":1"#,
                r#""max_tokens":1"#,
                r#""max_completion_tokens":1"#,
                r#""reasoning":{"effort":"high"}"#,
                r#""max_output_tokens":1,"background":true"#,
            ]),
            // Ten searches are set aside whatever is said of their number.
            ["1", "0", "-1", "null", "\"1\"", "1e0", "1000"]
                .iter()
                .map(|calls| {
                    format!(
                        r#","max_output_tokens":1,"tools":[{{"type":"web_search"}}],"max_tool_calls":{calls}"#
                    )
                })
                .collect(),
        ]
        .concat(),
        // The endpoint's own body has a limit, so each of these is there twice, or the other is
        // another name.
        "/v1/messages" => plain(&[r#""max_tokens":7000"#, r#""Max_Tokens":7000"#]),
        _ => {
            let mut said = Vec::new();
            for config in ["generationConfig", "generation_config"] {
                for limit in ["maxOutputTokens", "max_output_tokens"] {
                    let inside = |said: String| format!(r#","{config}":{{{}}}"#, &said[1..]);
                    said.extend(spelled(limit).into_iter().map(inside));
                }
            }
            said.extend(plain(&[
                r#""generationConfig":{"maxOutputTokens":1},"generation_config":{"maxOutputTokens":7000}"#,
                r#""generationConfig":{"maxOutputTokens":1,"max_output_tokens":7000}"#,
                r#""generationConfig":{"MaxOutputTokens":1}"#,
                r#""GenerationConfig":{"maxOutputTokens":1}"#,
                r#""generationConfig":[{"maxOutputTokens":1}]"#,
                r#""generationConfig":null"#,
                r#""maxOutputTokens":1"#,
                r#""generationConfig":{"maxOutputTokens":1000,"candidateCount":7}"#,
                r#""generationConfig":{"maxOutputTokens":1000,"candidate_count":7}"#,
                r#""generation_config":{"max_output_tokens":1000,"candidate_count":7}"#,
                r#""generationConfig":{"maxOutputTokens":100,"candidateCount":1,"candidate_count":64}"#,
                r#""generationConfig":{"maxOutputTokens":100,"candidateCount":"64"}"#,
                r#""generationConfig":{"maxOutputTokens":100,"candidateCount":6.4e1}"#,
                r#""generationConfig":{"maxOutputTokens":100,"candidateCount":-64}"#,
                r#""generationConfig":{"candidateCount":2}"#,
                r#""generationConfig":{"thinkingConfig":{"thinkingBudget":24000}}"#,
            ]));
            said
        }
    }
}

/// Claude's own body without the limit that it has to have, and what is said instead.
fn of_claude() -> Vec<String> {
    let rest = r#""model":"claude-haiku-4-5","messages":[{"role":"user","content":"x"}]"#;
    let mut said = spelled("max_tokens");
    said.extend(
        [
            "",
            r#","max_tokens_to_sample":1"#,
            r#","max_output_tokens":1"#,
            r#","max_tokens":7500,"thinking":{"type":"enabled","budget_tokens":7000}"#,
            r#","max_tokens":7500,"thinking":{"type":"enabled","budget_tokens":-7000}"#,
            r#","max_tokens":1,"thinking":{"type":"enabled","budget_tokens":7e3}"#,
            r#","max_tokens":1,"thinking":{"type":"enabled","budget_tokens":"7000"}"#,
            r#","max_tokens":1,"thinking":{"budget_tokens":1024,"budget_tokens":7000}"#,
            r#","max_tokens":1,"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":1000}]"#,
            r#","max_tokens":1,"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":-1}]"#,
        ]
        .map(str::to_owned),
    );
    said.iter().map(|said| format!("{{{rest}{said}}}")).collect()
}

/// Inputs to embed that come to more than 60,000 tokens, where one could think that they are less.
fn of_embeddings(path: &str) -> Vec<String> {
    let of_openai =
        |input: String| format!(r#"{{"model":"text-embedding-3-small","input":{input}}}"#);
    let list = |item: &str, times: usize| format!("[{}]", vec![item; times].join(","));
    let words = format!("\"{}\"", "word ".repeat(60));
    let content = format!(r#"{{"parts":[{{"text":"{}"}}]}}"#, "word ".repeat(600));
    match path {
        "/v1/embeddings" => vec![
            // Token ids, of one digit: two bytes each.
            of_openai(list("1", 100_000)),
            of_openai(list(&list("1", 50), 2000)),
            of_openai(list("[1]", 70_000)),
            of_openai(list(&words, 1000)),
            of_openai(format!("[{}]", list(&words, 1000))),
            of_openai(format!("\"{}\"", "word ".repeat(60_000))),
            of_openai(format!("\"{}\"", "\\u0041".repeat(60_000))),
            of_openai(format!("{},\"dimensions\":1,\"max_tokens\":1", list(&words, 1000))),
        ],
        path if path.ends_with("batchEmbedContents") => {
            let one = format!(r#"{{"model":"models/gemini-embedding-2","content":{content}}}"#);
            vec![
                format!(r#"{{"requests":{}}}"#, list(&one, 100)),
                format!(
                    r#"{{"requests":{},"generationConfig":{{"maxOutputTokens":1}}}}"#,
                    list(&one, 100)
                ),
            ]
        }
        _ => {
            let part = format!(r#"{{"text":"{}"}}"#, "word ".repeat(600));
            vec![format!(r#"{{"content":{{"parts":{}}}}}"#, list(&part, 100))]
        }
    }
}

/// S-42: every spelling of a limit that a caller may send is either understood or refused.
#[tokio::test]
async fn s_42_no_spelling_of_a_limit_gets_around_the_budget() {
    let simulators = lenient().await;
    let gateway = Gateway::start(priced(serving(&simulators))).await;
    let mut wrong = Vec::new();
    let counts = |path: &str| path.contains("count") || path.contains("input_tokens");
    for endpoint in ALL.iter().filter(|endpoint| !counts(&endpoint.path(""))) {
        let path = endpoint.path(endpoint.model);
        let mut bodies = match endpoint.is_turn {
            true => {
                let whole = |said: &String| endpoint.body(endpoint.model, said);
                of_turns(&path).iter().map(whole).collect()
            }
            false => of_embeddings(&path),
        };
        if endpoint.surface == Claude {
            bodies.extend(of_claude());
        }
        let before = seen(&simulators);
        for body in bodies {
            let shown: String = body.chars().take(200).collect();
            let answer = endpoint.ask(&gateway, "", body).await;
            if !matches!(answer.status, 400 | 429) {
                wrong.push(format!("{path}: {shown}: {}", answer.status));
            } else if error(endpoint.surface, &answer.json()).is_none() {
                wrong.push(format!("{path}: {shown}: {}", answer.text));
            }
        }
        let passed = seen(&simulators) - before;
        if passed > 0 {
            wrong.push(format!("{path}: {passed} went on"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(gateway.settled().await.spent_nanos("money"), 0);
    for endpoint in &ALL {
        clean(endpoint, &gateway).await;
    }
    assert_eq!(gateway.settled().await.spent_nanos("money"), bill(&simulators));
}

/// An ordinary request whose limit fits.
async fn clean(endpoint: &Endpoint, gateway: &Gateway) {
    let limit = match &*endpoint.path("") {
        "/v1/chat/completions" => r#","max_tokens":100,"n":1,"best_of":1"#,
        "/v1/responses" => r#","max_output_tokens":100,"max_tool_calls":1"#,
        path if path.ends_with(":generateContent") => {
            r#","generationConfig":{"maxOutputTokens":100,"candidateCount":1}"#
        }
        _ => "",
    };
    let answer = endpoint.ask(gateway, "", endpoint.body(endpoint.model, limit)).await;
    assert_eq!(answer.status, 200, "{}: {}", endpoint.path(endpoint.model), answer.text);
}

/// S-42: what is dear and is not read (images, batches, sound) is not to be had where money or
/// tokens are counted, whatever is said in it; where requests are, it is one.
#[tokio::test]
async fn s_42_what_is_not_read_is_not_to_be_had_for_nothing() {
    let simulators = lenient().await;
    let unread = [
        (OpenAi, "/v1/images/generations", r#"{"model":"gpt-image-1","prompt":"x","n":10}"#),
        (OpenAi, "/v1/images/generations", r#"{"n":0,"max_tokens":1,"quality":"low"}"#),
        (OpenAi, "/v1/images/edits", "--x\r\n\r\n--x--\r\n"),
        (OpenAi, "/v1/audio/speech", r#"{"model":"tts-1","input":"x"}"#),
        (OpenAi, "/v1/videos", r#"{"model":"sora-2","seconds":"12"}"#),
        (OpenAi, "/v1/batches", r#"{"input_file_id":"f","endpoint":"/v1/chat/completions"}"#),
        (OpenAi, "/v1/completions", r#"{"model":"gpt-4o-mini","best_of":20,"n":20}"#),
        (
            Claude,
            "/v1/messages/batches",
            r#"{"requests":[{"custom_id":"a","params":{"model":"claude-haiku-4-5","max_tokens":9}}]}"#,
        ),
        (Gemini, "/v1beta/batches", r#"{"batch":{"inputConfig":{"fileName":"files/1"}}}"#),
        (Gemini, "/v1beta/cachedContents", r#"{"model":"models/gemini-2.5-flash","ttl":"9s"}"#),
    ];
    // Other methods of a model, which Egret could not tell from a model of that name.
    let nowhere = [
        "/v1beta/models/gemini-2.5-flash:batchGenerateContent",
        "/v1beta/models/imagen-4.0:predict",
        "/v1beta/models/veo-3.0:predictLongRunning",
    ];
    for (limit, refused) in [("0.03 USD", true), ("10000 tokens", true), ("1000 requests", false)] {
        let config = simulators.iter().fold(serving(&simulators), |config, simulator| {
            let name = simulator.provider().name();
            let of_it = unread.iter().filter(|(of, ..)| *of == simulator.provider());
            let paths = of_it.map(|(_, path, _)| *path);
            let more = nowhere.iter().copied().filter(|_| name == "gemini");
            let paths: BTreeSet<String> =
                paths.chain(more).map(|path| format!("'{path}'")).collect();
            let paths = Vec::from_iter(paths).join(", ");
            config.route(&format!("name: {name}-unread, paths: [{paths}], backends: [{name}]"))
        });
        let budget =
            format!("budgets: [{{ name: all, per: total, limit: {limit}, window: month }}]");
        let gateway = Gateway::start(config.with(&budget)).await;
        let before = seen(&simulators);
        let mut served = 0;
        for (surface, path, body) in unread {
            let post = gateway.client.post(gateway.url(path));
            let post = post.header("content-type", "application/json");
            let post = match surface {
                Claude => post.header("anthropic-version", "2023-06-01"),
                OpenAi | Gemini => post,
            };
            let answer = send(post.body(body)).await;
            let expected = if refused { 403 } else { 200 };
            assert_eq!(answer.status, expected, "{limit}: {path}: {}", answer.text);
            assert!(!refused || error(surface, &answer.json()).is_some(), "{}", answer.text);
            served += usize::from(!refused);
        }
        for path in nowhere {
            let post = gateway.client.post(gateway.url(path)).body("{}");
            refuse(Gemini, &send(post).await, 404);
        }
        assert_eq!(seen(&simulators) - before, served, "{limit}");
        let spent = gateway.settled().await.sum("egret_budget_spent", &["budget=\"all\""]);
        assert_eq!(spent.round() as usize, served, "{limit}");
        ALL[0].clean(&gateway, "").await;
    }
}
