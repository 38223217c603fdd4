"""The image, as far as can be told without building it."""

import json
import re
import shutil
import subprocess
import tomllib

import pytest

from manifests import ROOT, build, one, tool

DEBIAN = {"trixie": "debian13"}


@pytest.fixture(scope="module")
def instructions():
    """The Dockerfile as pairs of an instruction and its arguments."""
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def image(instructions):
    """What the last stage says, by instruction; of several, the last."""
    last = max(i for i, (name, _) in enumerate(instructions) if name == "FROM")
    return dict(instructions[last:])


@pytest.fixture(scope="module")
def container():
    (container,) = one(build(), "Deployment")["spec"]["template"]["spec"]["containers"]
    return container


def copies(instructions):
    """(flags, sources, destination) of every COPY."""
    for words in (arguments.split() for name, arguments in instructions if name == "COPY"):
        flags = [word for word in words if word.startswith("--")]
        *sources, destination = (word for word in words if not word.startswith("--"))
        yield flags, sources, destination


def copied_from_context(instructions):
    """What is copied out of the build context."""
    for flags, sources, _ in copies(instructions):
        if not any(flag.startswith("--from=") for flag in flags):
            yield from sources


def test_hadolint_finds_nothing():
    command = [tool("hadolint"), "--no-color", str(ROOT / "Dockerfile")]
    linted = subprocess.run(command, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_two_stages_stand_on_pinned_images_of_one_debian(instructions):
    stages = [arguments.split() for name, arguments in instructions if name == "FROM"]
    assert [(stage[1], stage[2]) for stage in stages] == [("AS", "build"), ("AS", "egret")]
    (rust, suite) = re.fullmatch(r"rust:([\d.]+)-(\w+)", stages[0][0]).groups()
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert rust == cargo["workspace"]["package"]["rust-version"]
    # Another release's glibc may be older than the one the binary was linked to.
    assert stages[1][0] == f"gcr.io/distroless/cc-{DEBIAN[suite]}:nonroot"


def test_it_is_built_as_whatever_is_released(instructions):
    built = [arguments for name, arguments in instructions if name == "RUN"]
    assert len(built) == 1 and re.search(r"\bconf/release/build /out\b", built[0])
    assert "cargo build" not in built[0]
    # Nothing that would make other bytes of it: only the time, as Git cannot be asked.
    build = instructions[: [name for name, _ in instructions].index("RUN")]
    assert not [arguments for name, arguments in build if name == "ENV"]
    assert [arguments for name, arguments in build if name == "ARG"] == ["SOURCE_DATE_EPOCH"]


def test_it_carries_the_bill_of_materials(instructions):
    from_build = [copied for copied in copies(instructions) if "--from=build" in copied[0]]
    places = {source: target for _, (source,), target in from_build}
    assert places["/out/egret"] == "/egret"
    assert f"`{places['/out/egret.cdx.json']}`" in (ROOT / "RELEASING.md").read_text()
    written = (ROOT / "conf/release/build").read_text()
    assert all(f'"$out/{name}"' in written for name in ["egret", "egret.cdx.json"])


def test_nothing_is_fetched_by_address(instructions):
    assert "ADD" not in [name for name, _ in instructions]
    assert not [arguments for _, arguments in instructions if re.search(r"https?://", arguments)]


def test_the_user_is_a_number_and_owns_only_the_ledger(instructions, image):
    pod = one(build(), "Deployment")["spec"]["template"]["spec"]["securityContext"]
    user = f"{pod['runAsUser']}:{pod['runAsGroup']}"
    assert image["USER"] == user
    owned = [target for flags, _, target in copies(instructions) if f"--chown={user}" in flags]
    assert owned == ["/var/lib/egret"]


def test_the_pod_mounts_the_ledger_where_the_image_keeps_it(image, container):
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert json.loads(image["VOLUME"]) == [mounts["ledger"]]
    assert image["ENV"] == f"STATE_DIRECTORY={mounts['ledger']}"


def test_it_starts_the_gateway_without_a_shell(image, container):
    assert json.loads(image["ENTRYPOINT"]) == ["/egret"]
    assert json.loads(image["CMD"]) == container["args"]
    assert image["EXPOSE"] == str(container["ports"][0]["containerPort"])


def test_the_context_holds_what_is_copied_and_no_more(instructions):
    everything, *kept = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert everything == "*"
    assert {line.removeprefix("!") for line in kept} == set(copied_from_context(instructions))
    assert all((ROOT / source).exists() for source in copied_from_context(instructions))


def test_the_context_is_a_whole_workspace(instructions, tmp_path):
    for source in copied_from_context(instructions):
        path = ROOT / source
        (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / source)
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    command += ["--filter-platform", "x86_64-unknown-linux-gnu"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    # And what the compiler reads besides, unit tests aside: `include_str!` and its kin.
    for file in tmp_path.rglob("*.rs"):
        if "tests" in file.parts or file.name == "tests.rs":
            continue
        for included in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', file.read_text()):
            assert (file.parent / included).exists(), f"{file}: {included}"
