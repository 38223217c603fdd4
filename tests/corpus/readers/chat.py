"""Chat Completions."""

from typing import Any

import openai

from .answer import TIMEOUT_S, Answer, arguments


class Chat:
    """The OpenAI SDK, asking for chat completions."""

    schema = "chat"
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

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        answer = self.client.embeddings.create(model=model, input=texts)
        return [one.embedding for one in answer.data]

    def candidates(self, objects: list[Any]) -> int:
        return 1 + max(choice.index or 0 for one in objects for choice in one.choices or [])

    def answer(self, objects: list[Any], candidate: int = 0) -> Answer:
        text, refusal, finish, told = "", "", None, None
        calls: list[list[str]] = []
        custom: set[int] = set()
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
                    custom |= {index} if getattr(call, "custom", None) else set()
                name, said_with = called(call)
                calls[index][0] += name or ""
                calls[index][1] += said_with or ""
        if refusal and finish == "stop":
            # Its place says what the others say with the reason.
            finish = "content_filter"
        return Answer(
            text=text + refusal,
            calls=[
                (name, {"input": raw} if at in custom else arguments(raw))
                for at, (name, raw) in enumerate(calls)
            ],
            finish=self.finish.get(finish, finish),
            tokens=_tokens(told),
        )


def _tokens(told: Any) -> tuple[int, int]:
    if told is None:
        return (0, 0)
    # Some hosts count reasoning in the total only.
    output = max(told.completion_tokens, told.total_tokens - told.prompt_tokens)
    return (told.prompt_tokens, output)


def called(call: Any) -> tuple[str | None, str | None]:
    """What is called, and with which arguments, or pieces of them."""
    if getattr(call, "function", None) is not None:
        return call.function.name, call.function.arguments
    # Streamed, these are not in the SDK's types.
    custom = call.custom if isinstance(call.custom, dict) else call.custom.model_dump()
    return custom.get("name"), custom.get("input")


def _words(content: Any) -> str:
    """Content is a string; some hosts send a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if part.get("type") == "text")
    return content or ""
