"""A running Egret."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from recordings import ROOT
from stack import HOST, Process, free_ports

EGRET = Path(os.environ.get("EGRET_BIN", ROOT / "target/debug/egret")).resolve()

LOGGING_S = 60


class Gateway:
    """Egret on loopback, with these backends and routes; `env` holds the credentials."""

    def __init__(self, backends: dict, routes: list[dict], env: dict[str, str]) -> None:
        self.host = HOST
        self.port, admin = free_ports(2)
        self.url = f"http://{HOST}:{self.port}"
        config = {
            "gateway": "corpus",
            "listeners": [{"address": f"{HOST}:{self.port}"}],
            "admin": {"address": f"{HOST}:{admin}"},
            "backends": backends,
            "routes": routes,
            "anonymous": True,
            "ledger": "memory",
        }
        self.directory = tempfile.TemporaryDirectory(prefix="egret-corpus-")
        directory = Path(self.directory.name)
        # JSON is YAML.
        (directory / "egret.yaml").write_text(json.dumps(config, indent=2))
        command = [str(EGRET), "run", "--config", "egret.yaml"]
        self.process = Process("egret", directory, command, env)
        try:
            self.process.wait_for(f"http://{HOST}:{admin}/readyz")
        except RuntimeError:
            self.process.stop()
            self.process.keep_log()
            raise

    def access_log(self, last: str) -> dict[str, Any]:
        """What the access log says of each request, by id, once it says something of the last:
        it is written a little after the answers."""
        until = time.monotonic() + LOGGING_S
        while last.encode() not in (log := self.process.log.read_bytes()):
            assert time.monotonic() < until, f"no line about {last} in the access log"
            time.sleep(0.05)
        entries = [json.loads(line) for line in log.splitlines() if line.startswith(b"{")]
        return {entry["id"]: entry for entry in entries}

    def close(self) -> None:
        self.process.expect_clean_end([])
        self.directory.cleanup()
