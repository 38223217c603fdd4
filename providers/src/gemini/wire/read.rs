//! What is read.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::object::object;
use super::{Count, Int, List, Number, Tokens, Word};
use crate::json::Str;

object! {
    /// A `generateContent` body.
    Request<'a> {
        model: "model" => Str<'a>,
        contents: "contents" => List<Content<'a>>,
        system_instruction: "systemInstruction" => Instruction<'a>,
        tools: "tools" => List<Tool<'a>>,
        tool_config: "toolConfig" => ToolConfig<'a>,
        generation_config: "generationConfig" => GenerationConfig<'a>,
    }
}

object! {
    /// A turn.
    Content<'a> {
        role: "role" => Str<'a>,
        parts: "parts" => List<Part<'a>>,
    }
}

object! {
    /// A piece of a turn: one member says what it is, the others are about it.
    Part<'a> {
        text: "text" => Str<'a>,
        thought: "thought" => bool,
        thought_signature: "thoughtSignature" => Str<'a>,
        inline_data: "inlineData" => Blob<'a>,
        file_data: "fileData" => FileData<'a>,
        function_call: "functionCall" => FunctionCall<'a>,
        function_response: "functionResponse" => FunctionResponse<'a>,
    }
}

object! {
    /// Bytes in the body.
    Blob<'a> {
        mime_type: "mimeType" => Str<'a>,
        data: "data" => Str<'a>,
        display_name: "displayName" => Str<'a>,
    }
}

object! {
    /// Bytes elsewhere.
    FileData<'a> {
        mime_type: "mimeType" => Str<'a>,
        file_uri: "fileUri" => Str<'a>,
        display_name: "displayName" => Str<'a>,
    }
}

object! {
    /// The model calls a function.
    FunctionCall<'a> {
        id: "id" => Str<'a>,
        name: "name" => Str<'a>,
        args: "args" => &'a RawValue,
        /// Vertex's `streamFunctionCallArguments`: arguments piece by piece.
        partial_args: "partialArgs" => &'a RawValue,
        will_continue: "willContinue" => &'a RawValue,
    }
}

object! {
    /// A piece of a call's arguments.
    PartialArg<'a> {
        json_path: "jsonPath" => Str<'a>,
        string_value: "stringValue" => Str<'a>,
        number_value: "numberValue" => &'a RawValue,
        bool_value: "boolValue" => &'a RawValue,
        null_value: "nullValue" => Str<'a>,
        will_continue: "willContinue" => bool,
    }
}

object! {
    /// What a function answered.
    FunctionResponse<'a> {
        id: "id" => Str<'a>,
        name: "name" => Str<'a>,
        response: "response" => &'a RawValue,
        parts: "parts" => List<ResponsePart<'a>>,
    }
}

object! {
    /// Media that a function answered with.
    ResponsePart<'a> {
        inline_data: "inlineData" => Blob<'a>,
        file_data: "fileData" => FileData<'a>,
    }
}

object! {
    /// Tools of one kind. Every member but this one is a hosted tool.
    Tool<'a> {
        function_declarations: "functionDeclarations" => List<FunctionDeclaration<'a>>,
    }
}

object! {
    /// A function that the model may call.
    FunctionDeclaration<'a> {
        name: "name" => Str<'a>,
        description: "description" => Str<'a>,
        parameters: "parameters" => &'a RawValue,
        parameters_json_schema: "parametersJsonSchema" => &'a RawValue,
    }
}

object! {
    /// How tools are used.
    ToolConfig<'a> {
        function_calling_config: "functionCallingConfig" => FunctionCallingConfig<'a>,
    }
}

object! {
    /// How functions are called.
    FunctionCallingConfig<'a> {
        mode: "mode" => Word<'a>,
        allowed_function_names: "allowedFunctionNames" => List<Str<'a>>,
    }
}

