//! Chat callers, Claude models.

use super::Want::{Emulated, Lost, Partly, Refused, Says};
use super::{Row, check};
use providers::Schema;

const PLAIN: &[Row] = &[
    ("nothing", "{}", Says("{}")),
    ("null fields", r#"{"temperature":null,"tools":null,"stop":null,"user":null}"#, Says("{}")),
    // Limits and sampling.
    ("max_completion_tokens", r#"{"max_completion_tokens":5}"#, Says(r#"{"max_tokens":5}"#)),
    ("max_tokens", r#"{"max_tokens":5}"#, Says(r#"{"max_tokens":5}"#)),
    ("too many tokens", r#"{"max_completion_tokens":64001}"#, Refused("max_completion_tokens")),
    ("temperature", r#"{"temperature":0.5}"#, Says(r#"{"temperature":0.5}"#)),
    ("temperature 1.0", r#"{"temperature":1.0}"#, Says(r#"{"temperature":1.0}"#)),
    ("temperature above 1", r#"{"temperature":1.5}"#, Refused("temperature")),
    ("top_p", r#"{"top_p":0.9}"#, Says(r#"{"top_p":0.9}"#)),
    ("top_k of compatible hosts", r#"{"top_k":40}"#, Says(r#"{"top_k":40}"#)),
    ("seed", r#"{"seed":7}"#, Lost(&["seed"])),
    (
        "penalty 0",
        r#"{"presence_penalty":0,"frequency_penalty":0.0}"#,
        Lost(&["frequency_penalty", "presence_penalty"]),
    ),
    ("presence penalty", r#"{"presence_penalty":0.1}"#, Refused("presence_penalty")),
    ("frequency penalty", r#"{"frequency_penalty":1}"#, Refused("frequency_penalty")),
    ("n 1", r#"{"n":1}"#, Says("{}")),
    ("n 2", r#"{"n":2}"#, Refused("n")),
    ("logprobs", r#"{"logprobs":true,"top_logprobs":3}"#, Refused("logprobs")),
    ("no logprobs", r#"{"logprobs":false}"#, Says("{}")),
    ("logit_bias", r#"{"logit_bias":{"50256":-100}}"#, Refused("logit_bias")),
    ("stop", r#"{"stop":"END"}"#, Says(r#"{"stop_sequences":["END"]}"#)),
    ("stops", r#"{"stop":["a","b"]}"#, Says(r#"{"stop_sequences":["a","b"]}"#)),
    ("blank stop", r#"{"stop":["\n\n"]}"#, Refused("stop")),
    (
        "stream",
        r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        Says(r#"{"stream":true}"#),
    ),
    ("no padding of the stream", r#"{"stream_options":{"include_obfuscation":false}}"#, Says("{}")),
    (
        "padding of the stream",
        r#"{"stream_options":{"include_obfuscation":true}}"#,
        Lost(&["stream_options.include_obfuscation"]),
    ),
    // Who, where, how.
    ("user", r#"{"user":"u1"}"#, Says(r#"{"metadata":{"user_id":"u1"}}"#)),
    (
        "safety_identifier",
        r#"{"safety_identifier":"u1"}"#,
        Says(r#"{"metadata":{"user_id":"u1"}}"#),
    ),
    (
        "hints",
        r#"{"service_tier":"flex","verbosity":"low","prompt_cache_key":"k","metadata":{"a":"b"},
        "prediction":{"type":"content","content":"x"},"prompt_cache_retention":"24h"}"#,
        Lost(&[
            "metadata",
            "prediction",
            "prompt_cache_key",
            "prompt_cache_retention",
            "service_tier",
            "verbosity",
        ]),
    ),
    ("store false", r#"{"store":false}"#, Lost(&["store"])),
    ("store true", r#"{"store":true}"#, Refused("store")),
    ("text out", r#"{"modalities":["text"]}"#, Lost(&["modalities"])),
    (
        "audio out",
        r#"{"modalities":["text","audio"],"audio":{"voice":"ash","format":"wav"}}"#,
        Refused("audio"),
    ),
    ("web search", r#"{"web_search_options":{}}"#, Refused("web_search_options")),
    ("unknown field", r#"{"brand_new":1}"#, Lost(&["brand_new"])),
    // Format.
    ("text", r#"{"response_format":{"type":"text"}}"#, Says("{}")),
    (
        "json_object",
        r#"{"response_format":{"type":"json_object"}}"#,
        Emulated(
            r#"{"system":[{"type":"text","text":"Answer with one valid JSON value and nothing else: no prose, no Markdown code fence."}]}"#,
            &["response_format"],
        ),
    ),
    (
        "what a json_schema is for",
        r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"A book.",
        "schema":{"type":"object","properties":{},"additionalProperties":false}}}}"#,
        Partly(
            r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{},"additionalProperties":false}}}}"#,
            &["response_format.json_schema.description", "response_format.json_schema.name"],
        ),
    ),
    (
        "json_schema",
        r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,
        "schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}}"#,
        Partly(
            r#"{"output_config":{"format":{"type":"json_schema",
            "schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}}"#,
            &["response_format.json_schema.name"],
        ),
    ),
    (
        "json_schema that is stricter than Claude can be",
        r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n",
        "schema":{"type":"object","properties":{"a":{"type":"integer","minimum":3}},"required":["a"],"additionalProperties":false}}}}"#,
        Partly(
            r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object",
            "properties":{"a":{"type":"integer","description":"{minimum: 3}"}},"required":["a"],"additionalProperties":false}}}}"#,
            &["response_format.json_schema.name", "response_format.json_schema.schema"],
        ),
    ),
    // Effort, on a model that is told by budget.
    (
        "effort",
        r#"{"reasoning_effort":"medium"}"#,
        Says(r#"{"thinking":{"type":"enabled","budget_tokens":8192}}"#),
    ),
    ("no effort", r#"{"reasoning_effort":"none"}"#, Says("{}")),
    (
        "effort in a short answer",
        r#"{"reasoning_effort":"high","max_completion_tokens":4000}"#,
        Says(r#"{"max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":2000}}"#),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"type":"function","function":{"name":"f","description":"d",
        "parameters":{"type":"object","properties":{"x":{"type":"number","minimum":1e0}}}}}]}"#,
        Says(
            r#"{"tools":[{"name":"f","description":"d",
            "input_schema":{"type":"object","properties":{"x":{"type":"number","minimum":1e0}}}}]}"#,
        ),
    ),
    (
        "tool without arguments",
        r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#,
        Says(r#"{"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]}"#),
    ),
    (
        "strict tool",
        r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,
        "parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}]}"#,
        Says(
            r#"{"tools":[{"name":"f","strict":true,
            "input_schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}]}"#,
        ),
    ),
    (
        "functions",
        r#"{"functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"}}"#,
        Says(
            r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"}}"#,
        ),
    ),
    (
        "custom tool",
        r#"{"tools":[{"type":"custom","custom":{"name":"sql"}}]}"#,
        Refused("tools.custom"),
    ),
    ("odd name", r#"{"tools":[{"type":"function","function":{"name":"a.b"}}]}"#, Refused("tools")),
];

/// Each said beside two tools, `f` and `g`.
const CHOICES: &[Row] = &[
    ("auto", r#"{"tool_choice":"auto"}"#, Says(r#"{"tool_choice":{"type":"auto"}}"#)),
    ("none", r#"{"tool_choice":"none"}"#, Says(r#"{"tool_choice":{"type":"none"}}"#)),
    ("required", r#"{"tool_choice":"required"}"#, Says(r#"{"tool_choice":{"type":"any"}}"#)),
    (
        "named",
        r#"{"tool_choice":{"type":"function","function":{"name":"g"}}}"#,
        Says(r#"{"tool_choice":{"type":"tool","name":"g"}}"#),
    ),
    (
        "one at a time",
        r#"{"parallel_tool_calls":false}"#,
        Says(r#"{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}"#),
    ),
    (
        "one at least and at most",
        r#"{"parallel_tool_calls":false,"tool_choice":"required"}"#,
        Says(r#"{"tool_choice":{"type":"any","disable_parallel_tool_use":true}}"#),
    ),
    ("many", r#"{"parallel_tool_calls":true}"#, Says("{}")),
    (
        "allowed",
        r#"{"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required",
        "tools":[{"type":"function","function":{"name":"g"}}]}}}"#,
        Says(
            r#"{"tools":[{"name":"g","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}}"#,
        ),
    ),
    (
        "forced while thinking by budget",
        r#"{"tool_choice":"required","reasoning_effort":"low"}"#,
        Refused("tool_choice"),
    ),
];

const PNG: &str = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"What?"},
    {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO","detail":"low"}}]}]}"#;

const TURNS: &[Row] = &[
    (
        "system and developer",
        r#"{"messages":[{"role":"system","content":"A"},{"role":"developer","content":[{"type":"text","text":"B"}]},
        {"role":"user","content":"Hi"}]}"#,
        Says(r#"{"system":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}"#),
    ),
    (
        "system in the middle",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"},
        {"role":"user","content":"So"},{"role":"system","content":"Be brief"}]}"#,
        Emulated(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]},
            {"role":"assistant","content":[{"type":"text","text":"Yo"}]},
            {"role":"user","content":[{"type":"text","text":"So"},{"type":"text","text":"<system>\nBe brief\n</system>"}]}]}"#,
            &["messages.system"],
        ),
    ),
    (
        "turns of one role",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"user","content":"B"}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}]}"#,
        ),
    ),
    (
        "empty parts",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"Hi"}]},
        {"role":"assistant","content":""},{"role":"user","content":"So"}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":"So"}]}]}"#,
        ),
    ),
    ("nothing at all", r#"{"messages":[{"role":"user","content":""}]}"#, Refused("messages")),
    (
        "the model first",
        r#"{"messages":[{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
        Refused("messages"),
    ),
    (
        "name",
        r#"{"messages":[{"role":"user","name":"Ann","content":"Hi"}]}"#,
        Lost(&["messages.name"]),
    ),
    (
        "refusal in history",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":null,"refusal":"No."},
        {"role":"user","content":"B"}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"A"}]},
            {"role":"assistant","content":[{"type":"text","text":"No."}]},{"role":"user","content":[{"type":"text","text":"B"}]}]}"#,
        ),
    ),
    (
        "thoughts of a compatible host",
        r#"{"messages":[{"role":"user","content":"A"},
        {"role":"assistant","reasoning_content":"hm","content":"Yo"},{"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"A"}]},
            {"role":"assistant","content":[{"type":"text","text":"Yo"}]},{"role":"user","content":[{"type":"text","text":"B"}]}]}"#,
            &["messages.reasoning_content"],
        ),
    ),
    // R tags of `wire.md` §5.2: results out of order, text beside the calls, a failed tool.
    (
        "parallel calls, results out of order",
        r#"{"messages":[{"role":"user","content":"Go"},
        {"role":"assistant","content":"Let me see","tool_calls":[
            {"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1.0}"}},
            {"id":"call_2","type":"function","function":{"name":"g","arguments":""}}]},
        {"role":"tool","tool_call_id":"call_2","content":"two"},
        {"role":"tool","tool_call_id":"call_1","content":[{"type":"text","text":"one"}]},
        {"role":"user","content":"And?"}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Go"}]},
            {"role":"assistant","content":[{"type":"text","text":"Let me see"},
                {"type":"tool_use","id":"call_1","name":"f","input":{"x":1.0}},
                {"type":"tool_use","id":"call_2","name":"g","input":{}}]},
            {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"one"}]},
                {"type":"tool_result","tool_use_id":"call_2","content":[{"type":"text","text":"two"}]},
                {"type":"text","text":"And?"}]}]}"#,
        ),
    ),
    (
        "a result without its call",
        r#"{"messages":[{"role":"user","content":"Go"},{"role":"tool","tool_call_id":"x","content":"1"}]}"#,
        Refused("messages.tool"),
    ),
    (
        "a call without its result",
        r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[
        {"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"user","content":"?"}]}"#,
        Refused("messages.tool"),
    ),
    (
        "arguments that are no object",
        r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[
        {"id":"c","type":"function","function":{"name":"f","arguments":"oops"}}]},{"role":"tool","tool_call_id":"c","content":"1"}]}"#,
        Refused("messages.tool_calls"),
    ),
    (
        "image data",
        PNG,
        Partly(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"What?"},
            {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]}]}"#,
            &["messages.image_url.detail"],
        ),
    ),
    (
        "image address",
        r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.io/a.png"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x.io/a.png"}}]}]}"#,
        ),
    ),
    (
        "image of a strange type",
        r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/bmp;base64,Qk0="}}]}]}"#,
        Refused("messages.image_url"),
    ),
    (
        "PDF",
        r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"document","title":"a.pdf",
            "source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]}]}"#,
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
        "breakpoint",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
        ),
    ),
];

