"""A coding agent, run as a person runs it in a script: one prompt, no questions, then it ends.

A driver knows where its agent is told of a gateway, what its tools are called, and where its answer
stands. It gets a home of its own, so nothing of this machine is read and nothing stays.
"""

import json
import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULES = Path(__file__).resolve().parents[1] / "node_modules"
# The agents want a newer Node than many machines have: one is installed with them.
NODE = next(MODULES.glob("node-linux-*/bin/node"), None) or shutil.which("node")
PATIENCE_S = 120


@dataclass(frozen=True)
class Call:
    """A call of one of the agent's own tools, as a model makes it."""

    tool: str
    arguments: dict[str, Any]

    def prompt(self, times: str = "") -> str:
        """What makes a simulated model call it."""
        return f"call {self.tool} {times} with {json.dumps(self.arguments)}".replace("  ", " ")


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and what the agent printed."""

    status: int
    answer: str
    output: str


class Agent(ABC):
    """One agent in a home of its own, pointed at a gateway with a caller's key."""

    # Whether it tells Anthropic, in the system prompt, whom to bill.
    says_billing = False

    def __init__(self, home: Path, url: str, key: str) -> None:
        self.home = home
        self.url = url
        self.key = key
        self.work = home / "work"
        self.work.mkdir()
        (home / "tmp").mkdir()

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """Points it at the gateway: the environment; it may write files, too."""

    @abstractmethod
    def command(self, model: str, prompt: str) -> list[str]:
        """The command line, its program absolute."""

    @abstractmethod
    def answer(self, stdout: str) -> str:
        """The text with which it ended its turn."""

    @abstractmethod
    def shell(self, command: str) -> Call:
        """Runs a command."""

    @abstractmethod
    def write(self, path: Path, text: str) -> Call:
        """Writes a file."""

    @abstractmethod
    def look(self, path: Path) -> Call:
        """Looks at a picture."""

    def run(self, model: str, prompt: str) -> Outcome:
        """One turn, with as many calls of tools as it takes."""
        environment = {
            "PATH": os.pathsep.join([str(Path(NODE or "").parent), "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "LANG": "C.UTF-8",
            # Whoever else it would like to talk to is not there.
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        }
        done = subprocess.run(
            self.command(model, prompt),
            cwd=self.work,
            env=environment | self.settings(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        output = f"{done.stdout}\n{done.stderr}"
        answer = self.answer(done.stdout) if done.returncode == 0 else ""
        return Outcome(done.returncode, answer, output)
