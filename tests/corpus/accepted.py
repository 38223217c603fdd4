"""What the official SDKs' types say of the bodies that providers get."""

import json
import re
import warnings
from typing import Any

import pydantic
from anthropic.types.beta import message_count_tokens_params as beta_count
from anthropic.types.beta import message_create_params as beta_create
from anthropic.types import message_count_tokens_params, message_create_params
from google.genai import types
from openai.types import embedding_create_params
from openai.types.chat import completion_create_params
from openai.types.responses import input_token_count_params, response_create_params
from pydantic.alias_generators import to_camel
from simulators import Arrival
from strict import faults

# What the API takes, in its older version, that the newest SDK no longer has.
OLD_CLAUDE = {"temperature": float, "top_p": float, "top_k": int}


class Body(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", alias_generator=to_camel)


class Generate(Body):
    """GenerateContentRequest, of the SDK's types."""

    model: str | None = None
    contents: list[types.Content]
    system_instruction: types.Content | None = None
    tools: list[types.Tool] | None = None
    tool_config: types.ToolConfig | None = None
    safety_settings: list[types.SafetySetting] | None = None
    generation_config: types.GenerationConfig | None = None
    cached_content: str | None = None
    labels: dict[str, str] | None = None
    service_tier: types.ServiceTier | None = None


class Count(Body):
    """CountTokensRequest."""

    contents: list[types.Content] | None = None
    generate_content_request: Generate | None = None


class Embed(Body):
    """EmbedContentRequest."""

    model: str | None = None
    content: types.Content
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: int | None = None


class EmbedBatch(Body):
    """BatchEmbedContentsRequest."""

    requests: list[Embed]


GEMINI = {
    "generateContent": Generate,
    "streamGenerateContent": Generate,
    "countTokens": Count,
    "embedContent": Embed,
    "batchEmbedContents": EmbedBatch,
}
CLAUDE = {
    "/v1/messages": (
        message_create_params.MessageCreateParams,
        beta_create.MessageCreateParams,
    ),
    "/v1/messages/count_tokens": (
        message_count_tokens_params.MessageCountTokensParams,
        beta_count.MessageCountTokensParams,
    ),
}
OPENAI = {
    "/v1/chat/completions": completion_create_params.CompletionCreateParams,
    "/v1/embeddings": embedding_create_params.EmbeddingCreateParams,
    "/v1/responses": response_create_params.ResponseCreateParams,
    "/v1/responses/input_tokens": input_token_count_params.InputTokenCountParams,
}


def refused(arrival: Arrival) -> list[str]:
    """What the types of the provider's own SDK don't take of a body."""
    path = arrival.path.split("?")[0]
    if path in OPENAI:
        return faults(arrival.body, OPENAI[path])
    if path in CLAUDE:
        return _of_claude(arrival, path)
    return _of_gemini(arrival.body, GEMINI[re.search(r":(\w+)$", path).group(1)])


def _of_claude(arrival: Arrival, path: str) -> list[str]:
    body, found = dict(arrival.body), []
    if arrival.headers["anthropic-version"] == "2023-06-01":
        for name, of in OLD_CLAUDE.items():
            found += faults(body.pop(name, 0), of, f".{name}")
    stable, beta = CLAUDE[path]
    return found + faults(body, beta if arrival.headers.get("anthropic-beta") else stable)


def _of_gemini(body: Any, of: type[Body]) -> list[str]:
    with warnings.catch_warnings():
        # The SDK takes unknown words of an enumeration, and warns.
        warnings.simplefilter("error")
        try:
            # The API's own spelling of each name, and no other.
            of.model_validate_json(json.dumps(body), by_alias=True, by_name=False)
        except pydantic.ValidationError as error:
            return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        except UserWarning as warning:
            return [str(warning)]
    return []
