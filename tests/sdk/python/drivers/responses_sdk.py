"""The OpenAI SDK, by way of Responses."""

import json
from typing import Any

import openai

from . import Answer, Ask, Assistant, Call, Result, Results, Usage, User
from .openai_sdk import Client, data_url, options

FINISH = {
    "end": "completed",
    "length": "max_output_tokens",
    "calls": "completed",
    "stop": "completed",
}


def arguments(ask: Ask) -> dict[str, Any]:
    """The arguments of `responses.create`."""
    items: list[Any] = []
    for turn in ask.turns:
        items += _items(turn)
    body: dict[str, Any] = {"model": ask.model, "input": items} | ask.more
    if ask.system:
        body["instructions"] = ask.system
    if ask.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.schema,
                "strict": False,
            }
            for tool in ask.tools
        ]
    if ask.choice is not None:
        words = {"auto": "auto", "any": "required", "none": "none"}
        body["tool_choice"] = words.get(ask.choice, {"type": "function", "name": ask.choice})
    if ask.one_call_at_most:
        body["parallel_tool_calls"] = False
    assert not ask.stop, "this API has no stop sequences"
    if ask.max_tokens is not None:
        body["max_output_tokens"] = ask.max_tokens
    if ask.temperature is not None:
        body["temperature"] = ask.temperature
    if ask.think:
        body["reasoning"] = {"effort": "low", "summary": "auto"}
        # The caller keeps the thoughts, not the provider.
        body |= {"store": False, "include": ["reasoning.encrypted_content"]}
    return body


def _image(image: bytes) -> dict[str, Any]:
    return {"type": "input_image", "detail": "auto", "image_url": data_url(image)}


def _result(result: Result) -> dict[str, Any]:
    output: Any = result.text
    if result.image is not None:
        output = [{"type": "input_text", "text": result.text}, _image(result.image)]
    return {"type": "function_call_output", "call_id": result.call.id, "output": output}


def _items(turn: Any) -> list[Any]:
    match turn:
        case User(text, ()):
            return [{"role": "user", "content": text}]
        case User(text, images):
            parts = [{"type": "input_text", "text": text}, *map(_image, images)]
            return [{"role": "user", "content": parts}]
        case Assistant(text):
            return [{"role": "assistant", "content": text}]
        case Results(results):
            return [_result(result) for result in results]
        case Answer():
            return turn.turn
    raise TypeError(turn)


def read(response: Any, pieces: list[str] | None = None) -> Answer:
    """What a whole response says."""
    assert response.object == "response"
    assert response.id
    assert response.created_at > 0
    assert response.error is None
    assert {item.type for item in response.output} <= {"reasoning", "message", "function_call"}
    assert len({item.id for item in response.output}) == len(response.output)
    of = {
        kind: [item for item in response.output if item.type == kind]
        for kind in ("reasoning", "message", "function_call")
    }
    parts = [part for message in of["message"] for part in message.content]
    incomplete = response.incomplete_details
    finish = incomplete.reason if incomplete else response.status
    assert (response.status == "incomplete") == (incomplete is not None)
    return Answer(
        text=response.output_text,
        calls=[
            Call(call.call_id, call.name, json.loads(call.arguments))
            for call in of["function_call"]
        ],
        finish=finish,
        usage=usage(response.usage),
        refused=finish == "content_filter" or any(part.type == "refusal" for part in parts),
        thoughts="".join(part.text for item in of["reasoning"] for part in item.summary),
        model=response.model,
        turn=response.output,
        pieces=pieces or [],
    )


def usage(told: Any) -> Usage | None:
    if told is None:
        return None
    assert told.total_tokens == told.input_tokens + told.output_tokens
    return Usage(
        told.input_tokens,
        told.input_tokens_details.cached_tokens,
        told.output_tokens,
        told.output_tokens_details.reasoning_tokens,
    )


class Gathering:
    """What an application does with the events of a stream."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.response: Any = None
        self.numbers: list[int] = []

    def add(self, event: Any) -> None:
        assert self.response is None, "nothing comes after the end"
        self.numbers.append(event.sequence_number)
        match event.type:
            case "response.output_text.delta":
                self.pieces.append(event.delta)
            case "response.completed" | "response.incomplete":
                self.response = event.response
            case "error" | "response.failed":
                raise failed(event)

    def answer(self) -> Answer:
        assert self.response is not None, "the stream has no end"
        assert self.numbers == list(range(len(self.numbers)))
        return read(self.response, self.pieces)


class StreamFailed(openai.APIError):
    """The SDK hands such events on to the application, which raises."""


def failed(event: Any) -> StreamFailed:
    told = event.response.error if event.type == "response.failed" else event
    return StreamFailed(told.message, request=None, body=event.model_dump())


class Driver(Client):
    """A client of the gateway."""

    name = "responses"
    schema = "responses"
    finish = FINISH
    # Here OpenAI calls a model that it does not have a bad request.
    errors = Client.errors | {404: openai.BadRequestError}

    def ask(self, ask: Ask, stream: bool = False) -> Answer:
        if not stream:
            return read(self.client.responses.create(**arguments(ask)))
        gathering = Gathering()
        with self.client.responses.stream(**arguments(ask)) as events:
            for event in events:
                gathering.add(event)
        return gathering.answer()

    def read_some(self, ask: Ask, pieces: int) -> list[str]:
        """Reads that many pieces of text, then hangs up."""
        some: list[str] = []
        with self.client.responses.create(**arguments(ask), stream=True) as events:
            for event in events:
                if event.type == "response.output_text.delta":
                    some.append(event.delta)
                if len(some) == pieces:
                    break
        return some

    def read_until_error(self, ask: Ask, into: list[str]) -> None:
        """Streams text into the list; returns only if the stream looks like a success."""
        gathering = Gathering()
        gathering.pieces = into
        for event in self.client.responses.create(**arguments(ask), stream=True):
            gathering.add(event)

    def parse(self, ask: Ask, model: Any, stream: bool) -> Any:
        """An answer in the shape of a pydantic model, by the SDK's own helper."""
        if not stream:
            return self.client.responses.parse(**arguments(ask), text_format=model).output_parsed
        with self.client.responses.stream(**arguments(ask), text_format=model) as events:
            return events.get_final_response().output_parsed

    def headers(self, ask: Ask, stream: bool) -> Any:
        """The headers of an answer that is read to its end."""
        raw = self.client.responses.with_raw_response.create(**arguments(ask), stream=stream)
        parsed = raw.parse()
        if stream:
            assert list(parsed)
        else:
            assert read(parsed).text
        return raw.headers

    def count(self, ask: Ask) -> int:
        """The tokens of a question."""
        counted = self.client.responses.input_tokens.count(**arguments(ask))
        assert counted.object == "response.input_tokens"
        return counted.input_tokens


async def ask_async(url: str, key: str, ask: Ask, stream: bool) -> Answer:
    async with openai.AsyncOpenAI(**options(url, key, 0)) as client:
        if not stream:
            return read(await client.responses.create(**arguments(ask)))
        gathering = Gathering()
        async with client.responses.stream(**arguments(ask)) as events:
            async for event in events:
                gathering.add(event)
        return gathering.answer()
