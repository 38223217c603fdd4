"""The OpenAI SDK, by way of Chat Completions."""

import json
from typing import Any

import openai

from . import Answer, Ask, Assistant, Call, Results, Usage, User
from .openai_sdk import Client, data_url, options

FINISH = {"end": "stop", "length": "length", "calls": "tool_calls", "stop": "stop"}


def arguments(ask: Ask) -> dict[str, Any]:
    """The arguments of `chat.completions.create`."""
    messages = [{"role": "system", "content": ask.system}] if ask.system else []
    for turn in ask.turns:
        messages += _messages(turn)
    body: dict[str, Any] = {"model": ask.model, "messages": messages} | ask.more
    if ask.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.schema,
                },
            }
            for tool in ask.tools
        ]
    if ask.choice is not None:
        words = {"auto": "auto", "any": "required", "none": "none"}
        named = {"type": "function", "function": {"name": ask.choice}}
        body["tool_choice"] = words.get(ask.choice, named)
    if ask.one_call_at_most:
        body["parallel_tool_calls"] = False
    if ask.stop:
        body["stop"] = ask.stop
    if ask.max_tokens is not None:
        body["max_completion_tokens"] = ask.max_tokens
    if ask.temperature is not None:
        body["temperature"] = ask.temperature
    if ask.think:
        body["reasoning_effort"] = "low"
    return body


def _messages(turn: Any) -> list[Any]:
    match turn:
        case User(text, ()):
            return [{"role": "user", "content": text}]
        case User(text, images):
            parts: list[Any] = [{"type": "text", "text": text}]
            for image in images:
                parts.append({"type": "image_url", "image_url": {"url": data_url(image)}})
            return [{"role": "user", "content": parts}]
        case Assistant(text):
            return [{"role": "assistant", "content": text}]
        case Results(results):
            return [
                {"role": "tool", "tool_call_id": result.call.id, "content": result.text}
                for result in results
            ]
        case Answer():
            return [turn.turn]
    raise TypeError(turn)


def read(completion: Any) -> Answer:
    """What a whole completion says."""
    assert completion.object == "chat.completion"
    assert completion.id
    assert completion.created > 0
    choice = completion.choices[0]
    message = choice.message
    calls = [
        Call(call.id, call.function.name, json.loads(call.function.arguments))
        for call in message.tool_calls or []
    ]
    return Answer(
        text=message.content or "",
        calls=calls,
        finish=choice.finish_reason,
        usage=usage(completion.usage),
        refused=bool(message.refusal) or choice.finish_reason == "content_filter",
        thoughts="",
        model=completion.model,
        turn=message,
    )


def usage(told: Any) -> Usage | None:
    if told is None:
        return None
    assert told.total_tokens == told.prompt_tokens + told.completion_tokens
    prompt, completion = told.prompt_tokens_details, told.completion_tokens_details
    return Usage(
        told.prompt_tokens,
        (prompt and prompt.cached_tokens) or 0,
        told.completion_tokens,
        (completion and completion.reasoning_tokens) or 0,
    )


