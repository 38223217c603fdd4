#!/usr/bin/env python3
"""Starts simulated providers and an Egret in front of them, runs a command, stops both.

    stack.py [--egret PATH] -- COMMAND…

The command finds in $EGRET_STACK the path of a JSON file: the gateway's URLs, the callers' keys,
the providers' credentials and the simulators' control plane. Nothing but that file and the wire is
shared with what is tested. When the command fails, the ends of both logs
are printed. Standard library only.
"""

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "target/sdk-logs"
LINES = 20
HOST = "127.0.0.1"
STARTING_S = 60
STOPPING_S = 60

PROVIDERS = ["openai", "claude", "gemini"]
# What `egret simulate` answers to. They open nothing.
CREDENTIALS = {
    "openai": "sk-simulated-openai",
    "claude": "sk-ant-simulated-claude",
    "gemini": "AIza-simulated-gemini",
}
FAMILY = {"openai": "gpt", "claude": "claude", "gemini": "gemini"}
# OpenAI's two APIs, each with a backend that is pinned to it and models of its own.
APIS = {"openai": "chat", "responses": "responses"}
RESPONSES_MODELS = ["gpt-4.1*", "gpt-5.6*"]
# Models that embed, and dollars for a million tokens.
EMBEDDINGS = {
    "openai": ("text-embedding-3-small", 0.02),
    "gemini": ("gemini-embedding-001", 0.15),
}
# `app` may do everything; `spender` has its own allowance to use up; `narrow` may use one model.
CALLERS = ["app", "spender", "narrow"]
# Models for coding agents, the last generation and the newest.
RELAXED = {
    "openai": ["gpt-4o-mini", "gpt-5.4"],
    "claude": ["claude-haiku-4-5", "claude-sonnet-5"],
    "gemini": ["gemini-2.5-flash", "gemini-3.1-pro-preview"],
}
# A model that always fails at its provider, and one that steps in for it.
STAND_IN = {
    "openai": "gpt-4o-mini",
    "responses": "gpt-4.1-mini",
    "claude": "claude-haiku-4-5",
    "gemini": "gemini-2.5-flash",
}
NEXT = {"openai": "claude", "claude": "gemini", "gemini": "responses", "responses": "claude"}
LIMIT_USD = 1000


def credential_setting(provider: str) -> str:
    return f"EGRET_SDK_CREDENTIAL_{provider.upper()}"


def key_setting(caller: str) -> str:
    return f"EGRET_SDK_KEY_{caller.upper()}"


def config(directory: Path, ports: dict[str, int]) -> dict:
    """The gateway's configuration, as data. JSON is YAML."""
    backends, routes = {}, []
    prices = [{"model": "fault-503", "input": 0, "output": 0}]
    for name in STAND_IN:
        provider = "openai" if name in APIS else name
        backend = {
            "schema": provider,
            "url": f"https://{HOST}:{ports[provider]}" + ("/v1" if name in APIS else ""),
            "allow_private": True,
            "credential": {"env": credential_setting(provider)},
            "tls": {"ca": str(directory / "ca.pem"), "sni": "localhost"},
        }
        if name in APIS:
            backend["api"] = APIS[name]
        # The same simulator several times: what fails on purpose must not eject what others use.
        for alias in [name, f"{name}-faulty", f"{name}-failing"]:
            backends[alias] = backend
        models = RESPONSES_MODELS if name == "responses" else [f"{FAMILY[name]}-*"]
        routes += [
            {"models": models, "backends": [name]},
            {
                "models": [f"faulty-{name}"],
                "backends": [{"backend": f"{name}-faulty", "model": STAND_IN[name]}],
            },
            # The first always answers 503, so the second does.
            {
                "models": [f"reliable-{name}"],
                "backends": [
                    {"backend": f"{name}-failing", "model": "fault-503"},
                    {"backend": NEXT[name], "model": STAND_IN[NEXT[name]]},
                ],
            },
        ]
        # No call to the first fits into any budget; of the second, a few do.
        family = FAMILY.get(name, "gpt-4.1")
        prices += [
            {"model": f"{family}-priceless", "input": 900_000_000, "output": 900_000_000},
            {"model": f"{family}-dear", "input": 1_000_000, "output": 0},
        ]
    for name, (model, price) in EMBEDDINGS.items():
        routes.append({"models": [model], "backends": [name]})
        prices.append({"model": model, "input": price, "output": 0})
    # By leave of the operator: coding agents send what only their own provider has.
    for name, models in RELAXED.items():
        routes += [
            {
                "models": [f"relaxed-{model}"],
                "backends": [{"backend": name, "model": model}],
                "drop": ["top_p", "top_k", "tools.hosted"],
                "emulate": ["tools.custom"],
            }
            for model in models
        ]
        # The beginning of the name is what Codex goes by.
        routes[-1]["models"] += [f"gpt-5.5-on-{name}", f"gpt-6.1-sol-on-{name}"]
    routes.append(
        {
            "models": ["assistant"],
            "backends": [{"backend": "claude", "model": "claude-sonnet-5"}, "openai"],
        }
    )
    return {
        "gateway": "sdk-tests",
        "listeners": [{"address": f"{HOST}:{ports['gateway']}"}],
        "admin": {"address": f"{HOST}:{ports['admin']}"},
        "backends": backends,
        "routes": routes,
        "callers": [
            {"name": name, "key": {"env": key_setting(name)}}
            | ({"models": ["gpt-4o-mini"]} if name == "narrow" else {})
            for name in CALLERS
        ],
        "budgets": [
            {"name": "daily", "per": "caller", "limit": f"{LIMIT_USD} USD", "window": "month"}
        ],
        "prices": prices,
        "limits": {"drain": "5s"},
        "ledger": "memory",
    }


