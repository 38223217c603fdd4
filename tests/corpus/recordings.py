"""The recordings: what real providers were asked, and what they answered, byte for byte.

They are no part of the project: they lie in `../shared/corpus` beside it, or under $EGRET_SHARED.
"""

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("EGRET_SHARED", ROOT.parent / "shared"))
CORPUS = SHARED / "corpus"

# The kinds of recordings that are in one of the three schemas, whoever served them.
SCHEMA = {
    "openai_chat": "openai",
    "openai_chat_azure": "openai",
    "openai_chat_compat": "openai",
    "anthropic": "claude",
    "anthropic_compat": "claude",
    "anthropic_vertex": "claude",
    "gemini": "gemini",
    "gemini_vertex": "gemini",
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
    sse: bool

    @property
    def id(self) -> str:
        return f"{self.kind}/{'sse' if self.sse else 'json'}/{self.name}"

    @property
    def schema(self) -> str:
        return SCHEMA[self.kind]

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def alias(self) -> str:
        """The model that a caller asks Egret for to get this recording."""
        return f"recording-{self.number}"

    @property
    def backend(self) -> str:
        """Errors count against a backend, so that whoever plays one is used for nothing else."""
        return self.schema if self.ok else self.alias

    @cached_property
    def asked(self) -> Any:
        """The request, parsed."""
        return json.loads(self.request) if self.request is not None else None

    @cached_property
    def model(self) -> str:
        """The model that the provider was asked for."""
        if self.schema == "gemini" or self.kind == "anthropic_vertex":
            return re.search(r"/models/([^/:?]+):", self.url).group(1)
        return (self.asked or {}).get("model") or "unrecorded"

    @property
    def streamed(self) -> bool:
        """Whether a stream was asked for. It may have been answered with an error in one piece."""
        if self.schema == "gemini":
            return self.sse or "streamGenerateContent" in self.url
        return self.sse or bool((self.asked or {}).get("stream"))

    @property
    def json_array(self) -> bool:
        """Gemini's other way to stream, which no SDK uses: a JSON array."""
        return self.schema == "gemini" and self.streamed and not self.sse and self.ok

    @property
    def replayable_request(self) -> bool:
        """Whether Egret's callers can send this request: on Vertex AI, Claude's has no model."""
        return self.request is not None and (self.schema == "gemini" or "model" in self.asked)


def load() -> list[Recording]:
    """All recordings in one of the three schemas, in a fixed order; none if they are not here."""
    if not CORPUS.is_dir():
        return []
    recordings = []
    for row in map(json.loads, (CORPUS / "index.jsonl").read_text().splitlines()):
        if row["kind"] not in SCHEMA:
            continue
        file = CORPUS / row["file"]
        meta = json.loads(file.with_name(f"{file.name}.meta.json").read_text())
        request = file.with_name(f"{file.name}.request.json")
        sse = row["fmt"] == "sse" and row["status"] == 200
        kind = "text/event-stream" if sse else "application/json"
        headers = {"content-type": kind} | {
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
                sse=sse,
            )
        )
    return recordings
