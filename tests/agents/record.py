#!/usr/bin/env python3
"""Records what the coding agents send, for tests that need to know: after a new version of one.

    tests/sdk/stack.py -- tests/agents/record.py

Each file in requests/ is the last request of a turn, in which two commands ran at once: method,
path, headers and body as sent, but long texts shortened, and no word of the machine or the run.
Standard library only.
"""

import http.client
import http.server
import json
import re
import sys
import tempfile
import threading
import urllib.parse
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "sdk")]

from drivers import Agent  # noqa: E402
from drivers.claude_code import ClaudeCode  # noqa: E402
from drivers.codex import Codex  # noqa: E402
from drivers.gemini_cli import GeminiCli  # noqa: E402
from simulator import STACK  # noqa: E402

# A model that the agent knows, and one that it does not, which it treats otherwise.
MODELS = {
    ClaudeCode: ["claude-sonnet-5", "gpt-5.4"],
    Codex: ["gpt-5.5", "gpt-6.1-sol", "claude-sonnet-5"],
    GeminiCli: ["gemini-2.5-flash", "gemini-3.1-pro-preview", "gpt-5.4"],
}
# Longer texts are cut there; what the agents say at length is not needed, and theirs.
LONGEST = 160
# What is another each time, and what stands for it.
OF_THIS_RUN = {
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "00000000-0000-4000-8000-000000000000",
    r"[0-9a-f]{64}": "0" * 64,
    r"(?<=PGID: )[0-9]+": "1",
    r"(?<=_unix_ms\":)[0-9]+": "1",
    r"(?<=date is ).*": "today.",
}
LEFT_OUT = {"host", "connection", "content-length"}


class Recorder(http.server.BaseHTTPRequestHandler):
    """Passes requests on to the gateway, and keeps them."""

    protocol_version = "HTTP/1.1"
    kept: list[tuple[str, str, dict[str, str], bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.kept.append((self.command, self.path, headers, body))
        gateway = http.client.HTTPConnection(urllib.parse.urlsplit(STACK["url"]).netloc)
        passed = {name: value for name, value in headers.items() if name not in LEFT_OUT}
        gateway.request(self.command, self.path, body, passed)
        answer = gateway.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        self.send_header("content-type", answer.headers["content-type"])
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


def scrub(value: Any, home: str) -> Any:
    """The same without what is long, or of this machine or this run."""
    if isinstance(value, dict):
        return {scrub(key, home): scrub(each, home) for key, each in value.items()}
    if isinstance(value, list):
        return [scrub(each, home) for each in value]
    if not isinstance(value, str):
        return value
    value = value.replace(home, "/home/someone").replace(STACK["keys"]["app"], "sk-egret-someone")
    for pattern, instead in OF_THIS_RUN.items():
        value = re.sub(pattern, instead, value)
    # JSON in a string stays JSON.
    whole = len(value) <= LONGEST or value.startswith("{")
    return value if whole else value[: LONGEST - 1] + "…"


def record(agent: type[Agent], model: str, url: str) -> None:
    Recorder.kept.clear()
    with tempfile.TemporaryDirectory() as home:
        one = agent(Path(home), url, STACK["keys"]["app"])
        outcome = one.run(model, one.shell("echo said").prompt("twice"))
        method, target, headers, body = Recorder.kept[-1]
        kept = {name: value for name, value in headers.items() if name not in LEFT_OUT}
        request = {
            "method": method,
            "target": target,
            "headers": kept,
            "body": json.loads(body),
        }
        path = HERE / "requests" / f"{agent.__name__}-{model}.json"
        text = json.dumps(scrub(request, home), indent=1, ensure_ascii=False)
        path.write_text(text + "\n")
        print(f"{path.name}: request {len(Recorder.kept)}, exit {outcome.status}")


def main() -> None:
    (HERE / "requests").mkdir(exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for agent, models in MODELS.items():
        for model in models:
            record(agent, model, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()


if __name__ == "__main__":
    main()