object! {
    /// How the answer is made.
    GenerationConfig<'a> {
        temperature: "temperature" => Number<'a>,
        top_p: "topP" => Number<'a>,
        top_k: "topK" => Number<'a>,
        seed: "seed" => Number<'a>,
        presence_penalty: "presencePenalty" => Number<'a>,
        frequency_penalty: "frequencyPenalty" => Number<'a>,
        candidate_count: "candidateCount" => Int,
        max_output_tokens: "maxOutputTokens" => Int,
        stop_sequences: "stopSequences" => List<Str<'a>>,
        response_mime_type: "responseMimeType" => &'a RawValue,
        response_schema: "responseSchema" => &'a RawValue,
        response_json_schema: "responseJsonSchema" => &'a RawValue,
        /// What SDKs wrote before `responseJsonSchema` was settled.
        _response_json_schema: "_responseJsonSchema" => &'a RawValue,
        response_logprobs: "responseLogprobs" => bool,
        logprobs: "logprobs" => Int,
        response_modalities: "responseModalities" => &'a RawValue,
        thinking_config: "thinkingConfig" => ThinkingConfig<'a>,
    }
}

object! {
    /// How the model thinks.
    ThinkingConfig<'a> {
        include_thoughts: "includeThoughts" => bool,
        thinking_budget: "thinkingBudget" => Int,
        thinking_level: "thinkingLevel" => Word<'a>,
    }
}

object! {
    /// An answer, or a chunk of one, or an error in its place.
    Response<'a> {
        candidates: "candidates" => List<Candidate<'a>>,
        prompt_feedback: "promptFeedback" => PromptFeedback<'a>,
        usage_metadata: "usageMetadata" => UsageMetadata<'a>,
        model_version: "modelVersion" => Str<'a>,
        response_id: "responseId" => Str<'a>,
        error: "error" => Status<'a>,
    }
}

object! {
    /// One alternative.
    Candidate<'a> {
        index: "index" => Count,
        content: "content" => Content<'a>,
        finish_reason: "finishReason" => Word<'a>,
        finish_message: "finishMessage" => Str<'a>,
        logprobs_result: "logprobsResult" => &'a RawValue,
        grounding_metadata: "groundingMetadata" => &'a RawValue,
        citation_metadata: "citationMetadata" => &'a RawValue,
    }
}

object! {
    /// How likely the tokens were.
    LogprobsResult<'a> {
        chosen_candidates: "chosenCandidates" => List<Likely<'a>>,
        top_candidates: "topCandidates" => List<Top<'a>>,
    }
}

object! {
    /// The likeliest at one place.
    Top<'a> {
        candidates: "candidates" => List<Likely<'a>>,
    }
}

object! {
    /// A token.
    Likely<'a> {
        token: "token" => Str<'a>,
        token_id: "tokenId" => Int,
        log_probability: "logProbability" => Number<'a>,
    }
}

object! {
    /// What an answer was grounded in.
    GroundingMetadata<'a> {
        grounding_chunks: "groundingChunks" => List<&'a RawValue>,
        grounding_supports: "groundingSupports" => List<GroundingSupport<'a>>,
        web_search_queries: "webSearchQueries" => List<Str<'a>>,
        image_search_queries: "imageSearchQueries" => List<Str<'a>>,
    }
}

object! {
    /// A source: one member says of what kind.
    GroundingChunk<'a> {
        web: "web" => Site<'a>,
        retrieved_context: "retrievedContext" => Site<'a>,
        maps: "maps" => Site<'a>,
    }
}

object! {
    /// A page, a piece of a file, or a place.
    Site<'a> {
        uri: "uri" => Str<'a>,
        title: "title" => Str<'a>,
        text: "text" => Str<'a>,
    }
}

object! {
    /// Which sources stand behind a segment.
    GroundingSupport<'a> {
        segment: "segment" => Segment<'a>,
        grounding_chunk_indices: "groundingChunkIndices" => List<Count>,
    }
}

object! {
    /// A piece of the answer, in bytes.
    Segment<'a> {
        start_index: "startIndex" => Count,
        end_index: "endIndex" => Count,
    }
}

object! {
    /// What an answer was recited from.
    CitationMetadata<'a> {
        citation_sources: "citationSources" => List<CitationSource<'a>>,
        citations: "citations" => List<CitationSource<'a>>,
    }
}

object! {
    /// One such source, and the piece of the answer in bytes.
    CitationSource<'a> {
        start_index: "startIndex" => Count,
        end_index: "endIndex" => Count,
        uri: "uri" => Str<'a>,
        title: "title" => Str<'a>,
    }
}

object! {
    /// Why a prompt was not answered.
    PromptFeedback<'a> {
        block_reason: "blockReason" => Word<'a>,
        block_reason_message: "blockReasonMessage" => Str<'a>,
    }
}

