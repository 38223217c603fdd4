#!/usr/bin/env python3
"""Writes what the binary is made of, as CycloneDX 1.6 (JSON), to standard output.

    conf/release/sbom.py [--target TRIPLE]

Every crate that is linked for the target, with the checksum that Cargo.lock pins, its licence and
what it depends on; crates that only tests or builds use are left out. The same lockfile gives the
same bytes: the serial number is made of its contents, the time is SOURCE_DATE_EPOCH's, and none if
that is not set. Standard library only.
"""

import argparse
import hashlib
import json
import os
import subprocess
import tomllib
import uuid
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "egret"
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"
# Of whatever names none.
LICENCE = "Apache-2.0"


def metadata(target: str) -> dict:
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    command += ["--filter-platform", target]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(found.stdout)


def is_macro(package: dict) -> bool:
    return any("proc-macro" in target["kind"] for target in package["targets"])


def linked(packages: dict, nodes: dict, root: str) -> dict[str, list[str]]:
    """What ends up in the binary: each package and those it is linked with. Macros only run while
    it is built, and so do their own dependencies."""
    found: dict[str, list[str]] = {}
    waiting = [root]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        # `kind` is null for what is linked, else "dev" or "build".
        found[package] = sorted(
            dependency["pkg"]
            for dependency in nodes[package]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
            and not is_macro(packages[dependency["pkg"]])
        )
        waiting += found[package]
    return found


def reference(package: dict) -> str:
    """Its package URL (https://github.com/package-url/purl-spec); for a crate of our own, which no
    registry has, a name that no URL has."""
    own = package["source"] != REGISTRY
    return f"{'own' if own else 'pkg'}:cargo/{package['name']}@{package['version']}"


def component(package: dict, checksums: dict) -> dict:
    kind = "application" if package["name"] == NAME else "library"
    about = {
        "type": kind,
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        # Cargo's old spelling has a slash for OR.
        "licenses": [{"expression": (package["license"] or LICENCE).replace("/", " OR ")}],
    }
    if package["source"] == REGISTRY:
        about["purl"] = reference(package)
    if package["description"]:
        about["description"] = " ".join(package["description"].split())
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        about["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        about["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return about


def bill(target: str) -> dict:
    lock = (ROOT / "Cargo.lock").read_bytes()
    pinned = tomllib.loads(lock.decode())["package"]
    checksums = {(p["name"], p["version"]): p.get("checksum") for p in pinned}
    everything = metadata(target)
    packages = {package["id"]: package for package in everything["packages"]}
    nodes = {node["id"]: node for node in everything["resolve"]["nodes"]}
    root = everything["resolve"]["root"]
    tree = linked(packages, nodes, root)
    order = sorted(tree, key=lambda package: reference(packages[package]))
    about = {
        "component": component(packages[root], checksums),
        "properties": [{"name": "egret:target", "value": target}],
    }
    moment = os.environ.get("SOURCE_DATE_EPOCH")
    if moment:
        about["timestamp"] = datetime.fromtimestamp(int(moment), timezone.utc).isoformat()
    serial = hashlib.sha256(lock + target.encode()).digest()[:16]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=serial, version=4)}",
        "version": 1,
        "metadata": about,
        "components": [component(packages[p], checksums) for p in order if p != root],
        "dependencies": [
            {
                "ref": reference(packages[package]),
                "dependsOn": sorted(reference(packages[other]) for other in tree[package]),
            }
            for package in order
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="x86_64-unknown-linux-gnu")
    print(json.dumps(bill(parser.parse_args().target), indent=2))


if __name__ == "__main__":
    main()
