//! Chat callers, Responses models.

use super::Want::{Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Chat, Responses};

const PLAIN: &[Row] = &[
    ("nothing", r#"{}"#, Says(r#"{}"#)),
    (
        "max_completion_tokens",
        r#"{"max_completion_tokens":77}"#,
        Says(r#"{"max_output_tokens":77}"#),
    ),
    ("max_tokens", r#"{"max_tokens":77}"#, Says(r#"{"max_output_tokens":77}"#)),
    (
        "fewer tokens than OpenAI takes",
        r#"{"max_completion_tokens":15}"#,
        Refused("max_completion_tokens"),
    ),
    ("sampling", r#"{"temperature":1.5,"top_p":0.9}"#, Says(r#"{"temperature":1.5,"top_p":0.9}"#)),
    ("top_k of compatible hosts", r#"{"top_k":40}"#, Lost(&["top_k"])),
    ("seed", r#"{"seed":7}"#, Lost(&["seed"])),
    (
        "penalty 0",
        r#"{"presence_penalty":0,"frequency_penalty":0.0}"#,
        Lost(&["frequency_penalty", "presence_penalty"]),
    ),
    ("presence penalty", r#"{"presence_penalty":0.1}"#, Refused("presence_penalty")),
    ("frequency penalty", r#"{"frequency_penalty":1}"#, Refused("frequency_penalty")),
    ("n 1", r#"{"n":1}"#, Says(r#"{}"#)),
    ("n 2", r#"{"n":2}"#, Refused("n")),
    (
        "logprobs",
        r#"{"logprobs":true,"top_logprobs":3}"#,
        Says(r#"{"top_logprobs":3,"include":["message.output_text.logprobs"]}"#),
    ),
    ("logit_bias", r#"{"logit_bias":{"50256":-100}}"#, Refused("logit_bias")),
    ("stop", r#"{"stop":"END"}"#, Refused("stop")),
    (
        "stream",
        r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        Says(r#"{"stream":true}"#),
    ),
    (
        "padding of the stream",
        r#"{"stream":true,"stream_options":{"include_obfuscation":true}}"#,
        Says(r#"{"stream":true,"stream_options":{"include_obfuscation":true}}"#),
    ),
    ("user", r#"{"user":"u1"}"#, Says(r#"{"safety_identifier":"u1"}"#)),
    (
        "what both have",
        r#"{"metadata":{"a":"b"},"service_tier":"flex","prompt_cache_key":"k","prompt_cache_options":{"ttl":"30m"},"prompt_cache_retention":"24h","moderation":{"model":"m"}}"#,
        Says(
            r#"{"metadata":{"a":"b"},"service_tier":"flex","prompt_cache_key":"k","prompt_cache_options":{"ttl":"30m"},"prompt_cache_retention":"24h","moderation":{"model":"m"}}"#,
        ),
    ),
    ("verbosity", r#"{"verbosity":"low"}"#, Says(r#"{"text":{"verbosity":"low"}}"#)),
    ("store false", r#"{"store":false}"#, Says(r#"{}"#)),
    ("store true", r#"{"store":true}"#, Says(r#"{"store":true}"#)),
    ("prediction", r#"{"prediction":{"type":"content","content":"x"}}"#, Lost(&["prediction"])),
    (
        "audio out",
        r#"{"modalities":["text","audio"],"audio":{"voice":"ash","format":"wav"}}"#,
        Refused("audio"),
    ),
    ("audio out, without a voice", r#"{"modalities":["audio"]}"#, Refused("modalities")),
    ("web search", r#"{"web_search_options":{}}"#, Refused("web_search_options")),
    ("unknown field", r#"{"brand_new":1}"#, Lost(&["brand_new"])),
    (
        "json_object",
        r#"{"response_format":{"type":"json_object"}}"#,
        Says(r#"{"text":{"format":{"type":"json_object"}}}"#),
    ),
    (
        "json_schema and verbosity",
        r#"{"verbosity":"low","response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","strict":true,"schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}}"#,
        Says(
            r#"{"text":{"verbosity":"low","format":{"type":"json_schema","name":"n","description":"d","strict":true,"schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}}"#,
        ),
    ),
    (
        "json_schema of no strictness",
        r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}"#,
        Says(
            r#"{"text":{"format":{"type":"json_schema","name":"n","strict":false,"schema":{"type":"object"}}}}"#,
        ),
    ),
    (
        "effort, which gpt-4.1 has none of",
        r#"{"reasoning_effort":"low"}"#,
        Lost(&["reasoning_effort"]),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"x":{"type":"number","minimum":1.0}}}}}]}"#,
        Says(
            r#"{"tools":[{"type":"function","name":"f","description":"d","strict":false,"parameters":{"type":"object","properties":{"x":{"type":"number","minimum":1.0}}}}]}"#,
        ),
    ),
    (
        "tool without arguments",
        r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#,
        Says(
            r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}]}"#,
        ),
    ),
    (
        "strict tool",
        r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}}}]}"#,
        Says(
            r#"{"tools":[{"type":"function","name":"f","strict":true,"parameters":{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}}]}"#,
        ),
    ),
    (
        "strict tool that OpenAI would refuse",
        r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"a":{}}}}}]}"#,
        Partly(
            r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object","properties":{"a":{}}}}]}"#,
            &["tools.function.strict"],
        ),
    ),
    (
        "functions",
        r#"{"functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"}}"#,
        Says(
            r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object"}}],"tool_choice":{"type":"function","name":"f"}}"#,
        ),
    ),
    (
        "free-text tool with a grammar",
        r#"{"tools":[{"type":"custom","custom":{"name":"sql","description":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: X"}}}}],"tool_choice":{"type":"custom","custom":{"name":"sql"}}}"#,
        Says(
            r#"{"tools":[{"type":"custom","name":"sql","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: X"}}],"tool_choice":{"type":"custom","name":"sql"}}"#,
        ),
    ),
    ("odd name", r#"{"tools":[{"type":"function","function":{"name":"a.b"}}]}"#, Refused("tools")),
    ("hosted tool of a host", r#"{"tools":[{"type":"retrieval"}]}"#, Refused("tools.hosted")),
];

/// Each said beside two tools, `f` and `g`.
const CHOICES: &[Row] = &[
    ("auto", r#"{"tool_choice":"auto"}"#, Says(r#"{"tool_choice":"auto"}"#)),
    ("none", r#"{"tool_choice":"none"}"#, Says(r#"{"tool_choice":"none"}"#)),
    ("required", r#"{"tool_choice":"required"}"#, Says(r#"{"tool_choice":"required"}"#)),
    (
        "named",
        r#"{"tool_choice":{"type":"function","function":{"name":"g"}}}"#,
        Says(r#"{"tool_choice":{"type":"function","name":"g"}}"#),
    ),
    (
        "allowed",
        r#"{"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}}"#,
        Says(
            r#"{"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"}]}}"#,
        ),
    ),
    ("one at a time", r#"{"parallel_tool_calls":false}"#, Says(r#"{"parallel_tool_calls":false}"#)),
];

const TURNS: &[Row] = &[
    (
        "system",
        r#"{"messages":[{"role":"system","content":"A"},{"role":"user","content":"Hi"}]}"#,
        Says(r#"{"instructions":"A"}"#),
    ),
    (
        "system and developer",
        r#"{"messages":[{"role":"system","content":"A"},{"role":"developer","content":"B"},{"role":"user","content":"Hi"}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"system","content":[{"type":"input_text","text":"A"},{"type":"input_text","text":"B"}]},{"type":"message","role":"user","content":"Hi"}]}"#,
        ),
    ),
    (
        "system in the middle",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"developer","content":"Be brief"}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"message","role":"system","content":"Be brief"}]}"#,
        ),
    ),
    (
        "name",
        r#"{"messages":[{"role":"user","name":"Ann","content":"Hi"}]}"#,
        Lost(&["messages.name"]),
    ),
    (
        "refusal in history",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":null,"refusal":"No."},{"role":"user","content":"B"}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":"A"},{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"refusal","refusal":"No."}]},{"type":"message","role":"user","content":"B"}]}"#,
        ),
    ),
    (
        "thoughts of a compatible host",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","reasoning_content":"hm","content":"Yo"},{"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"input":[{"type":"message","role":"user","content":"A"},{"type":"message","role":"assistant","content":"Yo"},{"type":"message","role":"user","content":"B"}]}"#,
            &["messages.reasoning_content"],
        ),
    ),
    (
        "parallel calls, results out of order",
        r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","content":"Let me see","tool_calls":[
        {"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1.0}"}},
        {"id":"call_2","type":"function","function":{"name":"g","arguments":""}}]},
        {"role":"tool","tool_call_id":"call_2","content":"two"},{"role":"tool","tool_call_id":"call_1","content":[{"type":"text","text":"one"}]},
        {"role":"user","content":"And?"}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"message","role":"assistant","content":"Let me see"},{"type":"function_call","call_id":"call_1","name":"f","arguments":"{\"x\":1.0}"},{"type":"function_call","call_id":"call_2","name":"g","arguments":"{}"},{"type":"function_call_output","call_id":"call_1","output":"one"},{"type":"function_call_output","call_id":"call_2","output":"two"},{"type":"message","role":"user","content":"And?"}]}"#,
        ),
    ),
    (
        "free-text call",
        r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"sql","input":"select 1"}}]},{"role":"tool","tool_call_id":"c","content":"1"}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"custom_tool_call","call_id":"c","name":"sql","input":"select 1"},{"type":"custom_tool_call_output","call_id":"c","output":"1"}]}"#,
        ),
    ),
    (
        "an id too long for OpenAI, the same of call and result",
        r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","content":"1"}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"function_call","call_id":"call_d1ccf2e1b41a4990","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"call_d1ccf2e1b41a4990","output":"1"}]}"#,
        ),
    ),
    (
        "a call without its result",
        r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]}"#,
        Refused("messages.tool"),
    ),
    (
        "image data",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"What?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO","detail":"low"}}]}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"What?"},{"type":"input_image","image_url":"data:image/png;base64,iVBO","detail":"low"}]}]}"#,
        ),
    ),
    (
        "image address",
        r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.io/a"}}]}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_image","image_url":"https://x.io/a","detail":"auto"}]}]}"#,
        ),
    ),
    (
        "PDF",
        r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}]}]}"#,
        ),
    ),
    (
        "uploaded file",
        r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}"#,
        Refused("messages.file"),
    ),
    (
        "audio",
        r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]}]}"#,
        Refused("messages.input_audio"),
    ),
    (
        "an answer in sound",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","audio":{"id":"a"}},{"role":"user","content":"So"}]}"#,
        Refused("messages.audio"),
    ),
    (
        "breakpoint, which gpt-4.1 does not know",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
        Lost(&["cache_control"]),
    ),
];

