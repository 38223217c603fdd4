"""The dependency tree keeps to deny.toml: cargo-deny says so, and this, which reads the same file in
its stead wherever cargo-deny can't be had. Advisories need a database from the network: `cargo deny
check advisories`."""

import json
import re
import subprocess
import tomllib

import pytest

from manifests import ROOT, tool


@pytest.fixture(scope="module")
def rules():
    return tomllib.loads((ROOT / "deny.toml").read_text())


@pytest.fixture(scope="module")
def packages(rules):
    """Every package that is built, for any of the targets."""
    found = {}
    for target in rules["graph"]["targets"]:
        command = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
        command += ["--filter-platform", target]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        metadata = json.loads(run.stdout)
        resolved = {node["id"] for node in metadata["resolve"]["nodes"]}
        found |= {p["id"]: p for p in metadata["packages"] if p["id"] in resolved}
    return list(found.values())


def fits(expression, allowed):
    """Whether an SPDX expression can be met with the allowed licences."""
    # Cargo's old spelling: a slash for OR.
    tokens = re.findall(r"[()]|[\w.+-]+(?:\s+WITH\s+[\w.-]+)?", expression.replace("/", " OR "))

    def alternatives():
        met = conjunction()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = conjunction() or met
        return met

    def conjunction():
        met = licence()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = licence() and met
        return met

    def licence():
        token = tokens.pop(0)
        if token != "(":
            return token in allowed
        met = alternatives()
        assert tokens.pop(0) == ")", expression
        return met

    met = alternatives()
    assert not tokens, expression
    return met


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("MIT", True),
        ("GPL-3.0", False),
        ("GPL-3.0/MIT", True),
        ("MIT OR GPL-3.0", True),
        ("MIT AND GPL-3.0", False),
        ("(MIT OR GPL-3.0) AND ISC", True),
        ("MIT OR GPL-3.0 AND ISC", True),
        ("(MIT OR ISC) AND GPL-3.0", False),
        ("MIT WITH LLVM-exception", False),
    ],
)
def test_expressions_are_understood(expression, expected):
    assert fits(expression, {"MIT", "ISC"}) is expected


def test_cargo_deny_finds_nothing():
    command = [tool("cargo-deny"), "--offline", "--locked", "check", "bans", "licenses", "sources"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_every_licence_is_allowed(rules, packages):
    licences = rules["licenses"]
    exceptions = {rule["crate"]: set(rule["allow"]) for rule in licences["exceptions"]}
    for package in packages:
        allowed = set(licences["allow"]) | exceptions.get(package["name"], set())
        expression = package["license"]
        assert expression, f"{package['name']} names no licence"
        assert fits(expression, allowed), f"{package['name']}: {expression}"


def test_nothing_banned_is_built(rules, packages):
    names = {package["name"] for package in packages}
    assert "ring" in names
    assert not names & {rule["crate"] for rule in rules["bans"]["deny"]}


def test_everything_comes_from_the_one_registry(packages):
    sources = {package["source"] for package in packages} - {None}
    assert sources == {"registry+https://github.com/rust-lang/crates.io-index"}
