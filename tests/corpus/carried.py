"""What of a request is in the body that was sent on, whatever it is called there."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

# Shorter texts may stand anywhere by chance.
SHORTEST = 3
# What says nothing by itself, or is said in other words by every schema: by the words of its path,
# from the outside in, and by its value if not all are meant.
UNSAID: list[tuple[list[str], Any]] = [
    # The model is Egret's to choose, and ids are what holds a conversation together; whether calls
    # and results belong together is what the provider looks at.
    (["model"], ...),
    (["id"], ...),
    (["item_id"], ...),
    (["call_id"], ...),
    (["tool_call_id"], ...),
    (["tool_use_id"], ...),
    # Which of several shapes something has; who speaks; whether it was spoken to the end.
    (["type"], ...),
    (["role"], ...),
    (["status"], "completed"),
    # How an author calls a schema, and what it is written in.
    (["$schema"], ...),
    (["$id"], ...),
    # Whether to call tools; how hard to think, in levels or in tokens, and whether to show it.
    (["tool_choice"], "auto"),
    (["function_call"], "auto"),
    (["function_calling_config", "mode"], ...),
    (["reasoning_effort"], ...),
    (["reasoning_content", "effort"], ...),
    (["reasoning_content", "summary"], ...),
    (["output_config", "effort"], ...),
    (["thinking", "display"], ...),
    (["thinking_level"], ...),
    (["budget_tokens"], ...),
    (["thinking_budget"], ...),
    # What there is to carry on with is always shown, sealed.
    (["include"], "reasoning.encrypted_content"),
    # That an answer is one, is text or JSON; that a vector is what the caller's SDK reads.
    (["n"], 1),
    (["candidate_count"], 1),
    (["response_modalities"], "TEXT"),
    (["response_mime_type"], "application/json"),
    (["encoding_format"], ...),
    # Text is text; what an address leads to is said by whoever answers there.
    (["media_type"], "text/plain"),
    (["file_data", "mime_type"], ...),
    (["detail"], "auto"),
    # A breakpoint is one where it stands.
    (["prompt_cache_breakpoint", "mode"], "explicit"),
]


# What goes by several names in one schema.
SAME = {
    "redacted_thinking": "thinking",
    # Hosts that are compatible with OpenAI.
    "reasoning": "reasoning_content",
}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All scalars with the words on the way to them: names, and what types and roles there are.
    A string that holds an object is one."""
    if isinstance(value, dict):
        kinds = [value[name] for name in ("type", "role") if isinstance(value.get(name), str)]
        for name, one in value.items():
            yield from leaves(one, (*path, *kinds, name))
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, path)
    elif isinstance(value, str) and (inner := parsed(value)) is not None:
        yield from leaves(inner, path)
    else:
        yield path, value


def parsed(text: str) -> dict | list | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        inner = json.loads(text)
    except ValueError:
        return None
    return inner if isinstance(inner, dict | list) else None


def texts(value: Any) -> Iterator[str]:
    """All strings, and all names of members: as they are, and where they hold an object, its."""
    if isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value
        if (inner := parsed(value)) is not None:
            yield from texts(inner)
    elif value is not None:
        yield json.dumps(value)


def lost(asked: Any, arrived: Any, dropped: list[str]) -> list[str]:
    """The texts and numbers of a request that did not arrive, and that no report names."""
    there = "\n".join(texts(arrived))
    numbers = {float(found) for found in re.findall(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", there)}
    missing = []
    for path, value in leaves(asked):
        if any(
            within(unsaid, spoken(path)) and meant in (value, ...) for unsaid, meant in UNSAID
        ):
            continue
        if isinstance(value, str):
            arrives = len(value) < SHORTEST or carries(there, value)
        elif isinstance(value, bool) or value is None:
            continue
        else:
            arrives = float(value) in numbers
        if not arrives and not any(within(words([name]), spoken(path)) for name in dropped):
            missing.append(f"{'.'.join(path)}: {value!r:.60}")
    return missing


def carries(there: str, text: str) -> bool:
    # Of a data URL, type and data may stand apart, and text may stand there as such.
    if match := re.fullmatch(r"data:([^;,]*)[^,]*;base64,(.*)", text, re.DOTALL):
        kind, data = match.groups()
        plain = base64.b64decode(data).decode() if kind.startswith("text/") else data
        return data in there or plain in there
    return text.strip() in there


def words(names: list[str]) -> list[str]:
    """`generationConfig.topK` is `generation_config`, `top_k`."""
    snake = [
        re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", word).lower()
        for name in names
        for word in name.split(".")
    ]
    return [SAME.get(word, word) for word in snake]


def spoken(path: tuple[str, ...]) -> list[str]:
    return words(list(path))


def within(some: list[str], path: list[str]) -> bool:
    """Whether these words stand on the path, in this order."""
    rest = iter(path)
    return all(word in rest for word in some)
