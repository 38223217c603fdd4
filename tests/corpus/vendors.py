"""Who served a recording, as a backend of Egret."""

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from recordings import Recording

AZURE = {"vendor": "azure-openai", "resource": "contoso"}
PLACE = {"project": "contoso", "location": "us-east5"}

# Words in the URL, in this order, and the backend.
VENDORS: list[tuple[str, dict[str, Any]]] = [
    ("azure.com/openai/deployments/", AZURE | {"vendor": "azure-openai-classic"}),
    ("azure.com/", AZURE),
    ("azuredatabricks.net", {"vendor": "compatible"}),
    ("snowflakecomputing.com", {"vendor": "compatible"}),
    ("bedrock-mantle.", {"vendor": "bedrock-openai", "region": "us-east-1"}),
    ("bedrock-runtime.", {"vendor": "bedrock-invoke", "region": "us-east-1"}),
    ("api.groq.com", {"vendor": "groq"}),
    ("api.mistral.ai", {"vendor": "mistral"}),
    ("api.deepseek.com", {"vendor": "deepseek"}),
    ("api.together.ai", {"vendor": "together"}),
    ("api.x.ai", {"vendor": "xai"}),
    ("router.huggingface.co", {"vendor": "huggingface"}),
    ("openrouter.ai", {"vendor": "openrouter"}),
    ("api.perplexity.ai", {"vendor": "perplexity"}),
    ("ollama.com", {"vendor": "ollama"}),
    ("/publishers/google/", {"vendor": "vertex-gemini"} | PLACE),
    ("/publishers/anthropic/", {"vendor": "vertex-claude"} | PLACE),
]
# Whoever is not in the table: OpenAI, Anthropic, Google, and proxies of theirs; and what their
# URLs end with.
OWN = {
    "chat": ({"schema": "openai", "api": "chat"}, "/v1"),
    "responses": ({"schema": "openai", "api": "responses"}, "/v1"),
    "claude": ({"schema": "claude"}, ""),
    "gemini": ({"schema": "gemini"}, ""),
}
# Where the paths begin that Egret knows of; what stands before is of a host's own.
PATHS = r"/(deployments/|chat/|responses|embeddings|v1/messages|model/|v1\w*/(models|projects)/)"


def backend(recording: Recording, url: str) -> dict[str, Any]:
    """The backend that serves a recording at this host, in the recording's schema."""
    vendor, _ = OWN[recording.schema]
    # No vendor but OpenAI is known for embeddings in its schema everywhere.
    if recording.operation != "embed":
        found = (vendor for words, vendor in VENDORS if words in recording.url)
        vendor = next(found, vendor)
    if recording.schema in ("chat", "responses"):
        vendor = vendor | {"api": recording.schema}
    path = urlsplit(recording.url).path
    if "/projects/" in path:
        vendor = vendor | {"api_version": path.split("/")[1]}
    return vendor | at(url + path[: re.search(PATHS, path).start()])


def at(url: str) -> dict[str, Any]:
    return {"url": url, "plaintext": "allowed", "allow_private": True, "credential": "none"}


def of_schema(schema: str, url: str) -> dict[str, Any]:
    """Whose API a schema is, at this host."""
    vendor, base = OWN[schema]
    return vendor | at(url + base)


def path(url: str) -> str:
    """The path of a URL or of a request, apart from the places of a cloud in it."""
    return re.sub(r"/(projects|locations)/[^/]+", r"/\1/…", unquote(urlsplit(url).path))
