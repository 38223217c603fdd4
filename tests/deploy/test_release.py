"""What is released beside the binary, and what its build is held to."""

import json
import os
import subprocess
import sys
import tomllib

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from manifests import ROOT

SBOM = [sys.executable, str(ROOT / "conf" / "release" / "sbom.py")]


def written(**environment):
    run = subprocess.run(SBOM, capture_output=True, text=True, env=os.environ | environment)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def sbom():
    return json.loads(written())


@pytest.fixture(scope="module")
def pinned():
    """Name and version of every package in Cargo.lock, and its checksum."""
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {(package["name"], package["version"]): package.get("checksum") for package in packages}


def test_it_fits_the_schema():
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written()) is None


def test_what_does_not_fit_would_be_seen(sbom):
    wrong = json.dumps(sbom | {"serialNumber": "1"})
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(wrong) is not None


def test_the_same_lockfile_gives_the_same_bytes():
    moment = "1700000000"
    assert written(SOURCE_DATE_EPOCH=moment) == written(SOURCE_DATE_EPOCH=moment)
    assert "2023-11-14T22:13:20+00:00" in written(SOURCE_DATE_EPOCH=moment)


def test_it_holds_what_is_linked_with_the_checksums_of_the_lockfile(sbom, pinned):
    found = {component["name"]: component for component in sbom["components"]}
    assert {"pingora-core", "rustls", "ring", "tokio", "providers"} <= set(found)
    # What only tests, builds and macros use.
    assert not {"proptest", "tempfile", "shuttle", "cc", "serde_derive", "syn"} & set(found)
    for component in sbom["components"]:
        checksum = pinned[component["name"], component["version"]]
        hashes = [one["content"] for one in component.get("hashes", [])]
        assert hashes == ([checksum] if checksum else []), component["name"]
        assert ("purl" in component) is bool(checksum), component["name"]


def test_every_dependency_is_a_component(sbom):
    root = sbom["metadata"]["component"]["bom-ref"]
    known = {component["bom-ref"] for component in sbom["components"]} | {root}
    assert {entry["ref"] for entry in sbom["dependencies"]} == known
    used = {other for entry in sbom["dependencies"] for other in entry["dependsOn"]}
    assert used == known - {root}


@pytest.mark.parametrize("file", ["conf/release/build", "tests/run", "tests/soak/run"])
def test_whatever_builds_it_keeps_to_the_lockfile(file):
    text = (ROOT / file).read_text()
    commands = [line for line in text.splitlines() if "cargo build" in line and "heading" not in line]
    assert commands
    assert all("--locked" in command for command in commands), commands
