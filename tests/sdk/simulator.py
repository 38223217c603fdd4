"""A simulated provider, as seen from its control plane, for every test that runs in the stack."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

STACK = json.loads(Path(os.environ["EGRET_STACK"]).read_text())
PROVIDERS = ["openai", "claude", "gemini"]
# The last generation, which takes sampling parameters; and models that think as the newest do.
OLDER = {"openai": "gpt-4o-mini", "claude": "claude-haiku-4-5", "gemini": "gemini-2.5-flash"}
NEWER = {"openai": "gpt-5.4", "claude": "claude-sonnet-5", "gemini": "gemini-3.1-pro-preview"}


def call(method: str, url: str, body: str | None = None) -> str:
    """The text of the answer."""
    data = body.encode() if body is not None else None
    request = urllib.request.Request(url, data=data, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read().decode()


class Simulator:
    """What it was asked, and what it is to do."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = STACK["simulators"][name]
        self.credential = STACK["credentials"][name]

    def reset(self) -> None:
        """Forgets bill, journal and script."""
        call("DELETE", f"{self.url}/bill")
        call("DELETE", f"{self.url}/journal")
        call("POST", f"{self.url}/script", "clear")

    def script(self, rule: str) -> None:
        call("POST", f"{self.url}/script", rule)

    def journal(self) -> list[dict[str, Any]]:
        return json.loads(call("GET", f"{self.url}/journal"))

    def aborted(self) -> int:
        """Answers that the gateway left before their end."""
        return json.loads(call("GET", f"{self.url}/counts"))["aborted"]

    def bill(self) -> dict[str, dict[str, int]]:
        """What each model was used for since the last reset."""
        return json.loads(call("GET", f"{self.url}/bill"))

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
