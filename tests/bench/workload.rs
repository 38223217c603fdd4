//! What is asked, in which schema and of which size.

/// A model that its provider serves in the caller's own schema.
pub const MODEL: &str = "gpt-5.4";
/// A model that Claude serves, so that everything must be translated.
pub const TRANSLATED: &str = "translated";

/// About 1 KB in each direction.
pub fn small(model: &str) -> String {
    body(model, &filler(700), "[[bytes 700]]", "")
}

/// A prompt of 207 KB; an answer of about 1 KB.
pub fn large(model: &str) -> String {
    body(model, &filler(207 * 1024), "[[bytes 700]]", "")
}

/// A stream of so many tokens as fast as they come, from Claude.
pub fn burst(tokens: usize) -> String {
    body(TRANSLATED, &filler(700), &format!("[[chunks {tokens}]]"), ",\"stream\":true")
}

/// A stream of so many tokens, each the time of its writing.
pub fn stream(model: &str, tokens: usize, every_ms: u64) -> String {
    let ask = format!("[[chunks {tokens} every {every_ms}ms stamped]]");
    body(model, &filler(700), &ask, ",\"stream\":true")
}

fn body(model: &str, context: &str, ask: &str, more: &str) -> String {
    format!(
        "{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"system\",\"content\":\"You are \
         terse.\"}},{{\"role\":\"user\",\"content\":\"{context}\"}},{{\"role\":\"assistant\",\
         \"content\":\"Understood.\"}},{{\"role\":\"user\",\"content\":\"Go on. {ask}\"}}],\
         \"max_completion_tokens\":1024{more}}}"
    )
}

/// Text with as many escapes as prose in JSON has.
fn filler(bytes: usize) -> String {
    let sentences = "The ledger was opened before anyone had asked for it, and closed when the last \
                     of the clerks had gone home. \\\"Nothing is missing,\\\" wrote the auditor in \
                     the margin, and drew a line under it.\\n";
    sentences.repeat(bytes.div_ceil(sentences.len()))
}
