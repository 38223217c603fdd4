//! The request body of generateContent, as a table.

use super::super::shape::Kind::{Any, Bool, List, Map, Object, Real, Text, Whole, Words};
use super::super::shape::{Kind, Shape, at_least, list, optional, required};

#[rustfmt::skip]
pub(super) static REQUEST: Shape = &[
    required("contents", List(&CONTENT, 1, usize::MAX)),
    optional("systemInstruction", CONTENT),
    optional("tools", list(&Object(&[
        optional("functionDeclarations", list(&Object(&[
            required("name", Text), optional("description", Text),
            optional("parameters", SCHEMA), optional("parametersJsonSchema", Map),
            optional("response", SCHEMA), optional("responseJsonSchema", Map),
            optional("behavior", Text),
        ]))),
        optional("googleSearch", Map), optional("googleSearchRetrieval", Map),
        optional("codeExecution", Map), optional("urlContext", Map), optional("fileSearch", Map),
        optional("googleMaps", Map), optional("computerUse", Map), optional("mcpServers", list(&Map)),
    ]))),
    optional("toolConfig", Object(&[
        optional("functionCallingConfig", Object(&[
            optional("mode", Words(&["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"])),
            optional("allowedFunctionNames", list(&Text)),
        ])),
        optional("retrievalConfig", Map), optional("includeServerSideToolInvocations", Bool),
    ])),
    optional("safetySettings", list(&Object(&[
        required("category", Text), required("threshold", Text), optional("method", Text),
    ]))),
    optional("cachedContent", Text),
    optional("serviceTier", Text),
    optional("store", Bool),
    optional("model", Text),
    optional("generationConfig", Object(&[
        optional("temperature", Real(0.0, 2.0)),
        optional("topP", Real(0.0, 1.0)),
        optional("topK", Real(0.0, f64::MAX)),
        optional("candidateCount", Whole(1.0, 8.0)),
        optional("maxOutputTokens", at_least(1)),
        optional("stopSequences", List(&Text, 0, 5)),
        optional("responseMimeType", Words(&["text/plain", "application/json", "text/x.enum"])),
        optional("responseSchema", SCHEMA),
        optional("responseJsonSchema", Map),
        optional("presencePenalty", Real(-2.0, 2.0)),
        optional("frequencyPenalty", Real(-2.0, 2.0)),
        optional("seed", Whole(i32::MIN as f64, i32::MAX as f64)),
        optional("responseLogprobs", Bool),
        optional("logprobs", Whole(0.0, 20.0)),
        optional("enableEnhancedCivicAnswers", Bool),
        optional("responseModalities", list(&Text)),
        optional("speechConfig", Map), optional("imageConfig", Map), optional("mediaResolution", Text),
        optional("thinkingConfig", Object(&[
            optional("includeThoughts", Bool),
            optional("thinkingBudget", Whole(-1.0, 65_536.0)),
            optional("thinkingLevel", Words(&[
                "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH", "minimal", "low", "medium", "high", "xhigh",
            ])),
        ])),
    ])),
];

/// What only Vertex takes.
pub(super) static LABELS: Shape = &[optional("labels", Map)];

#[rustfmt::skip]
pub(super) const CONTENT: Kind = Object(&[
    optional("role", Words(&["user", "model", "function", "system"])),
    required("parts", List(&Object(PART), 1, usize::MAX)),
]);

/// The fields of a part of which exactly one must be there.
#[rustfmt::skip]
pub(super) const DATA: &[&str] = &[
    "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode",
    "codeExecutionResult", "toolCall", "toolResponse",
];

#[rustfmt::skip]
const PART: Shape = &[
    optional("text", Text),
    optional("inlineData", BLOB),
    optional("fileData", Object(&[
        required("fileUri", Text), optional("mimeType", Text), optional("displayName", Text),
    ])),
    optional("functionCall", Object(&[required("name", Text), optional("args", Map), optional("id", Text)])),
    optional("functionResponse", Object(&[
        required("name", Text), required("response", Map), optional("id", Text),
        optional("willContinue", Bool), optional("scheduling", Text),
        optional("parts", list(&Object(&[optional("inlineData", BLOB), optional("fileData", Map)]))),
    ])),
    optional("executableCode", Map), optional("codeExecutionResult", Map),
    optional("toolCall", Map), optional("toolResponse", Map),
    optional("thought", Bool), optional("thoughtSignature", Text),
    optional("videoMetadata", Map), optional("mediaResolution", Any), optional("partMetadata", Map),
];

const BLOB: Kind =
    Object(&[required("mimeType", Text), required("data", Text), optional("displayName", Text)]);

/// OpenAPI's dialect of JSON Schema: no `$ref`, no `additionalProperties`, no `const`; looked at
/// by [`super::read`], because a table cannot contain itself.
const SCHEMA: Kind = Map;

/// The keywords of that dialect (wire.md §5.5).
#[rustfmt::skip]
pub(super) const KEYWORDS: &[&str] = &[
    "type", "format", "title", "description", "nullable", "enum", "items", "minItems", "maxItems",
    "properties", "required", "minProperties", "maxProperties", "minimum", "maximum", "minLength",
    "maxLength", "pattern", "anyOf", "propertyOrdering", "default", "example",
];

/// The values of `type` in that dialect, in any case.
pub(super) const TYPES: &[&str] =
    &["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"];