#[test]
fn fields() {
    check(Schema::Chat, Schema::Claude, "claude-sonnet-4-5", PLAIN);
}

#[test]
fn tools() {
    check(Schema::Chat, Schema::Claude, "claude-sonnet-4-5", TOOLS);
}

#[test]
fn choices() {
    super::beside(
        r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},
            {"type":"function","function":{"name":"g","parameters":{"type":"object"}}}]}"#,
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}]}"#,
        Schema::Chat,
        Schema::Claude,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Schema::Chat, Schema::Claude, "claude-sonnet-4-5", TURNS);
}

#[test]
fn newer_models() {
    const MODEL: &str = "claude-opus-5";
    check(
        Schema::Chat,
        Schema::Claude,
        MODEL,
        &[
            (
                "effort",
                r#"{"reasoning_effort":"xhigh"}"#,
                Partly(
                    r#"{"max_tokens":128000,"thinking":{"type":"adaptive"},"output_config":{"effort":"xhigh"}}"#,
                    &[],
                ),
            ),
            (
                "least effort",
                r#"{"reasoning_effort":"minimal"}"#,
                Partly(
                    r#"{"max_tokens":128000,"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}}"#,
                    &["reasoning_effort"],
                ),
            ),
            (
                "no effort",
                r#"{"reasoning_effort":"none"}"#,
                Says(r#"{"max_tokens":128000,"thinking":{"type":"disabled"}}"#),
            ),
            (
                "default temperature",
                r#"{"temperature":1e0,"top_p":1.0}"#,
                Partly(r#"{"max_tokens":128000}"#, &["temperature", "top_p"]),
            ),
            ("temperature", r#"{"temperature":0.2}"#, Refused("temperature")),
            (
                "prefill",
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"}]}"#,
                Refused("messages"),
            ),
            (
                "system in the middle",
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be brief"}]}"#,
                Says(
                    r#"{"max_tokens":128000,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]},
                {"role":"system","content":[{"type":"text","text":"Be brief"}]}]}"#,
                ),
            ),
        ],
    );
    check(
        Schema::Chat,
        Schema::Claude,
        "claude-opus-5-5",
        &[
            (
                "forced",
                r#"{"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required"}"#,
                Refused("tool_choice"),
            ),
            (
                "no effort, of a model that always thinks",
                r#"{"reasoning_effort":"none"}"#,
                Partly(
                    r#"{"max_tokens":128000,"output_config":{"effort":"low"}}"#,
                    &["reasoning_effort"],
                ),
            ),
        ],
    );
    check(
        Schema::Chat,
        Schema::Claude,
        "claude-sonnet-5-5",
        &[
            (
                "no effort",
                r#"{"reasoning_effort":"none"}"#,
                Emulated(
                    r#"{"max_tokens":128000,"thinking":{"type":"between_tools"}}"#,
                    &["reasoning_effort"],
                ),
            ),
            (
                "system in the middle, which it follows better in the user's turn",
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be brief"}]}"#,
                Emulated(
                    r#"{"max_tokens":128000,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},
                    {"type":"text","text":"<system>\nBe brief\n</system>"}]}]}"#,
                    &["messages.system"],
                ),
            ),
        ],
    );
}

#[test]
fn older_models() {
    const FORMAT: &str = r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,
        "schema":{"type":"object"}}}}"#;
    check(
        Schema::Chat,
        Schema::Claude,
        "claude-3-5-sonnet-latest",
        &[
            (
                "effort",
                r#"{"reasoning_effort":"low"}"#,
                Partly(r#"{"max_tokens":8192}"#, &["reasoning_effort"]),
            ),
            ("a strict answer", FORMAT, Refused("response_format")),
            (
                "JSON of a schema",
                r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}"#,
                Emulated(
                    r#"{"max_tokens":8192,"system":[{"type":"text","text":"Answer with one JSON value that follows this JSON Schema and nothing else: no prose, no Markdown code fence.\n{\"type\":\"object\"}"}]}"#,
                    &["response_format"],
                ),
            ),
        ],
    );
}
