//! Nothing a caller says may vanish: each known field of each surface (`wire.md` §2), added alone
//! to the smallest request, is found in what the provider gets, is reported, or is refused.

use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use serde_json::Value;

use super::support::{CROSS, able_model, json, patch, send, smallest};

/// Fields whose value here says what is so anyway, so that nothing is lost without them.
const SAYS_NOTHING: [(Schema, &str); 9] = [
    (Chat, r#"{"n":1}"#),
    (Chat, r#"{"response_format":{"type":"text"}}"#),
    (Chat, r#"{"stream_options":{"include_usage":true}}"#),
    (Responses, r#"{"text":{"format":{"type":"text"}}}"#),
    (Responses, r#"{"top_logprobs":0}"#),
    (Responses, r#"{"include":["reasoning.encrypted_content"]}"#),
    (Claude, r#"{"stream":false}"#),
    (Gemini, r#"{"generationConfig":{"responseMimeType":"text/plain"}}"#),
    (Gemini, r#"{"generationConfig":{"responseModalities":["TEXT"]}}"#),
];

/// What Egret says of its own accord.
const SAID_ANYWAY: [(Schema, &str); 1] = [(Responses, r#"{"store":false}"#)];

const OPENAI: &[&str] = &[
    r#"{"audio":{"voice":"ash","format":"wav"}}"#,
    r#"{"frequency_penalty":0.5}"#,
    r#"{"functions":[{"name":"f"}]}"#,
    r#"{"functions":[{"name":"f"}],"function_call":{"name":"f"}}"#,
    r#"{"logit_bias":{"1":1}}"#,
    r#"{"logprobs":true}"#,
    r#"{"logprobs":true,"top_logprobs":2}"#,
    r#"{"max_completion_tokens":77}"#,
    r#"{"max_tokens":77}"#,
    r#"{"metadata":{"a":"b"}}"#,
    r#"{"modalities":["text","audio"]}"#,
    r#"{"moderation":{"a":1}}"#,
    r#"{"n":2}"#,
    r#"{"prediction":{"type":"content","content":"x"}}"#,
    r#"{"presence_penalty":0.5}"#,
    r#"{"prompt_cache_key":"k"}"#,
    r#"{"prompt_cache_options":{"a":1}}"#,
    r#"{"prompt_cache_retention":"24h"}"#,
    r#"{"reasoning_effort":"low"}"#,
    r#"{"reasoning_effort":"max"}"#,
    r#"{"response_format":{"type":"json_object"}}"#,
    r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","strict":true,"schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}}"#,
    r#"{"safety_identifier":"s"}"#,
    r#"{"seed":1}"#,
    r#"{"service_tier":"flex"}"#,
    r#"{"stop":"x"}"#,
    r#"{"store":true}"#,
    r#"{"store":false}"#,
    r#"{"stream":true,"stream_options":{"include_obfuscation":true}}"#,
    r#"{"temperature":0.5}"#,
    r#"{"temperature":2}"#,
    r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object"}}}]}"#,
    r#"{"tools":[{"type":"function","function":{"name":"f"},"cache_control":{"type":"ephemeral"}}]}"#,
    r#"{"tools":[{"type":"custom","custom":{"name":"f"}}]}"#,
    r#"{"top_p":0.5}"#,
    r#"{"user":"u"}"#,
    r#"{"verbosity":"low"}"#,
    r#"{"web_search_options":{}}"#,
    r#"{"messages":[{"role":"user","name":"Ann","content":"Hi"}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","prompt_cache_breakpoint":{"ttl":"30m"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.io/a.png","detail":"low"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"n.pdf","file_data":"data:application/pdf;base64,AA=="}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","audio":{"id":"a"}},{"role":"user","content":"Hi"}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo","refusal":"No"},{"role":"user","content":"Hi"}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo","annotations":[{"type":"url_citation"}]},{"role":"user","content":"Hi"}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo","reasoning_content":"hm"},{"role":"user","content":"Hi"}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo","reasoning_details":[{}]},{"role":"user","content":"Hi"}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"developer","content":"Be"}]}"#,
];

const RESPONSES: &[&str] = &[
    r#"{"access_programs":{"cyber":"standard"}}"#,
    r#"{"background":true}"#,
    r#"{"background_options":{"completion_window":"2h"}}"#,
    r#"{"client_metadata":{"a":"b"}}"#,
    r#"{"context_management":[{"type":"compaction"}]}"#,
    r#"{"conversation":"c"}"#,
    r#"{"image":{"context_compression":"auto"}}"#,
    r#"{"include":["message.output_text.logprobs"]}"#,
    r#"{"include":["file_search_call.results"]}"#,
    r#"{"instructions":"Be"}"#,
    r#"{"max_output_tokens":77}"#,
    r#"{"max_tool_calls":7}"#,
    r#"{"metadata":{"a":"b"}}"#,
    r#"{"moderation":{"model":"m"}}"#,
    r#"{"previous_response_id":"r"}"#,
    r#"{"prompt":{"id":"p"}}"#,
    r#"{"prompt_cache_key":"k"}"#,
    r#"{"prompt_cache_options":{"ttl":"30m"}}"#,
    r#"{"prompt_cache_retention":"24h"}"#,
    r#"{"reasoning":{"effort":"low"}}"#,
    r#"{"reasoning":{"summary":"auto"}}"#,
    r#"{"reasoning":{"summary":"concise"}}"#,
    r#"{"reasoning":{"mode":"pro"}}"#,
    r#"{"reasoning":{"context":"c"}}"#,
    r#"{"safety_identifier":"s"}"#,
    r#"{"service_tier":"flex"}"#,
    r#"{"store":true}"#,
    r#"{"store":false}"#,
    r#"{"stream":true,"stream_options":{"include_obfuscation":true}}"#,
    r#"{"temperature":0.5}"#,
    r#"{"text":{"verbosity":"low"}}"#,
    r#"{"text":{"format":{"type":"json_object"}}}"#,
    r#"{"text":{"format":{"type":"json_schema","name":"n","description":"d","strict":true,"schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}}"#,
    r#"{"tools":[{"type":"function","name":"f","description":"d","strict":true,"parameters":{"type":"object"}}]}"#,
    r#"{"tools":[{"type":"function","name":"f","defer_loading":true}]}"#,
    r#"{"tools":[{"type":"function","name":"f","async":true}]}"#,
    r#"{"tools":[{"type":"custom","name":"f","description":"d","format":{"type":"text"}}]}"#,
    r#"{"tools":[{"type":"web_search"}]}"#,
    r#"{"tools":[{"type":"namespace","name":"n","tools":[]}]}"#,
    r#"{"tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"f"}}"#,
    r#"{"tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]}}"#,
    r#"{"tool_choice":{"type":"mcp","server_label":"x"}}"#,
    r#"{"tools":[{"type":"function","name":"f"}],"parallel_tool_calls":false}"#,
    r#"{"top_logprobs":2}"#,
    r#"{"top_p":0.5}"#,
    r#"{"truncation":"auto"}"#,
    r#"{"user":"u"}"#,
    r#"{"input":[{"role":"user","content":"Hi"},{"role":"developer","content":"Be"}]}"#,
    r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit","ttl":"30m"}}]}]}"#,
    r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x.io/a.png","detail":"low"}]}]}"#,
    r#"{"input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]}"#,
    r#"{"input":[{"role":"user","content":[{"type":"input_file","filename":"n.pdf","file_data":"data:application/pdf;base64,AA==","detail":"high"}]}]}"#,
    r#"{"input":[{"role":"user","content":[{"type":"input_file","file_url":"https://x.io/a.pdf"}]}]}"#,
    r#"{"input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]}"#,
    r#"{"input":[{"role":"user","content":"Hi"},{"role":"assistant","phase":"commentary","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
    r#"{"input":[{"role":"user","content":"Hi"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Yo","annotations":[{"type":"url_citation"}]},{"type":"refusal","refusal":"No"}]},{"role":"user","content":"Hi"}]}"#,
    r#"{"input":[{"role":"user","content":"Hi"},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"eA=="},{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
    r#"{"input":[{"role":"user","content":"Hi"},{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}","namespace":"n"},{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"1"},{"type":"input_image","image_url":"data:image/png;base64,AA=="}]}]}"#,
    r#"{"input":[{"role":"user","content":"Hi"},{"type":"custom_tool_call","call_id":"c","name":"f","input":"x"},{"type":"custom_tool_call_output","call_id":"c","output":"1"}]}"#,
    r#"{"input":[{"role":"user","content":"Hi"},{"type":"item_reference","id":"msg_1"}]}"#,
    r#"{"input":[{"role":"user","content":"Hi"},{"type":"web_search_call","id":"ws_1","status":"completed"},{"role":"user","content":"Hi"}]}"#,
    r#"{"input":[{"role":"user","content":"Hi"},{"type":"compaction","encrypted_content":"eA=="}]}"#,
];

const CLAUDE: &[&str] = &[
    r#"{"cache_control":{"type":"ephemeral"}}"#,
    r#"{"container":"c"}"#,
    r#"{"diagnostics":{"a":1}}"#,
    r#"{"inference_geo":"eu"}"#,
    r#"{"metadata":{"user_id":"u"}}"#,
    r#"{"metadata":{"other":"u"}}"#,
    r#"{"output_config":{"effort":"low"}}"#,
    r#"{"output_config":{"other":"low"}}"#,
    r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{},"additionalProperties":false}}}}"#,
    r#"{"output_format":{"type":"json_schema","schema":{"type":"object","properties":{},"additionalProperties":false}}}"#,
    r#"{"service_tier":"standard_only"}"#,
    r#"{"speed":"fast"}"#,
    r#"{"stop_sequences":["x"]}"#,
    r#"{"system":"Be"}"#,
    r#"{"system":[{"type":"text","text":"Be","cache_control":{"type":"ephemeral"}}]}"#,
    r#"{"max_tokens":3000,"thinking":{"type":"enabled","budget_tokens":2000}}"#,
    r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"max"}}"#,
    r#"{"thinking":{"type":"adaptive","display":"summarized"}}"#,
    r#"{"thinking":{"type":"between_tools"}}"#,
    r#"{"temperature":0.5}"#,
    r#"{"top_p":0.5}"#,
    r#"{"top_k":5}"#,
    r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"defer_loading":true}]}"#,
    r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"input_examples":[{}]}]}"#,
    r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"eager_input_streaming":true}]}"#,
    r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}]}"#,
    r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"strict":true}]}"#,
    r#"{"tools":[{"type":"bash_20250124","name":"bash"}]}"#,
    r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}}"#,
    r#"{"user_profile_id":"p"}"#,
    r#"{"context_management":{"edits":[]}}"#,
    r#"{"mcp_servers":[{"name":"x"}]}"#,
    r#"{"fallbacks":[{"model":"x"}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","citations":[{"type":"char_location"}]}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x.io/a.png"},"cache_control":{"type":"ephemeral"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"document","title":"T","context":"C","source":{"type":"base64","media_type":"application/pdf","data":"AA=="}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"document","title":"T","source":{"type":"text","media_type":"text/plain","data":"w"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"document","citations":{"enabled":true},"source":{"type":"text","media_type":"text/plain","data":"w"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"search_result","source":"s","title":"t","content":[]}]}]}"#,
    r#"{"messages":[{"role":"user","content":[{"type":"container_upload","file_id":"f"}]}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be"}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"text","text":"Yo"}]},{"role":"user","content":"Hi"}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"redacted_thinking","data":"eA=="},{"type":"text","text":"Yo"}]},{"role":"user","content":"Hi"}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{}}]},{"role":"user","content":"Hi"}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"a":1},"caller":{"type":"direct"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":"bad"}]}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{},"cache_control":{"type":"ephemeral"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"1","cache_control":{"type":"ephemeral"}}]}]}"#,
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"tool_reference","tool_name":"g"}]}]}]}"#,
];

