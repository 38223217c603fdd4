"""What does not hold, one by one, and why not. What holds after all fails here, too."""

CONVERSE = "Bedrock's Converse is a schema of its own, which Egret doesn't speak"
NOVA = "Nova's body on InvokeModel is a schema of its own, which Egret doesn't speak"
OLLAMA = "Ollama's own embeddings are a schema of their own, which Egret doesn't speak"

# Recordings in none of the schemas that Egret speaks.
NOT_SPOKEN = {
    "openinference__TestNovaInvokeModel-test-nova-micro-text__0_92b092": NOVA,
    "openllmetry__test-nova-invoke-stream__0_a0716c": NOVA,
    "ellmer__aws-bedrock-thinking__0_62ce5c": CONVERSE,
    "openinference__test-converse-tool-use-message__0_0888bc": CONVERSE,
    "openllmetry__test-guardrail-converse-stream__0_42f51b": CONVERSE,
    "openllmetry__test-nova-converse-stream__0_fa87e7": CONVERSE,
    "openllmetry__test-titan-converse-stream__0_086f33": CONVERSE,
    "pydantic-ai__test-bedrock-anthropic-tool-with-thinking__1_20560c": CONVERSE,
    "pydantic-ai__test-bedrock-model-iter-stream__0_8ec71f": CONVERSE,
    "pydantic-ai__test-bedrock-model-thinking-part-stream__0_688c4c": CONVERSE,
    "pydantic-ai__test-bedrock-thinking-true-openai-variant__0_db53e6": CONVERSE,
    "pydantic-ai__test-document-url-input__1_43cf3a": CONVERSE,
    "pydantic-ai__test-stop-settings-bedrock__0_a8714b": CONVERSE,
    "ruby-llm__chat-web-search-with-bedrock-amazon-nova-2-lite-v1-0-streams-grounded__0_24da52": (
        CONVERSE
    ),
    "ruby-llm__chat-with-schema-with-bedrock-claude-haiku-4-5-allows-removing-schema__0_c9c5e9": (
        CONVERSE
    ),
    "openllmetry__test-ollama-embeddings-legacy__0_179e39": OLLAMA,
}

# Answers that their own SDK can't read.
UNREADABLE = {
    "openinference__test-gemini-token-counts-streaming__0_4d84a8": (
        "an older SDK asked for enumerations as numbers, which the newest can't read"
    ),
}

# What a provider refuses instead of Egret, and the word it says; why that is left to it.
LEFT_TO_PROVIDER = {
    # Whether a temperature goes with thinking is decided by the model, and told.
    ("ellmer__google-thinking-level__0_c1bb12", "claude-sonnet-4-6"): "temperature",
    ("ellmer__google-thinking-level__0_c1bb12", "gpt-5.2"): "temperature",
    ("ellmer__google-thinking-level__0_c1bb12", "gpt-5.4"): "temperature",
}

FREE_TEXT = "no caller of this schema can declare tools of free text, so none is called"
MISTRAL = "Mistral streams the usage unasked; what asks for it is left out, though it took it here"
FALLBACKS = "OpenRouter's `models` names models to ask instead, past every list and price: refused"
COUNTED = "how long an answer may be says nothing of how long a question is"

# Why a charge is another than the catalogue makes it.
COMPACTION = "compaction is billed beside the totals, in `iterations`, which the catalogue leaves out"
ADVISOR = "the advisor's tokens stand in `iterations`: charged, as if the model asked for had used them"
SHRINKS = "a later count tells less: the catalogue takes the last, Egret the larger (S-43)"
NUMBERS = "enumerations as numbers, which the catalogue can't read"
LARGER = "more was cached than there was: the catalogue refuses, Egret charges all as read afresh"
VOYAGE = "the total alone is told, which the catalogue does not read"
SEARCHING = "the model searches in every call, which the catalogue has no price of"
CONTAINER = "code was run in a container, which the catalogue has no price of"
GROK = "xAI bills each search, which the catalogue has no price of"

