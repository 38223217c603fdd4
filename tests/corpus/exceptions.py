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

# What a provider refuses instead of Egret, and the word it says; why that is left to it.
LEFT_TO_PROVIDER = {
    # Whether a temperature goes with thinking is decided by the model, and told.
    ("ellmer__google-thinking-level__0_c1bb12", "claude-sonnet-4-6"): "temperature",
    ("ellmer__google-thinking-level__0_c1bb12", "gpt-5.2"): "temperature",
    ("ellmer__google-thinking-level__0_c1bb12", "gpt-5.4"): "temperature",
}

# Cells that fail: of a bug that is known, or of a recording that is none. By the test's function
# and its parameter.
FAILING: dict[str, str] = {}
