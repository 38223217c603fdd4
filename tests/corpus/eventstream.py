"""Amazon's event stream, read apart from Egret: what is in its `chunk` messages, as server-sent
events."""

import base64
import json
import struct

# Total length, length of the headers, checksum of these two.
PRELUDE = struct.Struct(">III")
CHECKSUM = 4


def unwrap(stream: bytes) -> bytes:
    """The events of InvokeModelWithResponseStream as the Messages API streams them."""
    events = []
    at = 0
    while at < len(stream):
        total, headers, _ = PRELUDE.unpack_from(stream, at)
        payload = stream[at + PRELUDE.size + headers : at + total - CHECKSUM]
        event = base64.b64decode(json.loads(payload)["bytes"])
        events.append(b"event: %s\ndata: %s\n\n" % (json.loads(event)["type"].encode(), event))
        at += total
    return b"".join(events)
