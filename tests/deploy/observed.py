"""An Egret under load that makes it export everything it has to tell, and what it exports then."""

import json
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from stack import CREDENTIALS, HOST, STARTING_S, Process, free_ports

TOKEN = "token-of-the-admin"
ENVIRONMENT = {"OPENAI": CREDENTIALS["openai"], "CLAUDE": CREDENTIALS["claude"], "ADMIN": TOKEN}


def config(ports, hook):
    """The gateway's configuration, as data. JSON is YAML."""
    openai = {
        "schema": "openai",
        "url": f"http://{HOST}:{ports['openai']}/v1",
        "credential": {"env": "OPENAI"},
        "plaintext": "allowed",
        "allow_private": True,
    }
    claude = {
        "schema": "claude",
        # By name, so that there is one to tell of.
        "url": f"http://localhost:{ports['claude']}",
        "credential": {"env": "CLAUDE"},
        "plaintext": "allowed",
        "allow_private": True,
    }
    failing = {"backend": "failing", "model": "fault-503"}
    working = {"backend": "claude", "model": "claude-haiku-4-5"}
    return {
        "listeners": [{"address": f"{HOST}:{ports['gateway']}"}],
        "admin": {"address": f"{HOST}:{ports['admin']}", "token": {"env": "ADMIN"}},
        "backends": {"openai": openai, "claude": claude, "failing": openai},
        "routes": [
            {"models": ["gpt-*"], "backends": ["openai"]},
            {"models": ["claude-*"], "backends": ["claude"]},
            {"models": ["reliable"], "backends": [failing, working]},
        ],
        "budgets": [
            {"name": "calls", "per": "total", "limit": "30 requests", "window": "month", "warn": ["10%"]},
            {"name": "money", "per": "caller", "limit": "100 USD", "window": "day"},
        ],
        "prices": [{"model": "fault-503", "input": 0, "output": 0}],
        "webhook": {"url": hook},
        "ledger": "memory",
    }


class Hook(BaseHTTPRequestHandler):
    """Takes what it is told."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Observed:
    """A gateway in front of simulated providers, all of it in one folder."""

    def __init__(self, egret, folder: Path):
        names = ["openai", "claude", "gemini", "control", "gateway", "admin"]
        self.ports = dict(zip(names, free_ports(len(names))))
        self.hook = ThreadingHTTPServer((HOST, 0), Hook)
        threading.Thread(target=self.hook.serve_forever, daemon=True).start()
        self.egret, self.folder, self.processes = str(egret), folder, []
        self.file = folder / "egret.yaml"

    def begin(self):
        hook = f"http://{HOST}:{self.hook.server_port}/"
        self.file.write_text(json.dumps(config(self.ports, hook)))
        control = f"{HOST}:{self.ports['control']}"
        simulate = ["simulate", "--plain", "--address", f"{HOST}:{self.ports['openai']}"]
        simulate += ["--control", control, "--dir", str(self.folder)]
        self.start("simulators", simulate, f"http://{control}/__sim/gemini/counts")
        self.start("egret", ["run", "--config", str(self.file)], f"{self.admin}/readyz")

    def start(self, name, arguments, ready):
        command = [self.egret, *arguments]
        self.processes.append(Process(name, self.folder, command, ENVIRONMENT))
        self.processes[-1].wait_for(ready)

    def stop(self):
        for process in self.processes:
            process.stop()
        self.hook.shutdown()

    def until(self, what, asked):
        deadline = time.monotonic() + STARTING_S
        while not asked():
            ended = [one.name for one in self.processes if one.child.poll() is not None]
            assert not ended, f"{ended} ended"
            assert time.monotonic() < deadline, f"it never came to: {what}"
            time.sleep(0.05)

    @property
    def admin(self):
        return f"http://{HOST}:{self.ports['admin']}"

    def get(self, path, admin=None):
        with urllib.request.urlopen((admin or self.admin) + path, timeout=60) as answer:
            return answer.read().decode()

    def turn(self, path, body):
        """Asks for a model turn; the status of the answer."""
        request = urllib.request.Request(
            f"http://{HOST}:{self.ports['gateway']}{path}",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def chat(self, model, text="hello", **more):
        messages = [{"role": "user", "content": text}]
        return self.turn("/v1/chat/completions", {"model": model, "messages": messages, **more})

    def beside(self):
        """Another gateway, which reaches no store, no issuer's keys and nobody who mints a credential:
        what it says of that, and of its ledger."""
        port, admin, nobody = free_ports(3)
        settings = config(self.ports | {"gateway": port, "admin": admin}, "http://127.0.0.1:9/")
        settings["store"] = {"redis": f"{HOST}:{nobody}"}
        oauth = {"token_url": f"http://{HOST}:{nobody}/", "client_id": "egret", "client_secret": {"env": "ADMIN"}}
        settings["backends"]["claude"]["credential"] = {"oauth": oauth}
        issuer = {"name": "corp", "issuer": f"https://{HOST}:{nobody}", "audience": "egret"}
        settings["identity"] = {"jwt": [issuer | {"unlisted": "allow"}]}
        file = self.folder / "stored.yaml"
        file.write_text(json.dumps(settings))
        url = f"http://{HOST}:{admin}"
        self.start("stored", ["run", "--config", str(file)], f"{url}/metrics")
        self.until("a store that fails", lambda: "egret_store_failures_total" in self.get("/metrics", url))
        return self.get("/metrics", url)

    def everything(self):
        """Makes happen whatever there is a metric for."""
        assert self.chat("gpt-4o-mini") == 200
        assert self.chat("gpt-4o-mini", stream=True) == 200
        assert self.chat("claude-haiku-4-5", seed=1) == 200
        assert self.chat("gpt-4o-mini", "[[usage absent]]") == 200
        for _ in range(12):
            assert self.chat("reliable") == 200
        while self.chat("gpt-4o-mini") == 200:
            pass
        self.file.write_text("nonsense: true")
        for event in ['egret_config_reloads_total{gateway="egret",result="failed"}', "egret_webhook"]:
            self.until(event, lambda: event in self.get("/metrics"))

    def exported(self):
        """Each metric's name and its labels."""
        found = {}
        for line in (self.get("/metrics") + self.beside()).splitlines():
            if line.startswith("#") or not line:
                continue
            name, _, rest = line.partition("{")
            labels = rest.rpartition("}")[0]
            names = {part.partition("=")[0] for part in split(labels)}
            found.setdefault(name.split(" ")[0], set()).update(names)
        return found


def split(labels):
    """Label pairs; commas in quotes do not count."""
    parts, quoted, last = [""], False, ""
    for character in labels:
        if character == '"' and last != "\\":
            quoted = not quoted
        if character == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += character
        last = character
    return [part for part in parts if part]
