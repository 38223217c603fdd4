"""Google's Gemini CLI."""

import json
from pathlib import Path

from . import MODULES, NODE, Agent, Call

SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}


class GeminiCli(Agent):
    """`gemini -p`."""

    def settings(self) -> dict[str, str]:
        folder = self.home / ".gemini"
        folder.mkdir()
        (folder / "settings.json").write_text(json.dumps(SETTINGS))
        return {"GOOGLE_GEMINI_BASE_URL": self.url, "GEMINI_API_KEY": self.key}

    def command(self, model: str, prompt: str) -> list[str]:
        program = [str(NODE), str(MODULES / "@google/gemini-cli/bundle/gemini.js")]
        options = ["--output-format", "json", "--skip-trust", "--yolo"]
        return [*program, "--model", model, *options, "-p", prompt]

    def answer(self, stdout: str) -> str:
        return json.loads(stdout)["response"]

    def shell(self, command: str) -> Call:
        return Call("run_shell_command", {"command": command, "description": "As wanted."})

    def write(self, path: Path, text: str) -> Call:
        return Call("write_file", {"file_path": str(path), "content": text})

    def look(self, path: Path) -> Call:
        return Call("read_file", {"file_path": str(path)})