#[test]
fn fields() {
    check(Chat, Responses, "gpt-4.1", PLAIN);
}

#[test]
fn tools() {
    check(Chat, Responses, "gpt-4.1", TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},{"type":"function","function":{"name":"g","parameters":{"type":"object"}}}]}"#,
        r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object"}},{"type":"function","name":"g","strict":false,"parameters":{"type":"object"}}]}"#,
        Chat,
        Responses,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Chat, Responses, "gpt-4.1", TURNS);
}

#[test]
fn models_that_reason() {
    check(
        Chat,
        Responses,
        "gpt-5.6",
        &[
            ("nothing", r#"{}"#, Says(r#"{"include":["reasoning.encrypted_content"]}"#)),
            (
                "effort beside tools",
                r#"{"reasoning_effort":"high","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
                Says(
                    r#"{"reasoning":{"effort":"high"},"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object"}}],"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
            (
                "all effort",
                r#"{"reasoning_effort":"max"}"#,
                Says(r#"{"reasoning":{"effort":"max"},"include":["reasoning.encrypted_content"]}"#),
            ),
            (
                "logprobs",
                r#"{"logprobs":true}"#,
                Says(
                    r#"{"include":["reasoning.encrypted_content","message.output_text.logprobs"]}"#,
                ),
            ),
            (
                "breakpoint",
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}"#,
                Says(
                    r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit","ttl":"12h"}}]}],"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
            ("stop", r#"{"stop":["a"]}"#, Refused("stop")),
            (
                "breakpoint in OpenAI's own spelling",
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit","ttl":"30m"}}]}]}"#,
                Says(
                    r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit","ttl":"30m"}}]}],"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
        ],
    );
}
