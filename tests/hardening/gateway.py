"""A running Egret in front of whatever a test puts behind it."""

import json
import os
import re
import socket
import urllib.request
from pathlib import Path

from stack import HOST, Process, free_ports

ROOT = Path(__file__).resolve().parents[2]
EGRET = Path(os.environ.get("EGRET_BIN", ROOT / "target/debug/egret")).resolve()
PATH = "/v1/chat/completions"
# What a test's own processes wait for, at most.
PATIENCE_S = 120


def body(model: str, text: str = "hello") -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}]}).encode()


def post(model: str, text: str = "hello") -> bytes:
    """A whole request."""
    content = body(model, text)
    head = f"POST {PATH} HTTP/1.1\r\nHost: gateway\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


class Gateway:
    """Egret on loopback; `origins` are ports of plaintext backends by name, each of which serves
    the model of its name."""

    def __init__(self, folder: Path, origins: dict[str, int], **more) -> None:
        self.port, admin = free_ports(2)
        self.admin = f"http://{HOST}:{admin}"
        listener = {"address": f"{HOST}:{self.port}"} | more.pop("listener", {})
        config = {
            "listeners": [listener],
            "admin": {"address": f"{HOST}:{admin}"},
            "backends": {
                name: {
                    "schema": "openai",
                    "url": f"http://{HOST}:{port}/v1",
                    "plaintext": "allowed",
                    "allow_private": True,
                    "credential": {"env": "EGRET_HARDENING_KEY"},
                }
                for name, port in origins.items()
            },
            "routes": [{"models": [name], "backends": [name]} for name in origins],
            "anonymous": True,
            "ledger": "memory",
        } | more
        # JSON is YAML.
        (folder / "egret.yaml").write_text(json.dumps(config))
        command = [str(EGRET), "run", "--config", "egret.yaml"]
        self.process = Process("egret", folder, command, {"EGRET_HARDENING_KEY": "sk-canary"})
        self.process.wait_for(f"{self.admin}/readyz")

    def ask(self, request: bytes) -> int:
        """Sends these very bytes; the status of the answer, 0 if there is none."""
        with socket.create_connection((HOST, self.port), PATIENCE_S) as connection:
            connection.sendall(request)
            answer = connection.recv(1 << 16)
        status = re.match(rb"HTTP/1\.1 (\d{3})", answer)
        return int(status[1]) if status else 0

    def metric(self, name: str) -> float:
        """The sum over all series of this name."""
        with urllib.request.urlopen(f"{self.admin}/metrics", timeout=PATIENCE_S) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if re.match(rf"{name}[ {{]", line))

    def memory(self) -> int:
        """Bytes of its resident set."""
        status = Path(f"/proc/{self.process.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def close(self) -> None:
        try:
            self.process.expect_clean_end(["sk-canary"])
        finally:
            self.process.stop()
