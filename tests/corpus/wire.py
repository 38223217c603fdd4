"""Requests and answers as bytes, without any SDK."""

import http.client
import json
import re
from dataclasses import dataclass
from typing import Any

from gateway import Gateway
from recordings import Recording

TIMEOUT_S = 30


@dataclass(frozen=True)
class Received:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


PATHS = {
    ("chat", "generate"): "/v1/chat/completions",
    ("chat", "embed"): "/v1/embeddings",
    ("responses", "generate"): "/v1/responses",
    ("responses", "count"): "/v1/responses/input_tokens",
    ("claude", "generate"): "/v1/messages",
    ("claude", "count"): "/v1/messages/count_tokens",
}


def path(recording: Recording, model: str) -> str:
    """Where Egret is asked for what was recorded."""
    if recording.schema != "gemini":
        return PATHS[recording.schema, recording.operation]
    if recording.operation == "generate":
        method = "streamGenerateContent" if recording.streamed else "generateContent"
    else:
        method = re.search(r":([a-zA-Z]+)(\?|$)", recording.url).group(1)
    query = "?alt=sse" if recording.streamed and not recording.json_array else ""
    return f"/v1beta/models/{model}:{method}{query}"


def recorded(recording: Recording, model: str) -> bytes:
    """The recorded request, asking for another model."""
    if recording.schema == "gemini":
        # Some bodies repeat the model of the path.
        named, name = (json.dumps(f"models/{one}").encode() for one in (recording.model, model))
        return recording.request.replace(named, name)
    if recording.model_in_path:
        # Egret's callers name the model, and the version of the API in a header.
        body = {"model": model} | recording.asked
        if recording.streamed:
            body["stream"] = True
        del body["anthropic_version"]
        return json.dumps(body).encode()
    # The names stand where the model stands; what else is named like it stays.
    spelled = json.dumps(recording.model).encode()
    return recording.request.replace(spelled, json.dumps(model).encode(), 1)


def simplest(recording: Recording, include_usage: bool = True) -> bytes:
    """The simplest request that is answered with the recording."""
    said = {"role": "user", "content": "Hi"}
    content = {"role": "user", "parts": [{"text": "Hi"}]}
    schema, operation = recording.schema, recording.operation
    if schema == "gemini" and operation == "embed":
        one = {"model": f"models/{recording.alias}", "content": content}
        return json.dumps({"requests": [one]} if ":batch" in recording.url else one).encode()
    if schema == "gemini":
        return json.dumps({"contents": [content]}).encode()
    body: dict[str, Any] = {"model": recording.alias}
    if operation == "embed":
        return json.dumps(body | {"input": ["Hi"]}).encode()
    body["input" if schema == "responses" else "messages"] = [said]
    if operation == "count":
        return json.dumps(body).encode()
    if schema == "claude":
        body["max_tokens"] = 1024
    if recording.streamed:
        body["stream"] = True
        if schema == "chat" and include_usage:
            body["stream_options"] = {"include_usage": True}
    return json.dumps(body).encode()


def post(gateway: Gateway, recording: Recording, body: bytes, model: str) -> Received:
    """Sends a body to where the recorded one was sent, for this model."""
    headers = {"Content-Type": "application/json"}
    if recording.schema == "claude":
        headers["anthropic-version"] = "2023-06-01"
    connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", path(recording, model), body, headers)
        response = connection.getresponse()
        head = {name.lower(): value for name, value in response.getheaders()}
        return Received(response.status, head, response.read())
    finally:
        connection.close()
