"""What the SDKs read.

Each reader asks its SDK the simplest question there is and says two things of the answer: all that
the SDK knows of it (`dump`), and what it comes to in words that all three SDKs share (`Answer`).
"""

import json
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
from google import genai
from google.genai import errors, types

TIMEOUT_S = 30
# How Gemini says that the model wrote a call which it could not read; the others have no word.
BAD_CALL = {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"}


@dataclass
class Answer:
    """One candidate of an answer, and what the answer cost."""

    text: str
    # Names and parsed arguments.
    calls: list[tuple[str, Any]]
    # "end", "length", "calls" or "filter".
    finish: str | None
    # All input tokens and all output tokens.
    tokens: tuple[int, int] = (0, 0)


def arguments(text: str) -> Any:
    """A call's arguments; the empty text is how some hosts say that there are none."""
    return json.loads(text) if text else {}


class OpenAi:
    """The OpenAI SDK."""

    name = "openai"
    schema = "openai"
    error = openai.APIError
    finish = {
        "stop": "end",
        "length": "length",
        "tool_calls": "calls",
        "function_call": "calls",
        "content_filter": "filter",
    }

    def __init__(self, url: str) -> None:
        self.client = openai.OpenAI(
            base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=TIMEOUT_S
        )

    def close(self) -> None:
        self.client.close()

    def status(self, error: Exception) -> int | None:
        return getattr(error, "status_code", None)

    def ask(self, model: str, stream: bool) -> list[Any]:
        """The SDK's objects: one whole answer, or the chunks of a stream."""
        question = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
        if not stream:
            return [self.client.chat.completions.create(**question)]
        options = {"stream": True, "stream_options": {"include_usage": True}}
        return list(self.client.chat.completions.create(**question, **options))

    def candidates(self, objects: list[Any]) -> int:
        return 1 + max(choice.index or 0 for one in objects for choice in one.choices or [])

    def answer(self, objects: list[Any], candidate: int = 0) -> Answer:
        text, refusal, finish, told = "", "", None, None
        calls: list[list[str]] = []
        for one in objects:
            told = one.usage or told
            choices = one.choices or []
            choice = next((one for one in choices if (one.index or 0) == candidate), None)
            if choice is None:
                continue
            finish = choice.finish_reason or finish
            # Some hosts put both into a chunk.
            said = choice.delta if hasattr(choice, "delta") else choice.message
            text += _words(said.content)
            refusal += said.refusal or ""
            if said.function_call and said.function_call.name:
                calls.append([said.function_call.name, said.function_call.arguments])
            for call in said.tool_calls or []:
                # A whole answer's calls have no index, and some hosts' streams neither.
                index = getattr(call, "index", None)
                begins = index is None or index == len(calls)
                if begins:
                    index = len(calls)
                    calls.append(["", ""])
                name, arguments_ = call.function.name, call.function.arguments
                calls[index][0] += name or ""
                calls[index][1] += arguments_ or ""
        if refusal and finish == "stop":
            # Its place says what the others say with the reason.
            finish = "content_filter"
        return Answer(
            text=text + refusal,
            calls=[(name, arguments(raw)) for name, raw in calls],
            finish=self.finish.get(finish, finish),
            tokens=_tokens(told),
        )


def _tokens(told: Any) -> tuple[int, int]:
    if told is None:
        return (0, 0)
    # Some hosts count reasoning in the total only.
    output = max(told.completion_tokens, told.total_tokens - told.prompt_tokens)
    return (told.prompt_tokens, output)


def _words(content: Any) -> str:
    """Content is a string; some hosts send a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if part.get("type") == "text")
    return content or ""


class Anthropic:
    """The Anthropic SDK."""

    name = "anthropic"
    schema = "claude"
    error = anthropic.APIError
    finish = {
        "end_turn": "end",
        "stop_sequence": "end",
        "pause_turn": "end",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "calls",
        "refusal": "filter",
    }

    def __init__(self, url: str) -> None:
        self.client = anthropic.Anthropic(
            base_url=url, api_key="none", max_retries=0, timeout=TIMEOUT_S
        )

    def close(self) -> None:
        self.client.close()

    def status(self, error: Exception) -> int | None:
        return getattr(error, "status_code", None)

    def ask(self, model: str, stream: bool) -> list[Any]:
        """The SDK's objects: one whole message; of a stream, its events and the message that the
        SDK puts together from them."""
        question = {
            "model": model,
            "max_tokens": 1024,
            "messages": [{"role": "user", "content": "Hi"}],
        }
        if not stream:
            return [self.client.messages.create(**question)]
        with self.client.messages.stream(**question) as events:
            return [*events, events.get_final_message()]

    def candidates(self, objects: list[Any]) -> int:
        return 1

    def answer(self, objects: list[Any], candidate: int = 0) -> Answer:
        message = objects[-1]
        told = message.usage
        written = told.cache_creation_input_tokens or 0
        read = told.cache_read_input_tokens or 0
        return Answer(
            text="".join(block.text for block in message.content if block.type == "text"),
            calls=[
                (block.name, block.input) for block in message.content if block.type == "tool_use"
            ],
            finish=self.finish.get(message.stop_reason, message.stop_reason),
            tokens=(told.input_tokens + written + read, told.output_tokens),
        )


class GenAi:
    """The Google GenAI SDK."""

    name = "genai"
    schema = "gemini"
    error = errors.APIError
    finish = {
        "STOP": "end",
        "MAX_TOKENS": "length",
        "SAFETY": "filter",
        "PROHIBITED_CONTENT": "filter",
        "BLOCKLIST": "filter",
        "SPII": "filter",
        "RECITATION": "filter",
        # A pause that can be gone on from, for which only Claude has a word of its own.
        "CONTINUATION": "end",
    }

    def __init__(self, url: str) -> None:
        options = types.HttpOptions(base_url=url, timeout=TIMEOUT_S * 1000)
        self.client = genai.Client(api_key="none", http_options=options)

    def close(self) -> None:
        self.client.close()

    def status(self, error: errors.APIError) -> int:
        return error.code

    def ask(self, model: str, stream: bool) -> list[Any]:
        """The SDK's objects: one whole response, or the chunks of a stream."""
        if not stream:
            return [self.client.models.generate_content(model=model, contents="Hi")]
        return list(self.client.models.generate_content_stream(model=model, contents="Hi"))

    def candidates(self, objects: list[Any]) -> int:
        indices = [one.index or 0 for response in objects for one in response.candidates or []]
        return 1 + max(indices, default=0)

    def answer(self, objects: list[Any], candidate: int = 0) -> Answer:
        text, calls, finish, tokens = "", [], None, (0, 0)
        for response in objects:
            if response.prompt_feedback and response.prompt_feedback.block_reason:
                finish = "filter"
            if told := response.usage_metadata:
                tokens = (
                    (told.prompt_token_count or 0) + (told.tool_use_prompt_token_count or 0),
                    (told.candidates_token_count or 0) + (told.thoughts_token_count or 0),
                )
            candidates = response.candidates or []
            for said in [one for one in candidates if (one.index or 0) == candidate]:
                if said.finish_reason:
                    name = said.finish_reason.value
                    finish = self.finish.get(name, name)
                for part in (said.content and said.content.parts) or []:
                    if part.text and not part.thought:
                        text += part.text
                    if part.function_call:
                        calls.append((part.function_call.name, part.function_call.args or {}))
        # This schema has no word for it (`STOP` with a call).
        finish = "calls" if finish == "end" and calls else finish
        return Answer(text, calls, finish, tokens)


READERS = [OpenAi, Anthropic, GenAi]


def dump(objects: list[Any]) -> list[Any]:
    """All that the SDK knows of an answer, but the head of the HTTP response around it."""
    return [_dump(one) for one in objects]


def _dump(one: Any) -> Any:
    exclude = {"sdk_http_response"} if hasattr(one, "sdk_http_response") else None
    return one.model_dump(exclude=exclude, warnings=False)
