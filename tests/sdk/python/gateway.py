"""What is around the SDKs: the gateway, the simulated providers, and what both know of a call."""

import json
import os
import struct
import time
import urllib.request
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers import Usage, anthropic_sdk, genai_sdk, openai_sdk

STACK = json.loads(Path(os.environ["EGRET_STACK"]).read_text())
SDKS = {"openai": openai_sdk, "anthropic": anthropic_sdk, "genai": genai_sdk}
PROVIDERS = ["openai", "claude", "gemini"]
# The last generation, which takes sampling parameters; and models that think as the newest do.
OLDER = {"openai": "gpt-4o-mini", "claude": "claude-haiku-4-5", "gemini": "gemini-2.5-flash"}
NEWER = {"openai": "gpt-5.4", "claude": "claude-sonnet-5", "gemini": "gemini-3.1-pro-preview"}
FAMILY = {"openai": "gpt", "claude": "claude", "gemini": "gemini"}


def _call(method: str, url: str, body: str | None = None) -> str:
    data = body.encode() if body is not None else None
    request = urllib.request.Request(url, data=data, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read().decode()


class Simulator:
    """A simulated provider, as seen from its control plane."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = STACK["simulators"][name]
        self.credential = STACK["credentials"][name]

    def reset(self) -> None:
        """Forgets bill, journal and script."""
        _call("DELETE", f"{self.url}/bill")
        _call("DELETE", f"{self.url}/journal")
        _call("POST", f"{self.url}/script", "clear")

    def script(self, rule: str) -> None:
        _call("POST", f"{self.url}/script", rule)

    def journal(self) -> list[dict[str, Any]]:
        return json.loads(_call("GET", f"{self.url}/journal"))

    def aborted(self) -> int:
        """Answers that the gateway left before their end."""
        return json.loads(_call("GET", f"{self.url}/counts"))["aborted"]

    def billed(self) -> dict[str, Usage]:
        """What each model was used for since the last reset."""
        lines = json.loads(_call("GET", f"{self.url}/bill"))
        return {
            model: Usage(line["input"], line["cached"], line["output"], line["reasoning"])
            for model, line in lines.items()
        }

    def expect_own_credential_only(self) -> None:
        """Whatever arrived here bore this provider's credential, once, and no other secret."""
        foreign = [*STACK["keys"].values()]
        foreign += [other for other in STACK["credentials"].values() if other != self.credential]
        form = {
            "openai": ("authorization", f"Bearer {self.credential}"),
            "claude": ("x-api-key", self.credential),
            "gemini": ("x-goog-api-key", self.credential),
        }[self.name]
        for arrival in self.journal():
            everything = json.dumps(arrival)
            for secret in foreign:
                assert secret not in everything, f"{self.name} was shown a secret not its own"
            bearing = [
                (name, value) for name, value in arrival["headers"] if self.credential in value
            ]
            assert bearing == [form]
            assert self.credential not in arrival["target"] + arrival["body"]


SIMULATORS = {name: Simulator(name) for name in PROVIDERS}


def eventually(condition: Callable[[], bool], patience_s: float = 30) -> None:
    """Waits until the condition holds."""
    until = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


def metric(name: str, **labels: str) -> float:
    """The sum of the gateway's samples of that name that bear these labels.

    A request is counted after its answer has been sent: first nothing may be in flight any more.
    """
    eventually(lambda: _sum("egret_requests_in_flight", {}) == 0)
    return _sum(name, labels)


def _sum(name: str, labels: dict[str, str]) -> float:
    total = 0.0
    for line in _call("GET", f"{STACK['admin']}/metrics").splitlines():
        series, _, value = line.rpartition(" ")
        family, _, rest = series.partition("{")
        if family == name and all(f'{key}="{word}"' in rest for key, word in labels.items()):
            total += float(value)
    return total


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(red: int) -> bytes:
    """A picture of one pixel."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(bytes([0, red, 0, 0]))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", pixel)
        + _chunk(b"IEND", b"")
    )
