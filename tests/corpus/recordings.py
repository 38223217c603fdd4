"""The recordings: what real providers were asked, and what they answered, byte for byte.

They are no part of the project: they lie in `../shared/corpus` beside it, or under $EGRET_SHARED.
"""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import eventstream
import json_array
from exceptions import NOT_SPOKEN

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("EGRET_SHARED", ROOT.parent / "shared"))
CORPUS = SHARED / "corpus"

# What each kind of recordings is, whoever served them: a schema, and what was asked in it.
KINDS = {
    "openai_chat": ("chat", "generate"),
    "openai_chat_azure": ("chat", "generate"),
    "openai_chat_compat": ("chat", "generate"),
    "openai_responses": ("responses", "generate"),
    "openai_responses_azure": ("responses", "generate"),
    "openai_responses_compat": ("responses", "generate"),
    "anthropic": ("claude", "generate"),
    "anthropic_compat": ("claude", "generate"),
    "anthropic_vertex": ("claude", "generate"),
    "bedrock": ("claude", "generate"),
    "gemini": ("gemini", "generate"),
    "gemini_vertex": ("gemini", "generate"),
    "openai_embeddings": ("chat", "embed"),
    "gemini_embed": ("gemini", "embed"),
    "anthropic_count_tokens": ("claude", "count"),
    "gemini_count_tokens": ("gemini", "count"),
}
CONTENT_TYPES = {
    "json": "application/json",
    "sse": "text/event-stream",
    "bin": "application/vnd.amazon.eventstream",
}
# How the bodies are framed or connected is the server's business, here as it was there.
OWN_HEADERS = {"content-length", "transfer-encoding", "content-encoding", "connection", "date"}
REDACTED = "**REDACTED**"


@dataclass(frozen=True)
class Recording:
    """One exchange with a provider."""

    number: int
    kind: str
    name: str
    status: int
    url: str
    headers: dict[str, str]
    # The body of the request, where it was recorded.
    request: bytes | None
    response: bytes
    # "json", "sse" or "bin", which is Amazon's event stream.
    framing: str

    @property
    def id(self) -> str:
        return f"{self.kind}/{self.framing}/{self.name}"

    @property
    def schema(self) -> str:
        return KINDS[self.kind][0]

    @property
    def operation(self) -> str:
        """ "generate", "embed" or "count"."""
        return KINDS[self.kind][1]

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def sse(self) -> bool:
        return self.framing == "sse"

    @property
    def alias(self) -> str:
        """The model that a caller asks Egret for to get this recording."""
        return f"recording-{self.number}"

    @cached_property
    def asked(self) -> Any:
        """The request, parsed."""
        return json.loads(self.request) if self.request is not None else None

    @property
    def model_in_path(self) -> bool:
        return self.schema == "gemini" or self.kind in ("anthropic_vertex", "bedrock")

    @cached_property
    def model(self) -> str:
        """The model that the provider was asked for."""
        if self.model_in_path:
            return unquote(re.search(r"/models?/([^/?]+)[:/][a-zA-Z-]+(\?|$)", self.url).group(1))
        if self.asked is not None:
            return self.asked.get("model") or "unrecorded"
        # The first that the answer names.
        named = re.search(rb'"model": ?"([^"]+)"', self.response)
        return named[1].decode() if named else "unrecorded"

    @property
    def streamed(self) -> bool:
        """Whether a stream was asked for. It may have been answered with an error in one piece."""
        if self.framing == "bin":
            return True
        if self.schema == "gemini":
            return self.sse or "streamGenerateContent" in self.url
        return self.sse or "stream" in self.url or bool((self.asked or {}).get("stream"))

    @property
    def json_array(self) -> bool:
        """Gemini's other way to stream, which no SDK uses: a JSON array."""
        return self.schema == "gemini" and self.streamed and not self.sse and self.ok

    @cached_property
    def to_egret(self) -> "Recording":
        """The recording as Egret is answered for an SDK: no SDK asks for a JSON array."""
        return self._as_sse(json_array.unwrap) if self.json_array else self

    @cached_property
    def to_sdk(self) -> "Recording":
        """The recording as the schema's own SDK reads it."""
        return self._as_sse(eventstream.unwrap) if self.framing == "bin" else self.to_egret

    def _as_sse(self, unwrap: Callable[[bytes], bytes]) -> "Recording":
        headers = self.headers | {"content-type": CONTENT_TYPES["sse"]}
        return replace(self, response=unwrap(self.response), framing="sse", headers=headers)


def load() -> list[Recording]:
    """All recordings in a schema that Egret speaks, in a fixed order; none if they are not here."""
    if not CORPUS.is_dir():
        return []
    recordings = []
    for row in map(json.loads, (CORPUS / "index.jsonl").read_text().splitlines()):
        file = CORPUS / row["file"]
        if file.name in NOT_SPOKEN:
            continue
        meta = json.loads(file.with_name(f"{file.name}.meta.json").read_text())
        request = file.with_name(f"{file.name}.request.json")
        framing = row["fmt"] if row["status"] == 200 else "json"
        headers = {"content-type": CONTENT_TYPES[framing]} | {
            name: value
            for name, value in meta["headers"].items()
            if name.lower() not in OWN_HEADERS and value != REDACTED
        }
        recordings.append(
            Recording(
                number=len(recordings),
                kind=row["kind"],
                name=file.name,
                status=row["status"],
                url=meta["url"],
                headers=headers,
                request=request.read_bytes() if request.exists() else None,
                response=file.with_name(f"{file.name}.response.{row['fmt']}").read_bytes(),
                framing=framing,
            )
        )
    return recordings
