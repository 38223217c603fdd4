//! What the command-line agents send, first and in the middle of their work (`wire.md` §8).

use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use serde_json::Value;

use crate::support::send;

const CLAUDE_CODE: &str = r#"{"model":"asked","max_tokens":32000,"stream":true,
    "thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"high"},
    "context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},
    "metadata":{"user_id":"{\"device_id\":\"0123456789abcdef0123456789abcdef0123456789abcdef\",\"account_uuid\":\"\",\"session_id\":\"6f1c\"}"},
    "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=sdk-cli;"},
        {"type":"text","text":"You are Claude Code.","cache_control":{"type":"ephemeral"}}],
    "tools":[{"name":"Bash","description":"Runs","input_schema":{"$schema":"https://json-schema.org/draft/2020-12/schema",
        "type":"object","properties":{"command":{"type":"string"},"timeout":{"type":"number","exclusiveMinimum":0}},
        "required":["command"],"additionalProperties":false}}],
    "messages":[{"role":"user","content":[{"type":"text","text":"<system-reminder>x</system-reminder>"},{"type":"text","text":"List","cache_control":{"type":"ephemeral"}}]},
        {"role":"system","content":[{"type":"text","text":"Now in plan mode","cache_control":{"type":"ephemeral"}}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"c2ln"},
            {"type":"tool_use","id":"toolu_01","name":"Bash","input":{"command":"ls"},"caller":{"type":"direct"}},
            {"type":"tool_use","id":"toolu_02","name":"Bash","input":{"command":"cd x"}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01","content":"a\nb","is_error":false},
            {"type":"tool_result","tool_use_id":"toolu_02","content":"<tool_use_error>no</tool_use_error>","is_error":true,"cache_control":{"type":"ephemeral"}}]}]}"#;

const GEMINI_CLI: &str = r#"{"systemInstruction":{"role":"user","parts":[{"text":"You are a CLI agent"}]},
    "contents":[{"role":"user","parts":[{"text":"ctx"}]},{"role":"user","parts":[{"text":"List"}]},
        {"role":"model","parts":[{"text":"**Looking**","thought":true},{"functionCall":{"name":"list_directory","args":{"dir_path":"."}},"thoughtSignature":"c2ln"},
            {"functionCall":{"name":"read_file","args":{"file_path":"a"}}}]},
        {"role":"user","parts":[{"functionResponse":{"id":"list_directory-1","name":"list_directory","response":{"output":"a\nb"}}},
            {"functionResponse":{"id":"read_file-1","name":"read_file","response":{"error":"no such file"}}}]}],
    "tools":[{"functionDeclarations":[{"name":"list_directory","description":"Lists","parametersJsonSchema":{"type":"object",
        "properties":{"dir_path":{"type":"string"}},"required":["dir_path"]}},{"name":"read_file","description":"Reads","parametersJsonSchema":{"type":"object",
        "properties":{"file_path":{"type":"string"}},"required":["file_path"]}}]}],
    "generationConfig":{"temperature":1,"topP":0.95,"topK":64,"thinkingConfig":{"includeThoughts":true,"thinkingBudget":8192}}}"#;

const CODEX: &str = r#"{"model":"asked","stream":true,"store":false,"instructions":"You are Codex",
    "include":["reasoning.encrypted_content"],"reasoning":{"effort":"medium","summary":"auto"},"prompt_cache_key":"6f1c",
    "client_metadata":{"x-codex-installation-id":"0123"},"tool_choice":"auto","parallel_tool_calls":true,"text":{"verbosity":"low"},
    "input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"Sandboxed"}]},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"<environment_context>x</environment_context>"}]},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"List"}]},
        {"type":"reasoning","summary":[{"type":"summary_text","text":"**Looking**"}],"content":null},
        {"type":"message","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"I'll look"}]},
        {"type":"function_call","name":"shell","arguments":"{\"command\":[\"ls\"]}","call_id":"call_a"},
        {"type":"function_call_output","call_id":"call_a","output":"a\nb"}],
    "tools":[{"type":"function","name":"shell","description":"Runs","strict":false,"parameters":{"type":"object",
        "properties":{"command":{"type":"array","items":{"type":"string"}}},"required":["command"],"additionalProperties":false}}]}"#;

const CHAT_AGENT: &str = r#"{"model":"asked","stream":true,"stream_options":{"include_usage":true},"store":false,
    "parallel_tool_calls":true,"tool_choice":"auto","reasoning_effort":"medium","prompt_cache_key":"agent-1","safety_identifier":"u1",
    "messages":[{"role":"developer","content":"You are an agent"},{"role":"user","content":[{"type":"text","text":"List"}]},
        {"role":"assistant","content":null,"refusal":null,"annotations":[],"tool_calls":[{"id":"call_a","type":"function","function":{"name":"ls","arguments":"{\"path\": \".\"}"}}]},
        {"role":"tool","tool_call_id":"call_a","content":"[\"a\"]"}],
    "tools":[{"type":"function","function":{"name":"ls","description":"Lists","strict":true,"parameters":{"type":"object",
        "properties":{"path":{"type":"string"}},"required":["path"],"additionalProperties":false}}}]}"#;

