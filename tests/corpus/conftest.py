"""Each test runs for each recording that it can say something about."""

import os
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from answers import READERS
from recordings import CORPUS, Recording, load
from replay import Gateway, Provider

RECORDINGS = load()
ABSENT = f"no recordings at {CORPUS}: set EGRET_SHARED to the folder that holds `corpus`"
# Which recordings a test is about, by the name of its parameter.
SELECTIONS = {
    "recording": lambda recording: True,
    "success": lambda recording: recording.ok,
    # No SDK asks for a stream as a JSON array.
    "readable": lambda recording: recording.ok and not recording.json_array,
    "failure": lambda recording: not recording.ok,
    "request_": lambda recording: recording.replayable_request,
    "openai_stream": lambda recording: recording.schema == "openai" and recording.sse,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for parameter, selected in SELECTIONS.items():
        if parameter in metafunc.fixturenames:
            some = [recording for recording in RECORDINGS if selected(recording)]
            metafunc.parametrize(parameter, some, ids=[recording.id for recording in some])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if RECORDINGS:
        return
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(ABSENT)
    print(f"SKIPPED: {ABSENT}", file=sys.stderr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    kinds = Counter(recording.kind for recording in RECORDINGS)
    parts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    passed = len(terminalreporter.stats.get("passed", []))
    terminalreporter.write_line(
        f"corpus: {passed} cells good over {len(RECORDINGS)} recordings ({parts or ABSENT})"
    )


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """Who answers with recordings."""
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="session")
def gateway(provider: Provider) -> Iterator[Gateway]:
    """An Egret before it."""
    gateway = Gateway(provider.url, RECORDINGS)
    yield gateway
    gateway.close()


@pytest.fixture(scope="session")
def direct(provider: Provider) -> Iterator[dict]:
    """An SDK for each schema, without Egret."""
    readers = {reader.schema: reader(provider.url) for reader in READERS}
    yield readers
    for reader in readers.values():
        reader.close()


@pytest.fixture(scope="session")
def through(gateway: Gateway) -> Iterator[dict]:
    """An SDK for each schema, through Egret."""
    readers = {reader.schema: reader(gateway.url) for reader in READERS}
    yield readers
    for reader in readers.values():
        reader.close()


@pytest.fixture
def play(provider: Provider):
    """Puts a recording on."""

    def play(recording: Recording) -> Recording:
        provider.play(recording)
        return recording

    return play
