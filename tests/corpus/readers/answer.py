"""What an answer comes to."""

import json
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 30
# How Gemini says that the model wrote a call which it could not read; the others have no word.
BAD_CALL = {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"}


@dataclass
class Answer:
    """One candidate of an answer, and what the answer cost."""

    text: str
    # Names and parsed arguments. What a custom tool is called with is an `input`.
    calls: list[tuple[str, Any]]
    # "end", "length", "calls" or "filter".
    finish: str | None
    # All input tokens and all output tokens.
    tokens: tuple[int, int] = (0, 0)


def arguments(text: str) -> Any:
    """A call's arguments; the empty text is how some hosts say that there are none."""
    return json.loads(text) if text else {}


def dump(objects: list[Any]) -> list[Any]:
    """All that the SDK knows of an answer, but the head of the HTTP response around it."""
    return [_dump(one) for one in objects]


def _dump(one: Any) -> Any:
    exclude = {"sdk_http_response"} if hasattr(one, "sdk_http_response") else None
    return one.model_dump(exclude=exclude, warnings=False)