def free_ports(count: int) -> list[int]:
    """Ports in a row that nobody listens on."""
    for _ in range(100):
        first = 20_000 + secrets.randbelow(10_000)
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.create_server((HOST, port)))
            return list(range(first, first + count))
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
    raise SystemExit("stack.py: no free ports between 20000 and 30000")


class Process:
    """A process with a log."""

    def __init__(self, name: str, directory: Path, command: list[str], env: dict[str, str]):
        self.name = name
        self.log = directory / f"{name}.log"
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                command, cwd=directory, env=os.environ | env, stdout=log, stderr=log
            )

    def wait_for(self, url: str) -> None:
        """Waits until the URL answers 200."""
        until = time.monotonic() + STARTING_S
        while True:
            if self.child.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.child.returncode}")
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > until:
                    raise RuntimeError(f"{self.name} is not ready: {url}: {error}") from error
                time.sleep(0.05)

    def expect_clean_end(self, unsayable: list[str]) -> None:
        """It is still there, ends well when asked to, and its log holds none of these words."""
        if self.child.poll() is not None:
            raise RuntimeError(f"{self.name} ended by itself with {self.child.returncode}")
        self.child.send_signal(signal.SIGTERM)
        try:
            status = self.child.wait(STOPPING_S)
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"{self.name} still runs, {STOPPING_S} s after SIGTERM") from error
        if status != 0:
            raise RuntimeError(f"{self.name} ended with {status} after SIGTERM")
        log = self.log.read_text(errors="replace")
        if any(word in log for word in unsayable):
            raise RuntimeError(f"the log of {self.name} holds a secret or a prompt")

    def stop(self) -> None:
        """Ends it, whatever it does."""
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def keep_log(self) -> None:
        """Keeps the log beside the build, and prints its end."""
        KEPT.mkdir(parents=True, exist_ok=True)
        kept = KEPT / self.log.name
        text = self.log.read_text(errors="replace")
        kept.write_text(text)
        lines = text.splitlines()[-LINES:]
        print("\n".join([f"\n--- the end of {kept} ---", *lines]), flush=True)


def run(egret: Path, command: list[str], directory: Path) -> int:
    # The simulators take three ports in a row.
    names = [*PROVIDERS, "control", "gateway", "admin"]
    ports = dict(zip(names, free_ports(len(names))))
    keys = {name: f"sk-egret-{name}-{secrets.token_hex(16)}" for name in CALLERS}
    control = f"http://{HOST}:{ports['control']}/__sim"
    admin = f"http://{HOST}:{ports['admin']}"
    stack = {
        "url": f"http://{HOST}:{ports['gateway']}",
        "admin": admin,
        "simulators": {name: f"{control}/{name}" for name in PROVIDERS},
        "keys": keys,
        "credentials": CREDENTIALS,
        "limit_usd": LIMIT_USD,
        # What the tests say in prompts now and then, to see that no log repeats it.
        "private_words": f"private-{secrets.token_hex(8)}",
    }
    unsayable = [*keys.values(), *CREDENTIALS.values(), stack["private_words"]]
    (directory / "stack.json").write_text(json.dumps(stack))
    (directory / "egret.yaml").write_text(json.dumps(config(directory, ports), indent=2))
    env = {credential_setting(name): credential for name, credential in CREDENTIALS.items()}
    env |= {key_setting(name): key for name, key in keys.items()}

    processes: list[Process] = []
    try:
        simulate = [str(egret), "simulate", "--address", f"{HOST}:{ports['openai']}"]
        simulate += ["--control", f"{HOST}:{ports['control']}", "--dir", str(directory)]
        processes.append(Process("simulators", directory, simulate, {}))
        processes[-1].wait_for(f"{control}/gemini/counts")
        gateway = Process("egret", directory, [str(egret), "run", "--config", "egret.yaml"], env)
        processes.append(gateway)
        gateway.wait_for(f"{admin}/readyz")
        environment = os.environ | {"EGRET_STACK": str(directory / "stack.json")}
        status = subprocess.run(command, env=environment, check=False).returncode
        gateway.expect_clean_end(unsayable)
    except RuntimeError as error:
        print(f"\nstack.py: {error}", flush=True)
        status = 1
    finally:
        for process in reversed(processes):
            process.stop()
    if status != 0:
        for process in processes:
            process.keep_log()
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--egret", type=Path, default=ROOT / "target/debug/egret")
    parser.add_argument("command", nargs="+", help="what to run against the stack")
    arguments = parser.parse_args()
    if not arguments.egret.exists():
        raise SystemExit(f"stack.py: {arguments.egret} is missing; build it with: cargo build")
    with tempfile.TemporaryDirectory(prefix="egret-sdk-") as directory:
        return run(arguments.egret.resolve(), arguments.command, Path(directory))


if __name__ == "__main__":
    sys.exit(main())
