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
}