# Recordings whose charge is another.
CHARGED_OTHERWISE = {
    "anthropic/sse/pydantic-ai__test-anthropic-advisor-tool-stream__0_0d236e": ADVISOR,
    "anthropic/sse/langchain-anthropic-1-7-10__test-compaction-st"
    "reaming-yaml__1_905768": COMPACTION,
    "gemini/sse/pydantic-ai__test-native-output-with-builtin-tools-stream__0_53c47d": SHRINKS,
    "gemini/sse/pydantic-ai__test-google-model-iter-stream__2_b99d3c": SHRINKS,
    "gemini_vertex/json/openinference__test-gemini-token-counts-streaming__0_4d84a8": NUMBERS,
    "openai_chat/json/ruby-llm__chat-citations-with-openai-gpt-4o"
    "-mini-search-preview-returns-url-cita__0_c4510e": SEARCHING,
    "openai_chat/json/ai-gateway__chat-web-search__0_2aaa0e": SEARCHING,
    "openai_chat_azure/json/ruby-llm__chat-string-tool-results-az"
    "ure-grok-4-1-fast-non-reasoning-preserves-s__1_fd2ccc": LARGER,
    "openai_chat_azure/json/ruby-llm__chat-function-calling-azure"
    "-grok-4-1-fast-non-reasoning-can-handle-mul__1_c06811": LARGER,
    "openai_chat_azure/json/ruby-llm__chat-multimodal-tool-attach"
    "ments-azure-grok-4-1-fast-non-reasoning-des__0_ab9dd4": LARGER,
    "openai_chat_azure/sse/ruby-llm__chat-streaming-responses-azu"
    "re-grok-4-1-fast-non-reasoning-supports-st__0_d71fb5": LARGER,
    "openai_chat_azure/sse/ruby-llm__chat-function-calling-azure-"
    "grok-4-1-fast-non-reasoning-can-use-tools__3_00e613": LARGER,
    "openai_chat_azure/sse/ruby-llm__chat-function-calling-azure-"
    "grok-4-1-fast-non-reasoning-can-use-tools__1_fdc542": LARGER,
    "openai_embeddings/json/openllmetry__test-voyageai-embed-legacy__0_9992ac": VOYAGE,
    "openai_responses/json/langchain-openai-1-7-4__test-code-interpreter-yaml__0_864e37": CONTAINER,
    "openai_responses/sse/pydantic-ai__test-openai-responses-code"
    "-execution-return-image-stream__0_fc2b02": CONTAINER,
    "openai_responses_compat/json/ruby-llm__chat-web-search-with-"
    "xai-grok-4-3-replays-search-turns-so-the-conversa__0_4d5417": GROK,
}

# Cells that fail, by the test's function and its parameter.
FAILING = {
    "test_the_request_arrives_as_recorded[openai_chat_compat/sse/"
    "pydantic-ai__test-openrouter-stream-with-native-options__0_c2d233]": FALLBACKS,
    "test_the_request_arrives_as_recorded[openai_chat_compat/sse/"
    "ruby-llm__chat-function-calling-mistral-mistral-small-latest-can-use-tools-with__2_338622]": (
        MISTRAL
    ),
    "test_the_other_sdks_read_the_same[openai_responses/sse/"
    "langchain-openai-1-7-4__test-custom-tool-yaml__2_30b316-claude]": FREE_TEXT,
    "test_the_other_sdks_read_the_same[openai_responses/sse/"
    "langchain-openai-1-7-4__test-custom-tool-yaml__2_30b316-gemini]": FREE_TEXT,
    "test_it_arrives_whole_or_is_refused_by_name[gemini_count_tokens/json/"
    "pydantic-ai__test-google-vertexai-model-usage-limit-exceeded__0_1146dd-responses-gpt-5.4]": (
        COUNTED
    ),
    "test_it_arrives_whole_or_is_refused_by_name[gemini_count_tokens/json/"
    "pydantic-ai__test-google-vertexai-model-usage-limit-exceeded__0_1146dd-"
    "claude-claude-sonnet-4-6]": COUNTED,
    **{
        f"test_it_is_charged_what_the_catalogue_says[{name}]": reason
        for name, reason in CHARGED_OTHERWISE.items()
    },
}