const GEMINI: &[&str] = &[
    r#"{"systemInstruction":{"parts":[{"text":"Be"}]}}"#,
    r#"{"tools":[{"functionDeclarations":[{"name":"f","description":"d","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}}]}]}"#,
    r#"{"tools":[{"functionDeclarations":[{"name":"f","response":{"type":"OBJECT"}}]}]}"#,
    r#"{"tools":[{"functionDeclarations":[{"name":"f","behavior":"NON_BLOCKING"}]}]}"#,
    r#"{"tools":[{"googleSearch":{}}]}"#,
    r#"{"tools":[{"codeExecution":{}}]}"#,
    r#"{"tools":[{"urlContext":{}}]}"#,
    r#"{"tools":[{"fileSearch":{}}]}"#,
    r#"{"tools":[{"googleMaps":{}}]}"#,
    r#"{"tools":[{"computerUse":{}}]}"#,
    r#"{"tools":[{"mcpServers":[{}]}]}"#,
    r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}"#,
    r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","streamFunctionCallArguments":true}}}"#,
    r#"{"toolConfig":{"includeServerSideToolInvocations":true}}"#,
    r#"{"safetySettings":[{"category":"c","threshold":"t"}]}"#,
    r#"{"cachedContent":"cachedContents/1"}"#,
    r#"{"labels":{"a":"b"}}"#,
    r#"{"serviceTier":"flex"}"#,
    r#"{"store":true}"#,
    r#"{"generationConfig":{"temperature":0.5}}"#,
    r#"{"generationConfig":{"topP":0.5}}"#,
    r#"{"generationConfig":{"topK":5}}"#,
    r#"{"generationConfig":{"candidateCount":2}}"#,
    r#"{"generationConfig":{"maxOutputTokens":77}}"#,
    r#"{"generationConfig":{"stopSequences":["x"]}}"#,
    r#"{"generationConfig":{"responseMimeType":"application/json"}}"#,
    r#"{"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}}"#,
    r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}}"#,
    r#"{"generationConfig":{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a"]}}}"#,
    r#"{"generationConfig":{"presencePenalty":0.5}}"#,
    r#"{"generationConfig":{"frequencyPenalty":0.5}}"#,
    r#"{"generationConfig":{"seed":5}}"#,
    r#"{"generationConfig":{"responseLogprobs":true,"logprobs":3}}"#,
    r#"{"generationConfig":{"responseModalities":["TEXT","IMAGE"]}}"#,
    r#"{"generationConfig":{"speechConfig":{"languageCode":"en"}}}"#,
    r#"{"generationConfig":{"imageConfig":{"aspectRatio":"1:1"}}}"#,
    r#"{"generationConfig":{"mediaResolution":"MEDIA_RESOLUTION_LOW"}}"#,
    r#"{"generationConfig":{"audioTimestamp":true}}"#,
    r#"{"generationConfig":{"enableEnhancedCivicAnswers":true}}"#,
    r#"{"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}"#,
    r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":2048}}}"#,
    r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}"#,
    r#"{"contents":[{"role":"user","parts":[{"text":"Hi","videoMetadata":{"fps":1}}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="},"mediaResolution":{"level":"LOW"}}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AA==","displayName":"n"}}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"application/pdf","data":"AA==","displayName":"n"}}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"audio/wav","data":"AA==","displayName":"n"}}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"video/mp4","data":"AA=="}}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"gs://b/o"}}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"hm","thought":true},{"text":"Yo"}]},{"role":"user","parts":[{"text":"Hi"}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Yo","thoughtSignature":"c2ln"}]},{"role":"user","parts":[{"text":"Hi"}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"1"}}]},{"role":"user","parts":[{"text":"Hi"}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"c2ln"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"a":1},"scheduling":"SILENT"}}]}]}"#,
    r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"error":"bad"},"willContinue":true}}]}]}"#,
];

