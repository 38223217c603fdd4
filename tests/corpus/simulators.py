"""`egret simulate`: the three providers, as strict as they are."""

import json
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vendors
from gateway import EGRET
from stack import HOST, Process, free_ports

# Who speaks a schema.
PROVIDERS = {"chat": "openai", "responses": "openai", "claude": "claude", "gemini": "gemini"}
# The models to ask, by what is asked and in which schema: ones that take sampling parameters, and
# ones that think.
MODELS = {
    "generate": {
        "chat": ["gpt-4.1", "gpt-5.2"],
        "responses": ["gpt-4.1", "gpt-5.4"],
        "claude": ["claude-sonnet-4-6", "claude-opus-5"],
        "gemini": ["gemini-2.5-flash", "gemini-3.1-pro-preview"],
    },
    "embed": {
        "chat": ["text-embedding-3-small"],
        "claude": ["claude-sonnet-4-6"],
        "gemini": ["gemini-embedding-001", "gemini-embedding-2"],
    },
    "count": {
        "responses": ["gpt-5.4"],
        "claude": ["claude-sonnet-4-6"],
        "gemini": ["gemini-2.5-flash"],
    },
}


@dataclass(frozen=True)
class Arrival:
    """A request as a provider got it."""

    path: str
    headers: dict[str, str]
    body: Any


class Simulators:
    """All three, and what they were asked."""

    def __init__(self) -> None:
        first, _, _, control = free_ports(4)
        self.control = f"http://{HOST}:{control}/__sim"
        self.directory = tempfile.TemporaryDirectory(prefix="egret-simulators-")
        directory = Path(self.directory.name)
        command = [str(EGRET), "simulate", "--plain"]
        command += ["--address", f"{HOST}:{first}", "--control", f"{HOST}:{control}"]
        self.process = Process("simulators", directory, command, {})
        self.process.wait_for(f"{self.control}/openai/counts")
        # NAME URL "credential" CREDENTIAL
        lines = [line.split() for line in self.process.log.read_text().splitlines()]
        self.credentials = {line[0]: line[3] for line in lines if line[2:3] == ["credential"]}
        names = dict.fromkeys(PROVIDERS.values())
        self.urls = {name: f"http://{HOST}:{first + at}" for at, name in enumerate(names)}

    def backends(self) -> dict[str, dict]:
        """One for each schema."""
        return {
            schema: vendors.of_schema(schema, self.urls[provider])
            | {"credential": {"env": self.setting(provider)}}
            for schema, provider in PROVIDERS.items()
        }

    @staticmethod
    def setting(name: str) -> str:
        return f"EGRET_CORPUS_CREDENTIAL_{name.upper()}"

    def env(self) -> dict[str, str]:
        return {self.setting(name): key for name, key in self.credentials.items()}

    def arrived(self, schema: str) -> list[Arrival]:
        """The requests that arrived since this was last asked."""
        journal = f"{self.control}/{PROVIDERS[schema]}/journal"
        with urllib.request.urlopen(journal, timeout=30) as response:
            arrivals = json.loads(response.read())
        request = urllib.request.Request(journal, method="DELETE")
        urllib.request.urlopen(request, timeout=30).close()
        return [
            Arrival(one["target"], dict(one["headers"]), json.loads(one["body"]))
            for one in arrivals
        ]

    def close(self) -> None:
        self.process.stop()
        self.directory.cleanup()
