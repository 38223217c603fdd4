//! Features of answers: what callers of each schema get of each.

mod ends;
mod features;

use providers::Schema;
use providers::codec::Reply;
use serde_json::Value;

use crate::page;
use crate::support::{json, patch};
use ends::ENDS;
use features::FEATURES;

/// The smallest answer.
const fn smallest(schema: Schema) -> &'static str {
    match schema {
        Schema::Chat => {
            r#"{"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Yo"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150}}"#
        }
        Schema::Responses => {
            r#"{"id":"resp_1","object":"response","created_at":5,"status":"completed","model":"m","output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]}],"usage":{"input_tokens":100,"output_tokens":50,"total_tokens":150}}"#
        }
        Schema::Claude => {
            r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Yo"}],"stop_reason":"end_turn","usage":{"input_tokens":100,"output_tokens":50}}"#
        }
        Schema::Gemini => {
            r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":50,"totalTokenCount":150},"modelVersion":"m","responseId":"r1"}"#
        }
    }
}

/// What a caller reads of a provider's answer; `None` if that is an error.
fn read(from: Schema, to: Schema, says: &str) -> Option<Value> {
    let mut body = json(smallest(from));
    patch(&mut body, &json(says));
    let body = body.to_string();
    let response = from.codec().decode_response(body.as_bytes()).unwrap();
    let reply = Reply {
        id: "1".to_owned(),
        created: 5,
        include_usage: true,
        include_thoughts: true,
        ..Reply::default()
    };
    let written = to.codec().encode_response(&response, &reply).ok()?;
    Some(serde_json::from_slice(&written).unwrap())
}

/// The sign of what becomes of a feature, given beside something else.
fn sign(
    from: Schema,
    to: Schema,
    (other, says): (&str, &str),
    place: Option<&str>,
) -> &'static str {
    let without = read(from, to, other).unwrap();
    let with = read(from, to, says).unwrap();
    let found = |answer: &Value| place.and_then(|place| answer.pointer(place).cloned());
    let there = found(&with).filter(|value| !value.is_null());
    match (there.is_some() && there != found(&without), with == without) {
        (true, _) => "✓",
        (false, true) => "○",
        (false, false) => "≈",
    }
}

/// The word for an answer's end.
fn end(schema: Schema, answer: &Value) -> String {
    let word = |path: &str| answer.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let word = match schema {
        Schema::Chat => word("/choices/0/finish_reason"),
        Schema::Responses => match word("/incomplete_details/reason") {
            Some(reason) => word("/status").map(|status| format!("{status}: {reason}")),
            None => word("/status"),
        },
        Schema::Claude => word("/stop_reason"),
        Schema::Gemini => {
            word("/candidates/0/finishReason").or_else(|| word("/promptFeedback/blockReason"))
        }
    };
    word.unwrap_or_else(|| panic!("no end: {answer}"))
}

/// The tables of all callers, that of the ends, and how many cells they have.
pub(crate) fn tables() -> (String, usize) {
    let mut out = "## What you get\n\nThe same of answers: what the provider says comes to you in \
        your schema's own place (✓), in another way (≈: a refusal as text, a note where a picture \
        was), or not at all (○), because your schema has no place for it.\n"
        .to_owned();
    let mut cells = 0;
    for to in Schema::ALL {
        let others: Vec<Schema> = Schema::ALL.into_iter().filter(|from| *from != to).collect();
        let mut rows = vec![vec!["Feature".to_owned()]];
        rows[0].extend(others.iter().map(|from| format!("from {}", page::name(*from))));
        for feature in FEATURES {
            if others.iter().all(|from| feature.given_by(*from).is_none()) {
                continue;
            }
            let mut row = vec![feature.name.to_owned()];
            for from in &others {
                row.push(match feature.given_by(*from) {
                    Some(says) => {
                        cells += 1;
                        sign(*from, to, says, feature.found_by(to)).to_owned()
                    }
                    None => String::new(),
                });
            }
            rows.push(row);
        }
        out += &format!("\n### You read {}\n\n{}", page::name(to), page::table(1, &rows));
    }
    let mut rows = vec![vec!["Provider".to_owned(), "says".to_owned()]];
    rows[0].extend(Schema::ALL.map(|to| format!("you read {}", page::name(to))));
    for (from, word, says) in ENDS {
        let mut row = vec![page::name(*from).to_owned(), (*word).to_owned()];
        for to in Schema::ALL {
            row.push(match read(*from, to, says) {
                _ if to == *from => "as it is".to_owned(),
                Some(answer) => format!("`{}`", end(to, &answer)),
                None => "✕".to_owned(),
            });
            cells += usize::from(to != *from);
        }
        rows.push(row);
    }
    out += &format!("\n### Why an answer ended\n\n{}", page::table(2, &rows));
    (out, cells)
}