object! {
    /// What was used (`wire.md` §3.2).
    UsageMetadata<'a> {
        prompt_token_count: "promptTokenCount" => Tokens,
        cached_content_token_count: "cachedContentTokenCount" => Tokens,
        tool_use_prompt_token_count: "toolUsePromptTokenCount" => Tokens,
        candidates_token_count: "candidatesTokenCount" => Tokens,
        thoughts_token_count: "thoughtsTokenCount" => Tokens,
        prompt_tokens_details: "promptTokensDetails" => List<ModalityCount<'a>>,
        candidates_tokens_details: "candidatesTokensDetails" => List<ModalityCount<'a>>,
        tool_use_prompt_tokens_details: "toolUsePromptTokensDetails" => List<ModalityCount<'a>>,
        service_tier: "serviceTier" => Word<'a>,
        traffic_type: "trafficType" => Word<'a>,
    }
}

object! {
    /// Tokens of one kind.
    ModalityCount<'a> {
        modality: "modality" => Word<'a>,
        token_count: "tokenCount" => Tokens,
    }
}

object! {
    /// `google.rpc.Status`.
    Status<'a> {
        code: "code" => Count,
        message: "message" => Str<'a>,
        status: "status" => Word<'a>,
        details: "details" => &'a RawValue,
    }
}

object! {
    /// The details of a `google.rpc.Status` that tell something: `ErrorInfo`, `RetryInfo` and
    /// `BadRequest`, told apart by their members.
    Detail<'a> {
        reason: "reason" => &'a RawValue,
        retry_delay: "retryDelay" => &'a RawValue,
        field_violations: "fieldViolations" => List<FieldViolation<'a>>,
    }
}

object! {
    /// A field that is to blame.
    FieldViolation<'a> {
        field: "field" => Str<'a>,
    }
}

object! {
    /// Where the parts of a request or response are, unread. Parts that only Gemini knows keep
    /// their JSON; they are rare, and found again this way so that no other is read twice.
    Outline<'a> {
        contents: "contents" => List<ContentOutline<'a>>,
        candidates: "candidates" => List<CandidateOutline<'a>>,
        tools: "tools" => List<ToolOutline<'a>>,
    }
}

object! {
    /// Tools of one kind, unread.
    ToolOutline<'a> {
        function_declarations: "functionDeclarations" => &'a RawValue,
    }
}

object! {
    /// A turn, unread.
    ContentOutline<'a> {
        parts: "parts" => &'a RawValue,
    }
}

object! {
    /// An alternative, unread.
    CandidateOutline<'a> {
        content: "content" => ContentOutline<'a>,
    }
}

impl<'a> ContentOutline<'a> {
    /// The JSON of each part.
    pub(in crate::gemini) fn parts(&self) -> Vec<&'a RawValue> {
        items(self.parts)
    }
}

impl<'a> ToolOutline<'a> {
    /// The JSON of each function.
    pub(in crate::gemini) fn functions(&self) -> Vec<&'a RawValue> {
        items(self.function_declarations)
    }
}

/// The JSON of each item of what should be a list.
fn items(list: Option<&RawValue>) -> Vec<&RawValue> {
    match list {
        None => Vec::new(),
        Some(list) if list.get().starts_with('[') => {
            serde_json::from_str(list.get()).unwrap_or_default()
        }
        Some(one) => vec![one],
    }
}

/// `systemInstruction`: a turn, its parts alone, or just text.
#[derive(Debug)]
pub(in crate::gemini) struct Instruction<'a>(pub(in crate::gemini) Content<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Instruction<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl Forms {
            fn text(text: Str<'_>) -> Instruction<'_> {
                Self::parts(List(vec![Part { text: Some(text), ..Part::default() }]))
            }

            fn parts(parts: List<Part<'_>>) -> Instruction<'_> {
                Instruction(Content { parts: Some(parts), ..Content::default() })
            }
        }

        impl<'de> Visitor<'de> for Forms {
            type Value = Instruction<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with `parts`")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Self::text(Str(text.into())))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Self::text(Str(text.to_owned().into())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                List::deserialize(SeqAccessDeserializer::new(seq)).map(Self::parts)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Content::deserialize(MapAccessDeserializer::new(map)).map(Instruction)
            }
        }

        deserializer.deserialize_any(Forms)
    }
}
