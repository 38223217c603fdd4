//! The features of answers, how each provider gives them and where each caller finds them
//! (`wire.md` §3).

use providers::Schema;

/// A feature; of Chat, Responses, Claude and Gemini.
pub(super) struct Feature {
    pub(super) name: &'static str,
    /// What is merged into the smallest answer; `None` where the schema can't say it.
    given: [Option<&'static str>; 4],
    /// The same without the feature, where that is not the smallest answer.
    without: [Option<&'static str>; 4],
    /// Where the caller's schema has it; `None` where it has no place for it.
    found: [Option<&'static str>; 4],
}

const fn of(all: [Option<&'static str>; 4], schema: Schema) -> Option<&'static str> {
    let [chat, responses, claude, gemini] = all;
    match schema {
        Schema::Chat => chat,
        Schema::Responses => responses,
        Schema::Claude => claude,
        Schema::Gemini => gemini,
    }
}

impl Feature {
    /// An answer without the feature, and one with it.
    pub(super) fn given_by(&self, schema: Schema) -> Option<(&'static str, &'static str)> {
        Some((of(self.without, schema).unwrap_or("{}"), of(self.given, schema)?))
    }

    pub(super) const fn found_by(&self, schema: Schema) -> Option<&'static str> {
        of(self.found, schema)
    }
}

/// Nothing else is said.
const ALONE: [Option<&str>; 4] = [None; 4];

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "text",
        given: [
            Some(
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yes"},"finish_reason":"stop"}]}"#,
            ),
            Some(
                r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yes","annotations":[]}]}]}"#,
            ),
            Some(r#"{"content":[{"type":"text","text":"Yes"}]}"#),
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yes"}]},"finishReason":"STOP","index":0}]}"#,
            ),
        ],
        without: ALONE,
        found: [
            Some("/choices/0/message/content"),
            Some("/output/0/content/0/text"),
            Some("/content/0/text"),
            Some("/candidates/0/content/parts/0/text"),
        ],
    },
    Feature {
        name: "thoughts",
        given: [
            Some(
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo","reasoning_content":"hm"},"finish_reason":"stop"}]}"#,
            ),
            Some(
                r#"{"output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}]},{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]}]}"#,
            ),
            Some(
                r#"{"content":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"Yo"}]}"#,
            ),
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"Yo"}]},"finishReason":"STOP","index":0}]}"#,
            ),
        ],
        without: ALONE,
        found: [
            None,
            Some("/output/0/summary/0/text"),
            Some("/content/0/thinking"),
            Some("/candidates/0/content/parts/0/thought"),
        ],
    },
    Feature {
        name: "calls of functions",
        given: [
            Some(
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]}"#,
            ),
            Some(
                r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]},{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}","status":"completed"}]}"#,
            ),
            Some(
                r#"{"content":[{"type":"text","text":"Yo"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}],"stop_reason":"tool_use"}"#,
            ),
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"},{"functionCall":{"name":"f","args":{"a":1}}}]},"finishReason":"STOP","index":0}]}"#,
            ),
        ],
        without: ALONE,
        found: [
            Some("/choices/0/message/tool_calls/0"),
            Some("/output/1/call_id"),
            Some("/content/1/input"),
            Some("/candidates/0/content/parts/1/functionCall"),
        ],
    },
    Feature {
        name: "several calls at once",
        given: [
            Some(
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"call_2","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]}"#,
            ),
            Some(
                r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]},{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}","status":"completed"},{"type":"function_call","id":"fc_2","call_id":"call_2","name":"f","arguments":"{\"a\":1}","status":"completed"}]}"#,
            ),
            Some(
                r#"{"content":[{"type":"text","text":"Yo"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}},{"type":"tool_use","id":"toolu_2","name":"f","input":{"a":1}}],"stop_reason":"tool_use"}"#,
            ),
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"},{"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"f","args":{"a":1}}}]},"finishReason":"STOP","index":0}]}"#,
            ),
        ],
        without: ALONE,
        found: [
            Some("/choices/0/message/tool_calls/1"),
            Some("/output/2/call_id"),
            Some("/content/2/input"),
            Some("/candidates/0/content/parts/2/functionCall"),
        ],
    },
    Feature {
        name: "calls of custom tools",
        given: [
            Some(
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo","tool_calls":[{"id":"call_1","type":"custom","custom":{"name":"f","input":"x"}}]},"finish_reason":"tool_calls"}]}"#,
            ),
            Some(
                r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]},{"type":"custom_tool_call","id":"ctc_1","call_id":"call_1","name":"f","input":"x"}]}"#,
            ),
            None,
            None,
        ],
        without: ALONE,
        found: [
            Some("/choices/0/message/tool_calls/0/custom"),
            Some("/output/1/input"),
            None,
            None,
        ],
    },
    Feature {
        name: "citations of pages",
        given: [
            Some(
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo","annotations":[{"type":"url_citation","url_citation":{"url":"https://x.io/","title":"T","start_index":0,"end_index":2}}]},"finish_reason":"stop"}]}"#,
            ),
            Some(
                r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[{"type":"url_citation","url":"https://x.io/","title":"T","start_index":0,"end_index":2}]}]}]}"#,
            ),
            Some(
                r#"{"content":[{"type":"text","text":"Yo","citations":[{"type":"web_search_result_location","url":"https://x.io/","title":"T","cited_text":"c","encrypted_index":"E"}]}]}"#,
            ),
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"STOP","index":0,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://x.io/","title":"T"}}],"groundingSupports":[{"segment":{"startIndex":0,"endIndex":2,"text":"Yo"},"groundingChunkIndices":[0]}]}}]}"#,
            ),
        ],
        without: ALONE,
        found: [
            Some("/choices/0/message/annotations/0"),
            Some("/output/0/content/0/annotations/0"),
            Some("/content/0/citations/0"),
            Some("/candidates/0/groundingMetadata"),
        ],
    },
    Feature {
        name: "citations of documents",
        given: [
            None,
            None,
            Some(
                r#"{"content":[{"type":"text","text":"Yo","citations":[{"type":"char_location","cited_text":"c","document_index":0,"document_title":"T","start_char_index":0,"end_char_index":1}]}]}"#,
            ),
            None,
        ],
        without: ALONE,
        found: [
            Some("/choices/0/message/annotations/0"),
            Some("/output/0/content/0/annotations/0"),
            None,
            Some("/candidates/0/groundingMetadata"),
        ],
    },
    Feature {
        name: "log probabilities",
        given: [
            Some(
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo"},"finish_reason":"stop","logprobs":{"content":[{"token":"Yo","logprob":-0.5,"bytes":[89,111],"top_logprobs":[{"token":"Yo","logprob":-0.5,"bytes":[89,111]}]}],"refusal":null}}]}"#,
            ),
            Some(
                r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[],"logprobs":[{"token":"Yo","logprob":-0.5,"bytes":[89,111],"top_logprobs":[{"token":"Yo","logprob":-0.5,"bytes":[89,111]}]}]}]}]}"#,
            ),
            None,
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"STOP","index":0,"logprobsResult":{"chosenCandidates":[{"token":"Yo","tokenId":5,"logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"Yo","tokenId":5,"logProbability":-0.5}]}]}}]}"#,
            ),
        ],
        without: ALONE,
        found: [
            Some("/choices/0/logprobs/content/0"),
            Some("/output/0/content/0/logprobs/0"),
            None,
            Some("/candidates/0/logprobsResult"),
        ],
    },
    Feature {
        name: "refusals in words",
        given: [
            Some(
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"No"},"finish_reason":"stop"}]}"#,
            ),
            Some(
                r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"refusal","refusal":"No"}]}]}"#,
            ),
            None,
            None,
        ],
        without: ALONE,
        found: [
            Some("/choices/0/message/refusal"),
            Some("/output/0/content/0/refusal"),
            None,
            None,
        ],
    },
    Feature {
        name: "why it was refused",
        given: [
            None,
            None,
            Some(
                r#"{"content":[{"type":"text","text":"Yo"}],"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber","explanation":"E"}}"#,
            ),
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"SAFETY","index":0,"finishMessage":"E"}]}"#,
            ),
        ],
        without: [
            None,
            None,
            Some(r#"{"content":[{"type":"text","text":"Yo"}],"stop_reason":"refusal"}"#),
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"SAFETY","index":0}]}"#,
            ),
        ],
        found: [None, None, Some("/stop_details/explanation"), Some("/candidates/0/finishMessage")],
    },
    Feature {
        name: "the stop string that was met",
        given: [
            None,
            None,
            Some(
                r#"{"content":[{"type":"text","text":"Yo"}],"stop_reason":"stop_sequence","stop_sequence":"END"}"#,
            ),
            None,
        ],
        without: ALONE,
        found: [None, None, Some("/stop_sequence"), None],
    },
    Feature {
        name: "pictures",
        given: [
            None,
            Some(
                r#"{"output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]},{"type":"image_generation_call","id":"ig_1","status":"completed","result":"AA==","output_format":"png"}]}"#,
            ),
            None,
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"},{"inlineData":{"mimeType":"image/png","data":"AA=="}}]},"finishReason":"STOP","index":0}]}"#,
            ),
        ],
        without: ALONE,
        found: [
            None,
            Some("/output/1/result"),
            None,
            Some("/candidates/0/content/parts/1/inlineData"),
        ],
    },
    Feature {
        name: "sound",
        given: [
            None,
            None,
            None,
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"},{"inlineData":{"mimeType":"audio/wav","data":"AA=="}}]},"finishReason":"STOP","index":0}]}"#,
            ),
        ],
        without: ALONE,
        found: [Some("/choices/0/message/audio"), None, None, None],
    },
    Feature {
        name: "several answers",
        given: [
            Some(
                r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Yo"},"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":"Yo"},"finish_reason":"stop"}]}"#,
            ),
            None,
            None,
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"STOP","index":0},{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"STOP","index":1}]}"#,
            ),
        ],
        without: ALONE,
        found: [Some("/choices/1"), None, None, Some("/candidates/1")],
    },
    Feature {
        name: "steps of the provider's own tools",
        given: [
            None,
            Some(
                r#"{"output":[{"type":"web_search_call","id":"ws_1","status":"completed"},{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yo","annotations":[]}]}]}"#,
            ),
            Some(
                r#"{"content":[{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}},{"type":"text","text":"Yo"}]}"#,
            ),
            Some(
                r#"{"candidates":[{"content":{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"1"}},{"text":"Yo"}]},"finishReason":"STOP","index":0}]}"#,
            ),
        ],
        without: ALONE,
        found: [None, None, None, None],
    },
    Feature {
        name: "tokens of input and output",
        given: [
            Some(r#"{"usage":{"prompt_tokens":70,"completion_tokens":5,"total_tokens":75}}"#),
            Some(r#"{"usage":{"input_tokens":70,"output_tokens":5,"total_tokens":75}}"#),
            Some(r#"{"usage":{"input_tokens":70,"output_tokens":5}}"#),
            Some(
                r#"{"usageMetadata":{"promptTokenCount":70,"candidatesTokenCount":5,"totalTokenCount":75}}"#,
            ),
        ],
        without: ALONE,
        found: [
            Some("/usage/prompt_tokens"),
            Some("/usage/input_tokens"),
            Some("/usage/input_tokens"),
            Some("/usageMetadata/promptTokenCount"),
        ],
    },
    Feature {
        name: "tokens read from the cache",
        given: [
            Some(r#"{"usage":{"prompt_tokens_details":{"cached_tokens":30}}}"#),
            Some(r#"{"usage":{"input_tokens_details":{"cached_tokens":30}}}"#),
            Some(r#"{"usage":{"cache_read_input_tokens":30,"input_tokens":70}}"#),
            Some(r#"{"usageMetadata":{"cachedContentTokenCount":30}}"#),
        ],
        without: ALONE,
        found: [
            Some("/usage/prompt_tokens_details/cached_tokens"),
            Some("/usage/input_tokens_details/cached_tokens"),
            Some("/usage/cache_read_input_tokens"),
            Some("/usageMetadata/cachedContentTokenCount"),
        ],
    },
    Feature {
        name: "tokens written to the cache",
        given: [
            Some(r#"{"usage":{"prompt_tokens_details":{"cache_write_tokens":30}}}"#),
            Some(r#"{"usage":{"input_tokens_details":{"cache_write_tokens":30}}}"#),
            Some(r#"{"usage":{"cache_creation_input_tokens":30,"input_tokens":70}}"#),
            None,
        ],
        without: ALONE,
        found: [
            Some("/usage/prompt_tokens_details/cache_write_tokens"),
            Some("/usage/input_tokens_details/cache_write_tokens"),
            Some("/usage/cache_creation_input_tokens"),
            None,
        ],
    },
    Feature {
        name: "tokens of thoughts",
        given: [
            Some(r#"{"usage":{"completion_tokens_details":{"reasoning_tokens":20}}}"#),
            Some(r#"{"usage":{"output_tokens_details":{"reasoning_tokens":20}}}"#),
            Some(r#"{"usage":{"output_tokens_details":{"thinking_tokens":20}}}"#),
            Some(r#"{"usageMetadata":{"thoughtsTokenCount":20,"candidatesTokenCount":30}}"#),
        ],
        without: ALONE,
        found: [
            Some("/usage/completion_tokens_details/reasoning_tokens"),
            Some("/usage/output_tokens_details/reasoning_tokens"),
            Some("/usage/output_tokens_details/thinking_tokens"),
            Some("/usageMetadata/thoughtsTokenCount"),
        ],
    },
    Feature {
        name: "tokens of sound",
        given: [
            Some(r#"{"usage":{"prompt_tokens_details":{"audio_tokens":20}}}"#),
            None,
            None,
            Some(
                r#"{"usageMetadata":{"promptTokensDetails":[{"modality":"AUDIO","tokenCount":20},{"modality":"TEXT","tokenCount":80}]}}"#,
            ),
        ],
        without: ALONE,
        found: [
            Some("/usage/prompt_tokens_details/audio_tokens"),
            None,
            None,
            Some("/usageMetadata/promptTokensDetails"),
        ],
    },
];