class Gathering:
    """Puts the chunks of a stream together, as an agent does."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.calls: dict[int, dict[str, str]] = {}
        self.refusal = ""
        self.finish: str | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self.ids: set[str] = set()

    def add(self, chunk: Any) -> None:
        assert chunk.object == "chat.completion.chunk"
        self.ids.add(chunk.id)
        self.model = chunk.model
        if chunk.usage:
            assert chunk.choices == []
            self.usage = usage(chunk.usage)
        for choice in chunk.choices:
            assert self.finish is None, "nothing comes after the finish reason"
            self.finish = choice.finish_reason
            if choice.delta.content:
                self.pieces.append(choice.delta.content)
            self.refusal += choice.delta.refusal or ""
            for delta in choice.delta.tool_calls or []:
                call = self.calls.setdefault(delta.index, {"id": "", "name": "", "text": ""})
                call["id"] += delta.id or ""
                call["name"] += (delta.function and delta.function.name) or ""
                call["text"] += (delta.function and delta.function.arguments) or ""

    def answer(self) -> Answer:
        assert len(self.ids) == 1, "one stream has one id"
        assert list(self.calls) == list(range(len(self.calls)))
        called = self.calls.values()
        calls = [Call(call["id"], call["name"], json.loads(call["text"])) for call in called]
        turn: dict[str, Any] = {"role": "assistant", "content": "".join(self.pieces) or None}
        if calls:
            turn["tool_calls"] = [
                {
                    "id": call["id"],
                    "type": "function",
                    "function": {"name": call["name"], "arguments": call["text"]},
                }
                for call in called
            ]
        return Answer(
            text="".join(self.pieces),
            calls=calls,
            finish=self.finish,
            usage=self.usage,
            refused=bool(self.refusal) or self.finish == "content_filter",
            thoughts="",
            model=self.model,
            turn=turn,
            pieces=self.pieces,
        )


STREAM = {"stream": True, "stream_options": {"include_usage": True}}


class Driver(Client):
    """A client of the gateway."""

    name = "chat"
    schema = "chat"
    finish = FINISH

    def ask(self, ask: Ask, stream: bool = False) -> Answer:
        if not stream:
            return read(self.client.chat.completions.create(**arguments(ask)))
        gathering = Gathering()
        for chunk in self.client.chat.completions.create(**arguments(ask), **STREAM):
            gathering.add(chunk)
        return gathering.answer()

    def read_some(self, ask: Ask, pieces: int) -> list[str]:
        """Reads that many pieces of text, then hangs up."""
        some: list[str] = []
        with self.client.chat.completions.create(**arguments(ask), stream=True) as chunks:
            for chunk in chunks:
                if chunk.choices and chunk.choices[0].delta.content:
                    some.append(chunk.choices[0].delta.content)
                if len(some) == pieces:
                    break
        return some

    def read_until_error(self, ask: Ask, into: list[str]) -> None:
        """Streams text into the list; returns only if the SDK takes the stream for a success."""
        for chunk in self.client.chat.completions.create(**arguments(ask), stream=True):
            if chunk.choices and chunk.choices[0].delta.content:
                into.append(chunk.choices[0].delta.content)

    def parse(self, ask: Ask, model: Any, stream: bool) -> Any:
        """An answer in the shape of a pydantic model, by the SDK's own helper."""
        if not stream:
            parsed = self.client.chat.completions.parse(**arguments(ask), response_format=model)
            return parsed.choices[0].message.parsed
        with self.client.chat.completions.stream(
            **arguments(ask), response_format=model
        ) as events:
            return events.get_final_completion().choices[0].message.parsed

    def headers(self, ask: Ask, stream: bool) -> Any:
        """The headers of an answer that is read to its end."""
        raw = self.client.chat.completions.with_raw_response.create(
            **arguments(ask), stream=stream
        )
        parsed = raw.parse()
        if stream:
            assert list(parsed)
        else:
            assert read(parsed).text
        return raw.headers

    def embed(self, model: str, texts: list[str], size: int | None = None) -> list[list[float]]:
        """The texts' vectors. The SDK asks for base64, and unpacks it."""
        more = {"dimensions": size} if size else {}
        answer = self.client.embeddings.create(model=model, input=texts, **more)
        assert answer.object == "list"
        assert answer.model == model
        assert [one.index for one in answer.data] == list(range(len(texts)))
        # Not every model of Google's tells.
        assert answer.usage.prompt_tokens == answer.usage.total_tokens
        return [list(one.embedding) for one in answer.data]


async def ask_async(url: str, key: str, ask: Ask, stream: bool) -> Answer:
    async with openai.AsyncOpenAI(**options(url, key, 0)) as client:
        if not stream:
            return read(await client.chat.completions.create(**arguments(ask)))
        gathering = Gathering()
        async for chunk in await client.chat.completions.create(**arguments(ask), **STREAM):
            gathering.add(chunk)
        return gathering.answer()
