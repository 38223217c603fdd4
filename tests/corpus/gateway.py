"""A running Egret."""

import json
import os
import tempfile
from pathlib import Path

from recordings import ROOT
from stack import HOST, Process, free_ports

EGRET = Path(os.environ.get("EGRET", ROOT / "target/debug/egret")).resolve()


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
            self.process.print_log()
            raise

    def close(self) -> None:
        self.process.expect_clean_end([])
        self.directory.cleanup()
