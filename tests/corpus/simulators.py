"""`egret simulate`: the three providers, as strict as they are."""

import json
import tempfile
import urllib.request
from pathlib import Path

from gateway import EGRET
from stack import HOST, Process, free_ports

# The models to ask: the last generation, which takes sampling parameters, and one that thinks.
MODELS = {
    "openai": ["gpt-4o-mini", "gpt-5.4"],
    "claude": ["claude-haiku-4-5", "claude-sonnet-5"],
    "gemini": ["gemini-2.5-flash", "gemini-3.1-pro-preview"],
}


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
        self.ports = {name: first + at for at, name in enumerate(MODELS)}

    def backends(self) -> dict:
        return {
            name: {
                "schema": name,
                "url": f"http://{HOST}:{port}" + ("/v1" if name == "openai" else ""),
                "plaintext": "allowed",
                "credential": {"env": self.setting(name)},
            }
            for name, port in self.ports.items()
        }

    @staticmethod
    def setting(name: str) -> str:
        return f"EGRET_CORPUS_CREDENTIAL_{name.upper()}"

    def env(self) -> dict[str, str]:
        return {self.setting(name): key for name, key in self.credentials.items()}

    def asked(self, name: str) -> list[dict]:
        """The requests that arrived since this was last asked."""
        with urllib.request.urlopen(f"{self.control}/{name}/journal", timeout=30) as response:
            journal = json.loads(response.read())
        request = urllib.request.Request(f"{self.control}/{name}/journal", method="DELETE")
        urllib.request.urlopen(request, timeout=30).close()
        return journal

    def close(self) -> None:
        self.process.stop()
        self.directory.cleanup()
