"""Responses."""

from typing import Any

import openai

from .answer import TIMEOUT_S, Answer, arguments

# Events that end a stream with the whole response.
LAST = {"response.completed", "response.incomplete", "response.failed"}


class Responses:
    """The OpenAI SDK, asking for responses."""

    schema = "responses"
    error = openai.APIError
    finish = {"max_output_tokens": "length", "content_filter": "filter"}

    def __init__(self, url: str) -> None:
        self.client = openai.OpenAI(
            base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=TIMEOUT_S
        )

    def close(self) -> None:
        self.client.close()

    def status(self, error: Exception) -> int | None:
        return getattr(error, "status_code", None)

    def ask(self, model: str, stream: bool) -> list[Any]:
        """The SDK's objects: one whole response, or the events of a stream."""
        if not stream:
            return [self.client.responses.create(model=model, input="Hi")]
        return list(self.client.responses.create(model=model, input="Hi", stream=True))

    def count(self, model: str) -> int:
        return self.client.responses.input_tokens.count(model=model, input="Hi").input_tokens

    def candidates(self, objects: list[Any]) -> int:
        return 1

    def answer(self, objects: list[Any], candidate: int = 0) -> Answer:
        response = self._whole(objects)
        text, calls, refused = "", [], False
        for item in response.output:
            if item.type == "message":
                for part in item.content:
                    refused |= part.type == "refusal"
                    text += part.refusal if part.type == "refusal" else part.text
            elif item.type == "function_call":
                calls.append((item.name, arguments(item.arguments)))
            elif item.type == "custom_tool_call":
                calls.append((item.name, {"input": item.input}))
        told = response.usage
        return Answer(
            text=text,
            calls=calls,
            finish=self._finish(response, calls, refused),
            tokens=(told.input_tokens, told.output_tokens) if told else (0, 0),
        )

    def _finish(self, response: Any, calls: list, refused: bool) -> str:
        if response.status == "incomplete":
            reason = response.incomplete_details.reason
            return self.finish.get(reason, reason)
        if response.status == "failed":
            return response.status
        if refused:
            return "filter"
        return "calls" if calls else "end"

    def _whole(self, objects: list[Any]) -> Any:
        """The response at the end of a stream, which must be what the stream said on the way."""
        if not hasattr(objects[-1], "sequence_number"):
            return objects[-1]
        ends = [event.response for event in objects if event.type in LAST]
        assert len(ends) == 1, [event.type for event in objects][-3:]
        for kind, of, said in STREAMED:
            pieces = [event.delta for event in objects if event.type == f"response.{kind}.delta"]
            assert "".join(pieces) == "".join(said(one) for one in parts(ends[0], of)), kind
        return ends[0]


# What is streamed, what it is a part of in the end, and where it stands there.
STREAMED = [
    ("output_text", "output_text", lambda part: part.text),
    ("refusal", "refusal", lambda part: part.refusal),
    ("function_call_arguments", "function_call", lambda item: item.arguments),
    ("custom_tool_call_input", "custom_tool_call", lambda item: item.input),
]


def parts(response: Any, kind: str) -> list[Any]:
    """All items, and parts of messages, of this kind."""
    items = response.output
    contents = [part for item in items if item.type == "message" for part in item.content]
    return [one for one in [*items, *contents] if one.type == kind]