#[test]
fn agents_are_served_by_models_of_every_schema() {
    let rows: [(Schema, &str, Schema, &str, &[&str]); 15] = [
        (
            Claude,
            CLAUDE_CODE,
            Chat,
            "gpt-5.2",
            &[
                "cache_control",
                "context_management",
                "messages.content.caller",
                "messages.thinking",
                "metadata.user_id",
            ],
        ),
        (
            Claude,
            CLAUDE_CODE,
            Chat,
            "qwen3-coder",
            &[
                "cache_control",
                "context_management",
                "messages.content.caller",
                "messages.thinking",
                "metadata.user_id",
                "thinking",
            ],
        ),
        (
            Claude,
            CLAUDE_CODE,
            Gemini,
            "gemini-3-flash-preview",
            &[
                "cache_control",
                "context_management",
                "messages.content.caller",
                "messages.thinking",
                "metadata.user_id",
                "system",
                "tools",
            ],
        ),
        (
            Gemini,
            GEMINI_CLI,
            Chat,
            "gpt-5.2",
            &["contents.parts.thought", "generationConfig.thinkingConfig", "generationConfig.topK"],
        ),
        // With a budget Claude wants the thoughts before calls back, which another's history lacks.
        (
            Gemini,
            GEMINI_CLI,
            Claude,
            "claude-sonnet-4-5",
            &["contents.parts.thought", "generationConfig.thinkingConfig"],
        ),
        (
            Claude,
            CLAUDE_CODE,
            Responses,
            "gpt-5.6",
            &[
                "context_management",
                "messages.content.caller",
                "messages.thinking",
                "metadata.user_id",
            ],
        ),
        (
            Gemini,
            GEMINI_CLI,
            Responses,
            "gpt-5.6",
            &["contents.parts.thought", "generationConfig.topK"],
        ),
        (Chat, CHAT_AGENT, Responses, "gpt-5.6", &[]),
        (
            Responses,
            CODEX,
            Chat,
            "gpt-5.2",
            &["client_metadata", "input.phase", "input.reasoning", "reasoning"],
        ),
        (
            Responses,
            CODEX,
            Chat,
            "qwen3-coder",
            &[
                "client_metadata",
                "input.phase",
                "input.reasoning",
                "prompt_cache_key",
                "reasoning",
                "store",
                "text.verbosity",
            ],
        ),
        (
            Responses,
            CODEX,
            Claude,
            "claude-opus-4-6",
            &[
                "client_metadata",
                "input.phase",
                "input.reasoning",
                "prompt_cache_key",
                "store",
                "text.verbosity",
            ],
        ),
        (
            Responses,
            CODEX,
            Gemini,
            "gemini-3-flash-preview",
            &[
                "client_metadata",
                "input.phase",
                "input.reasoning",
                "prompt_cache_key",
                "store",
                "text.verbosity",
            ],
        ),
        (Chat, CHAT_AGENT, Claude, "claude-opus-4-6", &["prompt_cache_key", "store"]),
        (
            Chat,
            CHAT_AGENT,
            Claude,
            "claude-sonnet-4-5",
            &["prompt_cache_key", "reasoning_effort", "store"],
        ),
        (
            Chat,
            CHAT_AGENT,
            Gemini,
            "gemini-3-flash-preview",
            &["prompt_cache_key", "store", "user"],
        ),
    ];
    for (from, body, to, model, losses) in rows {
        let encoded = send(from, to, model, body)
            .unwrap_or_else(|refusal| panic!("{from} to {model}: {refusal:?}"));
        let reported: Vec<&str> = encoded.losses.iter().map(|loss| &*loss.field).collect();
        let text = String::from_utf8(encoded.body.to_vec()).unwrap();
        assert_eq!(reported, losses, "{from} to {model}: {text}");
        // Nothing that is the caller's provider's own comes along.
        for own in ["billing", "ephemeral", "c2ln", "clear_thinking", "caller"] {
            assert!(!text.contains(own), "{from} to {model} tells {own}: {text}");
        }
        // The history ends in the results, each beside its call.
        let body: Value = serde_json::from_str(&text).unwrap();
        let turns = ["messages", "input", "contents"]
            .iter()
            .find_map(|list| body[list].as_array())
            .unwrap();
        let last = turns.last().unwrap();
        let is_result = match to {
            Responses => last["type"] == "function_call_output",
            Chat => last["role"] == "tool",
            Claude => last["content"].as_array().unwrap().last().unwrap()["type"] == "tool_result",
            Gemini => {
                last["parts"].as_array().unwrap().last().unwrap().get("functionResponse").is_some()
            }
        };
        assert!(is_result, "{from} to {model}: {text}");
    }
}
