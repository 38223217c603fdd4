//! Why answers end (`wire.md` §3.1).

use providers::Schema;

/// Why an answer ended: the provider, its word, and an answer that ends so (`wire.md` §3.1).
pub(super) const ENDS: &[(Schema, &str, &str)] = &[
    (
        Schema::Chat,
        "`stop`",
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo"},"finish_reason":"stop"}]}"#,
    ),
    (
        Schema::Chat,
        "`length`",
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo"},"finish_reason":"length"}]}"#,
    ),
    (
        Schema::Chat,
        "`tool_calls`",
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]}"#,
    ),
    (
        Schema::Chat,
        "`content_filter`",
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo"},"finish_reason":"content_filter"}]}"#,
    ),
    (
        Schema::Responses,
        "`completed`",
        r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]}]}"#,
    ),
    (
        Schema::Responses,
        "`completed` with a call",
        r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]},{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}","status":"completed"}]}"#,
    ),
    (
        Schema::Responses,
        "`incomplete: max_output_tokens`",
        r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]}],"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#,
    ),
    (
        Schema::Responses,
        "`incomplete: content_filter`",
        r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]}],"status":"incomplete","incomplete_details":{"reason":"content_filter"}}"#,
    ),
    (Schema::Claude, "`end_turn`", r#"{"content":[{"type":"text","text":"Yo"}]}"#),
    (
        Schema::Claude,
        "`stop_sequence`",
        r#"{"content":[{"type":"text","text":"Yo"}],"stop_reason":"stop_sequence","stop_sequence":"END"}"#,
    ),
    (
        Schema::Claude,
        "`max_tokens`",
        r#"{"content":[{"type":"text","text":"Yo"}],"stop_reason":"max_tokens"}"#,
    ),
    (
        Schema::Claude,
        "`model_context_window_exceeded`",
        r#"{"content":[{"type":"text","text":"Yo"}],"stop_reason":"model_context_window_exceeded"}"#,
    ),
    (
        Schema::Claude,
        "`tool_use`",
        r#"{"content":[{"type":"text","text":"Yo"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}],"stop_reason":"tool_use"}"#,
    ),
    (
        Schema::Claude,
        "`refusal`",
        r#"{"content":[{"type":"text","text":"Yo"}],"stop_reason":"refusal"}"#,
    ),
    (
        Schema::Claude,
        "`pause_turn`",
        r#"{"content":[{"type":"text","text":"Yo"}],"stop_reason":"pause_turn"}"#,
    ),
    (
        Schema::Gemini,
        "`STOP`",
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"STOP","index":0}]}"#,
    ),
    (
        Schema::Gemini,
        "`STOP` with a call",
        r#"{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},"finishReason":"STOP","index":0}]}"#,
    ),
    (
        Schema::Gemini,
        "`MAX_TOKENS`",
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"MAX_TOKENS","index":0}]}"#,
    ),
    (
        Schema::Gemini,
        "`SAFETY`",
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"SAFETY","index":0}]}"#,
    ),
    (
        Schema::Gemini,
        "`RECITATION`",
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"RECITATION","index":0}]}"#,
    ),
    (
        Schema::Gemini,
        "a blocked prompt",
        r#"{"candidates":null,"promptFeedback":{"blockReason":"SAFETY"}}"#,
    ),
    (
        Schema::Gemini,
        "`MALFORMED_FUNCTION_CALL`",
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"MALFORMED_FUNCTION_CALL","index":0}]}"#,
    ),
    (
        Schema::Gemini,
        "`CONTINUATION`",
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"CONTINUATION","index":0}]}"#,
    ),
];
