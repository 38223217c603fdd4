//! Requests, pair by pair, feature by feature (`wire.md` §3, §5.1, §5.2, §5.4).
//!
//! A row says what is merged into the smallest request of the caller's schema, and what is then
//! found in the provider's besides the smallest translated request.

mod chat_to_claude;
mod chat_to_gemini;
mod chat_to_responses;
mod claude_to_chat;
mod claude_to_gemini;
mod claude_to_responses;
mod clients;
mod gemini_to_chat;
mod gemini_to_claude;
mod gemini_to_responses;
mod responses_to_chat;
mod responses_to_claude;
mod responses_to_gemini;

use providers::Schema;
use serde_json::Value;

use super::support::{json, patch, send, smallest};

/// What is to become of a row.
enum Want {
    /// All of it arrives.
    Says(&'static str),
    /// It is left out, and these fields are reported.
    Lost(&'static [&'static str]),
    /// Some of it arrives, and these fields are reported.
    Partly(&'static str, &'static [&'static str]),
    /// All of it arrives, and these fields are said in another way.
    Emulated(&'static str, &'static [&'static str]),
    /// The request is refused, and this field is blamed.
    Refused(&'static str),
}

/// Its name, what the caller says, what becomes of it.
type Row = (&'static str, &'static str, Want);

/// The smallest request of a pair, translated, without its model.
fn translated(from: Schema, to: Schema) -> Value {
    let mut body = json(match to {
        Schema::Responses => {
            r#"{"input":[{"type":"message","role":"user","content":"Hi"}],"store":false}"#
        }
        Schema::Chat => r#"{"messages":[{"role":"user","content":"Hi"}]}"#,
        Schema::Claude => {
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}"#
        }
        Schema::Gemini => r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}"#,
    });
    let limit = match (from, to) {
        // Claude is always told how long an answer may be, and Claude's callers always tell.
        (_, Schema::Claude) => r#"{"max_tokens":64000}"#,
        (Schema::Claude, Schema::Responses) => r#"{"max_output_tokens":100}"#,
        (Schema::Claude, Schema::Chat) => r#"{"max_completion_tokens":100}"#,
        (Schema::Claude, Schema::Gemini) => r#"{"generationConfig":{"maxOutputTokens":100}}"#,
        _ => "{}",
    };
    patch(&mut body, &json(limit));
    body
}

/// Sees that each row becomes what it is to become.
fn check(from: Schema, to: Schema, model: &str, rows: &[Row]) {
    let mut wrong = Vec::new();
    for (name, says, want) in rows {
        let mut body = smallest(from);
        patch(&mut body, &json(says));
        let found = send(from, to, model, &body.to_string());
        let (wanted, losses, emulated) = match want {
            Want::Refused(field) => {
                match found {
                    Err(refusal) if refusal.field.as_deref() == Some(*field) => {}
                    other => wrong.push(format!("{name}: not refused for {field}: {other:?}")),
                }
                continue;
            }
            Want::Says(wanted) => (*wanted, &[][..], None),
            Want::Lost(losses) => ("{}", *losses, None),
            Want::Partly(wanted, losses) => (*wanted, *losses, None),
            Want::Emulated(wanted, emulated) => (*wanted, &[][..], Some(*emulated)),
        };
        let encoded = match found {
            Ok(encoded) => encoded,
            Err(refusal) => {
                wrong.push(format!("{name}: refused: {refusal:?}"));
                continue;
            }
        };
        let mut wanted_body = translated(from, to);
        if to != Schema::Gemini {
            wanted_body["model"] = model.into();
        }
        patch(&mut wanted_body, &json(wanted));
        let found_body: Value = serde_json::from_slice(&encoded.body).unwrap();
        if found_body != wanted_body {
            wrong.push(format!("{name}:\n   found {found_body}\n  wanted {wanted_body}"));
        }
        let reported: Vec<&str> = encoded.losses.iter().map(|loss| &*loss.field).collect();
        if reported != losses {
            wrong.push(format!("{name}: reported {reported:?}, not {losses:?}"));
        }
        let said: Vec<&str> = encoded.emulated.iter().map(|loss| &*loss.field).collect();
        if emulated.is_some_and(|emulated| said != emulated) {
            wrong.push(format!("{name}: emulated {said:?}, not {emulated:?}"));
        }
    }
    let count = wrong.len();
    assert!(wrong.is_empty(), "{from} to {to}: {count} rows are wrong\n{}", wrong.join("\n"));
}

/// The same, of rows that are said beside something else, which becomes `becomes`.
fn beside(says: &'static str, becomes: &'static str, from: Schema, to: Schema, rows: &[Row]) {
    let merged = |one: &str, other: &str| -> &'static str {
        let mut all = json(one);
        patch(&mut all, &json(other));
        // Tests end; rows are static so that tables can be.
        Box::leak(all.to_string().into_boxed_str())
    };
    let rows: Vec<Row> = rows
        .iter()
        .map(|(name, row, want)| {
            let want = match want {
                Want::Says(wanted) => Want::Says(merged(becomes, wanted)),
                Want::Lost(losses) => Want::Partly(becomes, losses),
                Want::Partly(wanted, losses) => Want::Partly(merged(becomes, wanted), losses),
                Want::Emulated(wanted, emulated) => {
                    Want::Emulated(merged(becomes, wanted), emulated)
                }
                Want::Refused(field) => Want::Refused(field),
            };
            (*name, merged(says, row), want)
        })
        .collect();
    check(from, to, super::support::able_model(to), &rows);
}
