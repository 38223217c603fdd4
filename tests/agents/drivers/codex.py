"""OpenAI's Codex."""

import shlex
from pathlib import Path

from . import MODULES, NODE, Agent, Call

SETTINGS = """
model_provider = "egret"
check_for_update_on_startup = false

[analytics]
enabled = false

[features]
# They are fetched from GitHub.
plugins = false

[model_providers.egret]
name = "Egret"
base_url = "{url}/v1"
env_key = "EGRET_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


class Codex(Agent):
    """`codex exec`."""

    def settings(self) -> dict[str, str]:
        folder = self.home / ".codex"
        folder.mkdir()
        (folder / "config.toml").write_text(SETTINGS.format(url=self.url))
        return {"EGRET_KEY": self.key}

    def command(self, model: str, prompt: str) -> list[str]:
        program = [str(NODE), str(MODULES / "@openai/codex/bin/codex.js"), "exec"]
        options = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        last = ["--output-last-message", str(self.home / "answer.txt")]
        return [*program, "--model", model, *options, *last, prompt]

    def answer(self, stdout: str) -> str:
        return (self.home / "answer.txt").read_text()

    def shell(self, command: str) -> Call:
        return Call("exec_command", {"cmd": command})

    def write(self, path: Path, text: str) -> Call:
        # It has no tool of its own for this, for a model that it doesn't know.
        return self.shell(f"printf %s {shlex.quote(text)} > {shlex.quote(str(path))}")

    def look(self, path: Path) -> Call:
        return Call("view_image", {"path": str(path)})
