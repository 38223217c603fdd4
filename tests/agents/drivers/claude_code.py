"""Anthropic's Claude Code."""

import json
from pathlib import Path

from . import MODULES, Agent, Call


class ClaudeCode(Agent):
    """`claude -p`."""

    says_billing = True

    def settings(self) -> dict[str, str]:
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": self.key,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            # A test may run as root: every tool is allowed because nothing here is precious.
            "IS_SANDBOX": "1",
        }

    def command(self, model: str, prompt: str) -> list[str]:
        program = str(MODULES / "@anthropic-ai/claude-code/bin/claude.exe")
        options = ["--output-format", "json", "--dangerously-skip-permissions"]
        return [program, "--model", model, *options, "-p", prompt]

    def answer(self, stdout: str) -> str:
        return json.loads(stdout)["result"]

    def shell(self, command: str) -> Call:
        return Call("Bash", {"command": command, "description": "What the test wants."})

    def write(self, path: Path, text: str) -> Call:
        return Call("Write", {"file_path": str(path), "content": text})

    def look(self, path: Path) -> Call:
        return Call("Read", {"file_path": str(path)})
