"""The Anthropic SDK."""

import base64
from typing import Any

import anthropic

from . import Answer, Ask, Assistant, Call, Failure, Result, Results, Usage, User

FINISH = {
    "end": "end_turn",
    "length": "max_tokens",
    "calls": "tool_use",
    # Only Claude itself tells which one was met.
    "stop": "end_turn",
}
ERRORS = {
    400: anthropic.BadRequestError,
    401: anthropic.AuthenticationError,
    403: anthropic.PermissionDeniedError,
    404: anthropic.NotFoundError,
    429: anthropic.RateLimitError,
    500: anthropic.InternalServerError,
    503: anthropic.OverloadedError,
}
STREAM_ERROR = anthropic.APIStatusError
MAX_TOKENS = 4096


def options(url: str, key: str, retries: int) -> dict[str, Any]:
    return {"base_url": url, "api_key": key, "max_retries": retries, "timeout": 60}


def arguments(ask: Ask) -> dict[str, Any]:
    """The arguments of `messages.create`."""
    body: dict[str, Any] = {
        "model": ask.model,
        "max_tokens": ask.max_tokens if ask.max_tokens is not None else MAX_TOKENS,
        "messages": [_message(turn) for turn in ask.turns],
    } | ask.more
    if ask.system:
        body["system"] = ask.system
    if ask.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
            for tool in ask.tools
        ]
    choice: dict[str, Any] = {}
    if ask.choice is not None:
        known = ask.choice in ("auto", "any", "none")
        choice = {"type": ask.choice} if known else {"type": "tool", "name": ask.choice}
    if ask.one_call_at_most:
        choice = {"type": "auto"} | choice | {"disable_parallel_tool_use": True}
    if choice:
        body["tool_choice"] = choice
    if ask.stop:
        body["stop_sequences"] = ask.stop
    if ask.temperature is not None:
        # The API's newest version has none; the SDK takes it as an extra.
        body["extra_body"] = {"temperature": ask.temperature}
    if ask.think == "budget":
        body["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    if ask.think == "level":
        body["thinking"] = {"type": "adaptive", "display": "summarized"}
        body["output_config"] = {"effort": "low"}
    return body


def _image(image: bytes) -> dict[str, Any]:
    data = base64.b64encode(image).decode()
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": data},
    }


def _result(result: Result) -> dict[str, Any]:
    block: dict[str, Any] = {
        "type": "tool_result",
        "tool_use_id": result.call.id,
        "content": result.text,
    }
    if result.image is not None:
        block["content"] = [{"type": "text", "text": result.text}, _image(result.image)]
    if result.error:
        block["is_error"] = True
    return block


def _message(turn: Any) -> dict[str, Any]:
    match turn:
        case User(text, ()):
            return {"role": "user", "content": text}
        case User(text, images):
            parts = [_image(image) for image in images]
            return {"role": "user", "content": [*parts, {"type": "text", "text": text}]}
        case Assistant(text):
            return {"role": "assistant", "content": text}
        case Results(results):
            return {"role": "user", "content": [_result(result) for result in results]}
        case Answer():
            return {"role": "assistant", "content": turn.turn}
    raise TypeError(turn)


def read(message: Any, pieces: list[str] | None = None) -> Answer:
    """What a whole message says."""
    assert message.type == "message"
    assert message.role == "assistant"
    assert message.id
    kinds = {"text", "tool_use", "thinking", "redacted_thinking"}
    assert {block.type for block in message.content} <= kinds
    blocks = message.content
    told = message.usage
    cached = told.cache_read_input_tokens or 0
    details = told.output_tokens_details
    return Answer(
        text="".join(block.text for block in blocks if block.type == "text"),
        calls=[
            Call(block.id, block.name, block.input) for block in blocks if block.type == "tool_use"
        ],
        finish=message.stop_reason,
        usage=Usage(
            told.input_tokens + cached + (told.cache_creation_input_tokens or 0),
            cached,
            told.output_tokens,
            (details and details.thinking_tokens) or 0,
        ),
        refused=message.stop_reason == "refusal",
        thoughts="".join(block.thinking for block in blocks if block.type == "thinking"),
        model=message.model,
        turn=blocks,
        pieces=pieces or [],
    )


class Driver:
    """A client of the gateway."""

    name = "anthropic"
    schema = "claude"
    finish = FINISH
    errors = ERRORS
    stream_error = STREAM_ERROR

    def __init__(self, url: str, key: str, retries: int = 0) -> None:
        self.client = anthropic.Anthropic(**options(url, key, retries))

    def close(self) -> None:
        self.client.close()

    def ask(self, ask: Ask, stream: bool = False) -> Answer:
        if not stream:
            return read(self.client.messages.create(**arguments(ask)))
        with self.client.messages.stream(**arguments(ask)) as events:
            pieces = list(events.text_stream)
            return read(events.get_final_message(), pieces)

    def read_some(self, ask: Ask, pieces: int) -> list[str]:
        """Reads that many pieces of text, then hangs up."""
        some: list[str] = []
        with self.client.messages.stream(**arguments(ask)) as events:
            for text in events.text_stream:
                some.append(text)
                if len(some) == pieces:
                    break
        return some

    def read_until_error(self, ask: Ask, into: list[str]) -> None:
        """Streams text into the list; returns only if the SDK takes the stream for a success."""
        with self.client.messages.create(**arguments(ask), stream=True) as events:
            for event in events:
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    into.append(event.delta.text)

    def parse(self, ask: Ask, model: Any, stream: bool) -> Any:
        """An answer in the shape of a pydantic model, by the SDK's own helper."""
        if not stream:
            return self.client.messages.parse(**arguments(ask), output_format=model).parsed_output
        with self.client.messages.stream(**arguments(ask), output_format=model) as events:
            return events.get_final_message().parsed_output

    def headers(self, ask: Ask, stream: bool) -> Any:
        """The headers of an answer that is read to its end."""
        raw = self.client.messages.with_raw_response.create(**arguments(ask), stream=stream)
        parsed = raw.parse()
        if stream:
            assert list(parsed)
        else:
            assert read(parsed).text
        return raw.headers

    def count(self, ask: Ask) -> int:
        """The tokens of a question."""
        asked = arguments(ask)
        del asked["max_tokens"]
        return self.client.messages.count_tokens(**asked).input_tokens

    def models(self) -> list[str]:
        page = self.client.models.list()
        for model in page:
            assert model.type == "model"
            assert model.display_name
            assert model.created_at.year >= 1970
        return [model.id for model in page]

    def failure(self, error: Exception) -> Failure:
        assert isinstance(error, anthropic.APIError), repr(error)
        response = getattr(error, "response", None)
        body = error.body
        assert isinstance(body, dict), f"the error is in the SDK's schema, not {body!r}"
        assert body["type"] == "error"
        assert body["error"]["type"]
        return Failure(
            type(error),
            getattr(error, "status_code", None),
            body["error"]["message"],
            response.headers if response is not None else {},
        )

    def named_field(self, error: Exception) -> str | None:
        """The field that a 400 complains about: this schema has no slot but the message."""
        return self.failure(error).message


async def ask_async(url: str, key: str, ask: Ask, stream: bool) -> Answer:
    async with anthropic.AsyncAnthropic(**options(url, key, 0)) as client:
        if not stream:
            return read(await client.messages.create(**arguments(ask)))
        async with client.messages.stream(**arguments(ask)) as events:
            pieces = [text async for text in events.text_stream]
            return read(await events.get_final_message(), pieces)
