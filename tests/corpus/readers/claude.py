"""Messages."""

from typing import Any

import anthropic

from .answer import TIMEOUT_S, Answer


class Claude:
    """The Anthropic SDK."""

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

    def count(self, model: str) -> int:
        question = [{"role": "user", "content": "Hi"}]
        return self.client.messages.count_tokens(model=model, messages=question).input_tokens

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
