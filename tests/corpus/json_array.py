"""Gemini's stream as a JSON array, read apart from Egret: its elements, as server-sent events."""

import json


def unwrap(array: bytes) -> bytes:
    return b"".join(b"data: %s\r\n\r\n" % json.dumps(one).encode() for one in json.loads(array))
