//! Caches, the caller, and the provider's service.

use super::{Feature, NO, beside, says};

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "cache breakpoints",
        says: [
            beside(
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}"#,
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit"}}]}]}"#,
            ),
            beside(
                r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"Hi"}]}]}"#,
                r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit"}}]}]}"#,
            ),
            beside(
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}"#,
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
            ),
            NO,
        ],
    },
    Feature {
        name: "cache key",
        says: [says(r#"{"prompt_cache_key":"k"}"#), says(r#"{"prompt_cache_key":"k"}"#), NO, NO],
    },
    Feature {
        name: "cached content",
        says: [NO, NO, NO, says(r#"{"cachedContent":"cachedContents/1"}"#)],
    },
    Feature {
        name: "end user",
        says: [
            says(r#"{"safety_identifier":"u"}"#),
            says(r#"{"safety_identifier":"u"}"#),
            says(r#"{"metadata":{"user_id":"u"}}"#),
            says(r#"{"labels":{"user":"u","a":"b"}}"#),
        ],
    },
    Feature {
        name: "metadata",
        says: [
            says(r#"{"metadata":{"a":"b","c":"d"}}"#),
            says(r#"{"metadata":{"a":"b","c":"d"}}"#),
            NO,
            NO,
        ],
    },
    Feature {
        name: "service tier",
        says: [
            says(r#"{"service_tier":"flex"}"#),
            says(r#"{"service_tier":"flex"}"#),
            says(r#"{"service_tier":"standard_only"}"#),
            says(r#"{"serviceTier":"flex"}"#),
        ],
    },
    Feature { name: "region", says: [NO, NO, says(r#"{"inference_geo":"eu"}"#), NO] },
    Feature {
        name: "safety settings",
        says: [
            NO,
            NO,
            NO,
            says(
                r#"{"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}"#,
            ),
        ],
    },
    Feature {
        name: "predicted answer",
        says: [says(r#"{"prediction":{"type":"content","content":"x"}}"#), NO, NO, NO],
    },
    Feature {
        name: "stored answers",
        says: [says(r#"{"store":true}"#), says(r#"{"store":true}"#), NO, says(r#"{"store":true}"#)],
    },
    Feature {
        name: "state at the provider",
        says: [NO, says(r#"{"previous_response_id":"r"}"#), says(r#"{"container":"c"}"#), NO],
    },
    Feature { name: "work in the background", says: [NO, says(r#"{"background":true}"#), NO, NO] },
    Feature {
        name: "editing of the context",
        says: [
            NO,
            says(r#"{"context_management":[{"type":"compaction"}]}"#),
            says(r#"{"context_management":{"edits":[]}}"#),
            NO,
        ],
    },
    Feature {
        name: "a field Egret does not know",
        says: [
            says(r#"{"brand_new":1}"#),
            says(r#"{"brand_new":1}"#),
            says(r#"{"brand_new":1}"#),
            says(r#"{"brandNew":1}"#),
        ],
    },
];