fn fields(schema: Schema) -> &'static [&'static str] {
    match schema {
        Responses => RESPONSES,
        Chat => OPENAI,
        Claude => CLAUDE,
        Gemini => GEMINI,
    }
}

fn body(from: Schema, says: &str) -> Value {
    let mut body = smallest(from);
    patch(&mut body, &json(says));
    body
}

#[test]
fn every_field_arrives_or_is_reported_or_refused() {
    let mut silent = Vec::new();
    for (from, to) in CROSS {
        let base = send(from, to, able_model(to), &smallest(from).to_string()).unwrap();
        for says in fields(from).iter().filter(|says| !SAID_ANYWAY.contains(&(to, says))) {
            let Ok(encoded) = send(from, to, able_model(to), &body(from, says).to_string()) else {
                continue;
            };
            if encoded.body == base.body && encoded.losses.is_empty() && encoded.emulated.is_empty()
            {
                silent.push(format!("{from} to {to}: {says}"));
            }
            // Each member further in, too: without it something must be different.
            let whole = body(from, says);
            for path in members(&json(says), "") {
                let mut less = whole.clone();
                remove(&mut less, &path);
                let without = send(from, to, able_model(to), &less.to_string());
                let same = without.is_ok_and(|without| {
                    without.body == encoded.body
                        && without.losses == encoded.losses
                        && without.emulated == encoded.emulated
                });
                // Of what is reported a part is not reported again.
                if same
                    && encoded.losses.is_empty()
                    && !IMPLIED.iter().any(|end| path.ends_with(end))
                {
                    silent.push(format!("{from} to {to}: {path} of {says}"));
                }
            }
        }
        // The check itself can tell: what says nothing changes nothing.
        for (_, says) in SAYS_NOTHING.iter().filter(|(schema, _)| *schema == from) {
            let encoded = send(from, to, able_model(to), &body(from, says).to_string()).unwrap();
            assert!(encoded.losses.is_empty(), "{from} to {to}: {says}: {:?}", encoded.losses);
        }
    }
    assert!(silent.is_empty(), "dropped without a word:\n{}", silent.join("\n"));
}

