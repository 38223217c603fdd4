//! How far off the estimates of recorded calls are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use providers::Schema;
use providers::conversation::{Event, Usage};
use serde_json::Value;

use crate::budget::estimate::{Estimator, Measured};

/// From how many calls of a model on its estimates are asked to be good.
const WARM: usize = 20;

/// A recorded call and what its provider counted.
struct Call {
    model: String,
    /// Whose recording it is.
    caller: String,
    request: Vec<u8>,
    usage: Usage,
}

/// The recorded calls whose usage is known, in the order in which the corpus lists them.
fn calls() -> Vec<Call> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let corpus = std::env::var_os("EGRET_SHARED").map_or(beside, PathBuf::from).join("corpus");
    if !corpus.is_dir() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no recordings in {corpus:?}");
        eprintln!("SKIPPED: no recordings in {corpus:?}: set EGRET_SHARED");
        return Vec::new();
    }
    let index = std::fs::read_to_string(corpus.join("index.jsonl")).unwrap();
    let call = |row: &str| {
        let row: Value = serde_json::from_str(row).unwrap();
        let word = |key: &str| row[key].as_str().unwrap_or_default();
        let path = |ending: &str| corpus.join(format!("{}.{ending}", word("file")));
        let schema = schema(word("kind")).filter(|_| row["status"] == 200)?;
        let response = std::fs::read(path(&format!("response.{}", word("fmt")))).ok()?;
        Some(Call {
            model: row["model"].as_str()?.to_owned(),
            caller: word("repo").to_owned(),
            request: std::fs::read(path("request.json")).ok()?,
            usage: usage(schema, word("fmt"), &response).filter(|usage| usage.total_input() > 0)?,
        })
    };
    index.lines().filter_map(call).collect()
}

/// The schema of a kind of recordings of turns.
fn schema(kind: &str) -> Option<Schema> {
    match kind {
        "anthropic" | "anthropic_compat" | "anthropic_vertex" => Some(Schema::Claude),
        "gemini" | "gemini_vertex" => Some(Schema::Gemini),
        "openai_chat" | "openai_chat_azure" | "openai_chat_compat" => Some(Schema::Chat),
        "openai_responses" | "openai_responses_azure" | "openai_responses_compat" => {
            Some(Schema::Responses)
        }
        _ => None,
    }
}

fn usage(schema: Schema, format: &str, response: &[u8]) -> Option<Usage> {
    if format == "json" {
        return schema.codec().read_usage(response).ok()?;
    }
    let mut last = None;
    let mut see = |event: Event<'_>| {
        if let Event::Usage(usage) = event {
            last = Some(last.map_or(usage, |before: Usage| before.max(usage)));
        }
    };
    let mut decoder = schema.codec().stream_decoder();
    decoder.push(response, &mut see);
    decoder.finish(&mut see);
    last
}

/// How far off estimates were: 0.1 is 10 % too high.
#[derive(Default)]
struct Errors(Vec<f64>);

impl Errors {
    fn quantile(&self, part: f64) -> f64 {
        let mut sizes: Vec<f64> = self.0.iter().map(|error| error.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        sizes[((sizes.len() as f64 * part) as usize).min(sizes.len() - 1)]
    }

    fn line(&self) -> String {
        let low = self.0.iter().filter(|error| **error < -0.25).count();
        format!(
            "{:4} calls, median {:5.1} %, p90 {:5.1} %, too low by more than a quarter {:4.1} %",
            self.0.len(),
            self.quantile(0.5) * 100.0,
            self.quantile(0.9) * 100.0,
            low as f64 / self.0.len() as f64 * 100.0,
        )
    }
}

/// What is learned of recorded calls is right within 10 % for half of the later ones.
#[test]
fn estimates_of_recorded_calls_are_close() {
    let calls = calls();
    if calls.is_empty() {
        return;
    }
    let estimator = Estimator::default();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_model: BTreeMap<&str, Errors> = BTreeMap::new();
    let (mut cold, mut warm, mut plain) = (Errors::default(), Errors::default(), Errors::default());
    let mut beyond = 0;
    for call in &calls {
        let request = Measured::of(&call.request);
        let expected = estimator.input(&call.model, &request);
        let counted = call.usage.total_input();
        let error = expected.likely as f64 / counted as f64 - 1.0;
        beyond += usize::from(counted > expected.most);
        let calls = seen.entry(&call.model).or_default();
        if *calls >= WARM {
            by_model.entry(&call.model).or_default().0.push(error);
            warm.0.push(error);
            if !request.names_more() {
                plain.0.push(error);
            }
        } else {
            cold.0.push(error);
        }
        *calls += 1;
        let output = call.usage.total_output();
        estimator.learn(&call.model, &call.caller, &request, counted, output);
    }
    eprintln!("{} calls of {} models", calls.len(), seen.len());
    eprintln!("first {WARM} of each model: {}", cold.line());
    for (model, errors) in &by_model {
        eprintln!("later, {model:20} {}", errors.line());
    }
    eprintln!("all later:             {}", warm.line());
    eprintln!("that show all they hold {}", plain.line());
    eprintln!("above the most: {beyond}");
    assert!(calls.len() > 450, "only {}", calls.len());
    assert!(by_model.len() >= 5 && warm.0.len() >= 40, "only {} later calls", warm.0.len());
    assert!(warm.quantile(0.5) < 0.10, "median {}", warm.quantile(0.5));
    assert!(beyond <= calls.len() / 50, "{beyond} were above the most");
}
