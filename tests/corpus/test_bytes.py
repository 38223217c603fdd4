"""Caller and provider of one schema: their bytes go through."""

import json
import re

import vendors
import wire
from recordings import Recording


def test_the_answer_is_the_recorded_one(provider, gateway, success):
    provider.play(success)
    received = wire.post(gateway, success, wire.simplest(success), success.alias)
    assert received.status == 200, received.body
    assert received.body == success.response
    kind = "text/event-stream" if success.sse else "application/json"
    assert received.headers["content-type"].startswith(kind)


def test_a_stream_lacks_only_the_usage_nobody_asked_for(provider, gateway, chat_stream):
    provider.play(chat_stream)
    asked = wire.simplest(chat_stream, include_usage=False)
    received = wire.post(gateway, chat_stream, asked, chat_stream.alias)
    assert received.status == 200, received.body
    assert received.body == without_usage_chunk(chat_stream.response)


def test_the_request_arrives_as_recorded(provider, gateway, replayable):
    provider.play(replayable)
    received = wire.post(
        gateway, replayable, wire.recorded(replayable, replayable.alias), replayable.alias
    )
    assert (received.status == 200) == replayable.ok, received.body
    [arrival] = provider.arrivals
    assert vendors.path(arrival.path) == vendors.path(replayable.url)
    arrived = json.loads(arrival.body)
    if replayable.model_in_path and replayable.schema != "gemini":
        assert arrived == replayable.asked
    elif asks_for_usage(replayable):
        # A stream's usage has to be asked for; nothing else is touched.
        options = (replayable.asked.get("stream_options") or {}) | {"include_usage": True}
        assert arrived == replayable.asked | {"stream_options": options}
        assert is_insertion(arrival.body, replayable.request)
    else:
        assert arrival.body == replayable.request


def asks_for_usage(recording: Recording) -> bool:
    """Whether Egret has to ask for a stream's usage in the caller's place."""
    options = recording.asked.get("stream_options") or {}
    return (
        recording.schema == "chat"
        and recording.streamed
        and not options.get("include_usage")
    )


def is_insertion(longer: bytes, shorter: bytes) -> bool:
    """Whether `longer` is `shorter` with something put in at one place."""
    head = next(
        (at for at, (a, b) in enumerate(zip(longer, shorter, strict=False)) if a != b),
        len(shorter),
    )
    tail = len(shorter) - head
    return len(longer) > len(shorter) and longer[len(longer) - tail :] == shorter[head:]


def without_usage_chunk(stream: bytes) -> bytes:
    """The stream without its chunk that has a usage and no choices."""
    kept = []
    for event in re.findall(rb".*?(?:\r?\n\r?\n|\Z)", stream, re.DOTALL):
        data = event.strip().removeprefix(b"data:").strip()
        chunk = json.loads(data) if data.startswith(b"{") else {}
        if not (chunk.get("usage") is not None and chunk.get("choices") == []):
            kept.append(event)
    return b"".join(kept)
