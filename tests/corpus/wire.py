"""Requests and answers as bytes, without any SDK."""

import http.client
import json
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


def path(recording: Recording, model: str) -> str:
    if recording.schema == "openai":
        return "/v1/chat/completions"
    if recording.schema == "claude":
        return "/v1/messages"
    if not recording.streamed:
        return f"/v1beta/models/{model}:generateContent"
    query = "" if recording.json_array else "?alt=sse"
    return f"/v1beta/models/{model}:streamGenerateContent{query}"


def recorded(recording: Recording, model: str) -> bytes:
    """The recorded request, asking for another model."""
    if recording.schema == "gemini":
        return recording.request
    # The names stand where the model stands; what else is named like it stays.
    spelled = json.dumps(recording.model).encode()
    return recording.request.replace(spelled, json.dumps(model).encode(), 1)


def simplest(recording: Recording, include_usage: bool = True) -> bytes:
    """The simplest request that is answered with the recording."""
    said = {"role": "user", "content": "Hi"}
    if recording.schema == "gemini":
        return json.dumps({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}).encode()
    body: dict[str, Any] = {"model": recording.alias, "messages": [said]}
    if recording.schema == "claude":
        body["max_tokens"] = 1024
    if recording.streamed:
        body["stream"] = True
        if recording.schema == "openai" and include_usage:
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