/// Ends of paths of members that say what is so without them.
const IMPLIED: [&str; 12] = [
    "cache_control/type",
    "prompt_cache_breakpoint/mode",
    // "function" where there is a function, "object" of what always is one, "text/plain" of text.
    "/tools/0/type",
    "/parameters/type",
    "/source/media_type",
    // Without arguments, and without a role but the user's.
    "/input",
    "/args",
    "/role",
    // Effort alone asks others for thoughts, and a schema for JSON.
    "/thinking",
    "/responseMimeType",
    // Known from the call, and from the path of the provider's method.
    "/functionResponse/name",
    "/stream",
];

/// The JSON pointers of all members of all objects.
fn members(value: &Value, at: &str) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    let mut paths = Vec::new();
    for (name, inner) in inner {
        let path = format!("{at}/{name}");
        paths.extend(members(inner, &path));
        if value.is_object() {
            paths.push(path);
        }
    }
    paths
}

/// Takes a member away.
fn remove(body: &mut Value, path: &str) {
    let (object, name) = path.rsplit_once('/').unwrap();
    body.pointer_mut(object).and_then(Value::as_object_mut).unwrap().remove(name).unwrap();
}

#[test]
fn losses_and_refusals_are_the_callers_words_and_no_values() {
    let mut strange = Vec::new();
    for (from, to) in CROSS {
        for says in fields(from) {
            let mut body = body(from, says);
            body["x".repeat(300)] = Value::Bool(true);
            body["odd näme"] = Value::Bool(true);
            let (reported, refused) = match send(from, to, able_model(to), &body.to_string()) {
                Ok(encoded) => (encoded.losses, None),
                Err(refusal) => (Vec::new(), Some(refusal)),
            };
            let named = reported.iter().map(|loss| &*loss.field);
            for name in named.chain(refused.as_ref().and_then(|refusal| refusal.field.as_deref())) {
                let plain =
                    |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '?');
                assert!(name.len() <= 96 && name.chars().all(plain), "{from} to {to}: {name:?}");
                // A path into the body: its first step is there.
                let top = name.split('.').next().unwrap();
                let written = body.to_string().contains(&format!("\"{top}\""))
                    || matches!(top, "unknown" | "?")
                    || ALIASES
                        .iter()
                        .any(|(alias, field)| *alias == top && body.get(field).is_some());
                if !written {
                    strange.push(format!("{from} to {to}: {name:?} is nowhere in {says}"));
                }
            }
            if let Some(refusal) = refused {
                assert!(refusal.field.is_some(), "{from} to {to}: {says}: {refusal:?}");
                assert!(!refusal.message.is_empty());
            }
        }
    }
    assert!(strange.is_empty(), "{}", strange.join("\n"));
}

/// Reported under a name that is not the one written, though one of the same thing.
const ALIASES: [(&str, &str); 6] = [
    ("cache_control", "messages"),
    ("instructions", "input"),
    ("safety_identifier", "user"),
    ("thinking", "output_config"),
    ("top_logprobs", "include"),
    ("user", "safety_identifier"),
];
