"""Who served a recording, as a backend of Egret: its vendor, and the path at which that begins."""

from typing import Any

from recordings import Recording

AZURE = {"vendor": "azure-openai", "resource": "contoso"}
PLACE = {"project": "contoso", "location": "us-east5"}
VERTEX = {"vendor": "vertex-gemini"} | PLACE

# Words in the URL, in this order; the backend, and what stands between its host and its paths.
# Where the path ends otherwise than the vendor's does, the host was a proxy of somebody's own.
VENDORS: list[tuple[str, dict[str, Any], str]] = [
    ("azure.com/openai/deployments/", AZURE | {"vendor": "azure-openai-classic"}, "/openai"),
    ("azure.com/", AZURE, "/openai/v1"),
    ("azuredatabricks.net", {"vendor": "compatible"}, "/serving-endpoints"),
    ("snowflakecomputing.com", {"vendor": "compatible"}, "/api/v2/cortex/v1"),
    ("bedrock-mantle.", {"vendor": "bedrock-openai", "region": "us-east-1"}, "/openai/v1"),
    ("bedrock-runtime.", {"vendor": "bedrock-invoke", "region": "us-east-1"}, ""),
    ("api.groq.com", {"vendor": "groq"}, "/openai/v1"),
    ("api.mistral.ai", {"vendor": "mistral"}, "/v1"),
    ("api.deepseek.com", {"vendor": "deepseek"}, ""),
    ("api.together.ai", {"vendor": "together"}, "/v1"),
    ("api.x.ai", {"vendor": "xai"}, "/v1"),
    ("router.huggingface.co", {"vendor": "huggingface"}, "/v1"),
    ("openrouter.ai", {"vendor": "openrouter"}, "/api/v1"),
    ("api.perplexity.ai", {"vendor": "perplexity"}, ""),
    ("ollama.com", {"vendor": "ollama"}, "/v1"),
    ("/publishers/google/", VERTEX | {"api_version": "v1beta1"}, ""),
    ("/publishers/anthropic/", {"vendor": "vertex-claude"} | PLACE, ""),
]
# Whoever is not in the table: OpenAI, Anthropic, Google, and proxies of theirs.
OWN = {
    "chat": ({"schema": "openai", "api": "chat"}, "/v1"),
    "responses": ({"schema": "openai", "api": "responses"}, "/v1"),
    "claude": ({"schema": "claude"}, ""),
    "gemini": ({"schema": "gemini"}, ""),
}


def backend(recording: Recording, url: str) -> dict[str, Any]:
    """The backend that serves a recording at this URL, in the recording's schema."""
    vendor, base = OWN[recording.schema]
    # No vendor but OpenAI is known for embeddings in its schema everywhere.
    if recording.operation == "generate":
        found = (row[1:] for row in VENDORS if row[0] in recording.url)
        vendor, base = next(found, (vendor, base))
    if recording.schema in ("chat", "responses"):
        vendor = vendor | {"api": recording.schema}
    return vendor | at(url + base)


def at(url: str) -> dict[str, str]:
    return {"url": url, "plaintext": "allowed", "credential": "none"}


def of_schema(schema: str, url: str) -> dict[str, Any]:
    """Whose API a schema is, at this URL."""
    vendor, base = OWN[schema]
    return vendor | at(url + base)
