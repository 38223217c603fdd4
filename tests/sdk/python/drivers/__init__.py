"""One way to ask a model, whatever the SDK.

A driver uses its SDK as the SDK's own documentation does, and says what came back in the words
below. What is expected is then written once for all of them.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class User:
    """What a user says, and shows."""

    text: str
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Assistant:
    """What a model said earlier."""

    text: str


@dataclass(frozen=True)
class Call:
    """A call of a tool. `arguments` are parsed."""

    id: str | None
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a tool answered."""

    call: Call
    text: str
    error: bool = False
    image: bytes | None = None


@dataclass(frozen=True)
class Results:
    """The answers to all calls of a turn."""

    results: tuple[Result, ...]


@dataclass(frozen=True)
class Tool:
    """A tool on offer."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass
class Usage:
    """Tokens: all of the input, its cached part; all of the output, its thinking part."""

    input: int
    cached: int
    output: int
    reasoning: int


@dataclass
class Answer:
    """What came back. `turn` goes back into the conversation as it is."""

    text: str
    calls: list[Call]
    finish: str | None
    usage: Usage | None
    refused: bool
    thoughts: str
    model: str | None
    turn: Any
    # The text in the pieces in which it came, when streamed.
    pieces: list[str] = field(default_factory=list)


@dataclass
class Failure:
    """An exception of the SDK: its class, status, message, and the response's headers."""

    kind: type[Exception]
    status: int | None
    message: str
    headers: Any


@dataclass
class Ask:
    """A question to a model."""

    model: str
    turns: list[Any]
    system: str | None = None
    tools: list[Tool] = field(default_factory=list)
    # None, "auto", "any", "none", or the name of a tool.
    choice: str | None = None
    one_call_at_most: bool = False
    stop: list[str] = field(default_factory=list)
    max_tokens: int | None = None
    temperature: float | None = None
    # "level" or "budget": how the newer and the older models are told to think.
    think: str | None = None
    # Further arguments of the SDK's own call.
    more: dict[str, Any] = field(default_factory=dict)
