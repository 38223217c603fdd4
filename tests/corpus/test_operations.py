"""Embeddings and counts of tokens: what the SDKs read through Egret is what was recorded."""

import base64
import json
import struct

from recordings import Recording


def test_sdks_read_the_same_vectors(record_property, provider, through, vectors):
    recording, schema = vectors
    record_property("read", (recording.schema, schema))
    provider.play(recording)
    expected = recorded_vectors(recording)
    read = through[schema].embed(recording.alias, ["Hi"] * len(expected))
    assert [rounded(vector) for vector in read] == expected


def test_sdks_read_the_same_count(record_property, provider, through, count):
    recording, schema = count
    record_property("read", (recording.schema, schema))
    provider.play(recording)
    answer = json.loads(recording.response)
    expected = answer["totalTokens"] if recording.schema == "gemini" else answer["input_tokens"]
    assert through[schema].count(recording.alias) == expected


def recorded_vectors(recording: Recording) -> list[list[float]]:
    answer = json.loads(recording.response)
    if recording.schema == "gemini":
        return [rounded(one["values"]) for one in answer["embeddings"]]
    return [floats(one["embedding"]) for one in answer["data"]]


def floats(embedding: str | list[float]) -> list[float]:
    if isinstance(embedding, list):
        return rounded(embedding)
    data = base64.b64decode(embedding)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def rounded(vector: list[float]) -> list[float]:
    """As single precision has them: base64 has no more."""
    return [struct.unpack("<f", struct.pack("<f", value))[0] for value in vector]
