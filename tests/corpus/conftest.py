"""Each test runs for each recording that it can say something about."""

import itertools
import os
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from answers import READERS
from gateway import Gateway
from recordings import CORPUS, Recording, load
from replay import Provider
from simulators import MODELS, Simulators

RECORDINGS = load()
ABSENT = f"no recordings at {CORPUS}: set EGRET_SHARED to the folder that holds `corpus`"
# Which recordings a test is about, by the name of its parameter.
SELECTIONS = {
    "success": lambda recording: recording.ok,
    # No SDK asks for a stream as a JSON array.
    "readable": lambda recording: recording.ok and not recording.json_array,
    "failure": lambda recording: not recording.ok,
    "replayable": lambda recording: recording.replayable_request,
    "openai_stream": lambda recording: recording.schema == "openai" and recording.sse,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for parameter, selected in SELECTIONS.items():
        if parameter in metafunc.fixturenames:
            some = [recording for recording in RECORDINGS if selected(recording)]
            metafunc.parametrize(parameter, some, ids=[recording.id for recording in some])
    if "sent_on" in metafunc.fixturenames:
        ways = [
            (recording, provider, model)
            for recording in filter(SELECTIONS["replayable"], RECORDINGS)
            for provider, models in MODELS.items()
            for model in models
            if provider != recording.schema
        ]
        ids = [f"{recording.id}-{model}" for recording, _, model in ways]
        metafunc.parametrize("sent_on", ways, ids=ids)
    if "foreign" in metafunc.fixturenames:
        readable = filter(SELECTIONS["readable"], RECORDINGS)
        pairs = list(itertools.product(readable, [reader.schema for reader in READERS]))
        pairs = [(recording, schema) for recording, schema in pairs if schema != recording.schema]
        ids = [f"{recording.id}-{schema}" for recording, schema in pairs]
        metafunc.parametrize("foreign", pairs, ids=ids)


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
def recordings() -> list[Recording]:
    """All of them."""
    if not RECORDINGS:
        pytest.skip(ABSENT)
    return RECORDINGS


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """Who answers with recordings."""
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="session")
def gateway(provider: Provider) -> Iterator[Gateway]:
    """An Egret before it."""
    routes = [
        {
            "models": [recording.alias],
            "backends": [{"backend": recording.backend, "model": recording.model}],
        }
        for recording in RECORDINGS
    ]
    backends = {
        recording.backend: provider.backend(recording.schema) for recording in RECORDINGS
    }
    gateway = Gateway(backends, routes, {})
    yield gateway
    gateway.close()


@pytest.fixture(scope="session")
def simulators() -> Iterator[Simulators]:
    """Providers that look at what they are asked."""
    simulators = Simulators()
    yield simulators
    simulators.close()


@pytest.fixture(scope="session")
def translator(simulators: Simulators) -> Iterator[Gateway]:
    """An Egret before them."""
    routes = [{"models": models, "backends": [name]} for name, models in MODELS.items()]
    gateway = Gateway(simulators.backends(), routes, simulators.env())
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
