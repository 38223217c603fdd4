//! Limits and sampling.

use super::{Feature, NO, says};

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "most tokens",
        says: [
            says(r#"{"max_completion_tokens":77}"#),
            says(r#"{"max_output_tokens":77}"#),
            says(r#"{"max_tokens":77}"#),
            says(r#"{"generationConfig":{"maxOutputTokens":77}}"#),
        ],
    },
    Feature {
        name: "stop strings",
        says: [
            says(r#"{"stop":["x"]}"#),
            NO,
            says(r#"{"stop_sequences":["x"]}"#),
            says(r#"{"generationConfig":{"stopSequences":["x"]}}"#),
        ],
    },
    Feature {
        name: "temperature",
        says: [
            says(r#"{"temperature":0.5}"#),
            says(r#"{"temperature":0.5}"#),
            says(r#"{"temperature":0.5}"#),
            says(r#"{"generationConfig":{"temperature":0.5}}"#),
        ],
    },
    Feature {
        name: "temperature above 1",
        says: [
            says(r#"{"temperature":1.5}"#),
            says(r#"{"temperature":1.5}"#),
            NO,
            says(r#"{"generationConfig":{"temperature":1.5}}"#),
        ],
    },
    Feature {
        name: "top p",
        says: [
            says(r#"{"top_p":0.5}"#),
            says(r#"{"top_p":0.5}"#),
            says(r#"{"top_p":0.5}"#),
            says(r#"{"generationConfig":{"topP":0.5}}"#),
        ],
    },
    Feature {
        name: "top k",
        says: [
            says(r#"{"top_k":5}"#),
            NO,
            says(r#"{"top_k":5}"#),
            says(r#"{"generationConfig":{"topK":5}}"#),
        ],
    },
    Feature {
        name: "seed",
        says: [says(r#"{"seed":1}"#), NO, NO, says(r#"{"generationConfig":{"seed":1}}"#)],
    },
    Feature {
        name: "presence penalty",
        says: [
            says(r#"{"presence_penalty":0.5}"#),
            NO,
            NO,
            says(r#"{"generationConfig":{"presencePenalty":0.5}}"#),
        ],
    },
    Feature {
        name: "frequency penalty",
        says: [
            says(r#"{"frequency_penalty":0.5}"#),
            NO,
            NO,
            says(r#"{"generationConfig":{"frequencyPenalty":0.5}}"#),
        ],
    },
    Feature {
        name: "penalty of 0",
        says: [
            says(r#"{"presence_penalty":0}"#),
            NO,
            NO,
            says(r#"{"generationConfig":{"presencePenalty":0}}"#),
        ],
    },
    Feature { name: "logit bias", says: [says(r#"{"logit_bias":{"1":1,"2":1}}"#), NO, NO, NO] },
    Feature {
        name: "several answers",
        says: [says(r#"{"n":2}"#), NO, NO, says(r#"{"generationConfig":{"candidateCount":2}}"#)],
    },
    Feature {
        name: "log probabilities",
        says: [
            says(r#"{"logprobs":true,"top_logprobs":2}"#),
            says(r#"{"include":["message.output_text.logprobs"],"top_logprobs":2}"#),
            NO,
            says(r#"{"generationConfig":{"responseLogprobs":true,"logprobs":2}}"#),
        ],
    },
];
