"""Each test runs for each recording that it can say something about."""

import itertools
import os
import sys
from collections.abc import Iterator

import bill
import pytest
import report
import vendors
from exceptions import FAILING, UNREADABLE
from gateway import Gateway
from readers import READERS, READING
from recordings import CORPUS, Recording, load
from replay import Provider
from simulators import MODELS, Simulators

RECORDINGS = load()
ABSENT = f"no recordings at {CORPUS}: set EGRET_SHARED to the folder that holds `corpus`"
# Which recordings a test is about, by the name of its parameter.
SELECTIONS = {
    # No caller of Egret's reads Amazon's event stream.
    "success": lambda one: one.ok and one.framing != "bin",
    "readable": lambda one: (
        one.ok and one.operation == "generate" and one.name not in UNREADABLE
    ),
    "failure": lambda one: not one.ok,
    "replayable": lambda one: one.request is not None,
    "chat_stream": lambda one: one.schema == "chat" and one.sse,
    "embedded": lambda one: one.ok and one.operation == "embed",
    "counted": lambda one: one.ok and one.operation == "count",
    "billed": bill.billable,
}
# The same with a schema: of an SDK that reads the answer, or of a backend that gets the request.
PAIRS = {
    "foreign": "readable",
    "failed": "failure",
    "vectors": "embedded",
    "count": "counted",
}


def selected(name: str) -> list[Recording]:
    return list(filter(SELECTIONS[name], RECORDINGS))


def pairs(name: str) -> Iterator[tuple[Recording, str]]:
    for recording in selected(PAIRS[name]):
        for schema in READING[recording.operation]:
            if name != "foreign" or schema != recording.schema:
                yield recording, schema


def sent_on() -> Iterator[tuple[Recording, str, str]]:
    for recording, schema in itertools.product(selected("replayable"), READERS):
        if schema != recording.schema:
            for model in MODELS[recording.operation].get(schema, []):
                yield recording, schema, model


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    test = metafunc.function.__name__
    for name in metafunc.fixturenames:
        if name in SELECTIONS:
            cells = [(one, one.id) for one in selected(name)]
        elif name in PAIRS:
            cells = [((one, schema), f"{one.id}-{schema}") for one, schema in pairs(name)]
        elif name == "sent_on":
            cells = [((one, to, model), f"{one.id}-{to}-{model}") for one, to, model in sent_on()]
        else:
            continue
        metafunc.parametrize(name, [parameter(test, *cell) for cell in cells])


def parameter(test: str, value: object, name: str) -> object:
    reason = FAILING.get(f"{test}[{name}]")
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(value, id=name, marks=marks)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Every exception is of a cell. Where only some tests were asked for, nobody can tell."""
    config = session.config
    files = (name for name in config.args if name.endswith(".py") or "::" in name)
    some = config.option.keyword or any(files)
    names = {item.name for item in session.items}
    unknown = [name for name in FAILING if name not in names]
    if RECORDINGS and unknown and not some:
        raise pytest.UsageError(f"exceptions of no cell: {unknown}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if RECORDINGS:
        return
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(ABSENT)
    print(f"SKIPPED: {ABSENT}", file=sys.stderr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in report.lines(terminalreporter.stats, RECORDINGS) if RECORDINGS else [ABSENT]:
        terminalreporter.write_line(line)


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
    backends: dict[str, dict] = {}
    routes = []
    for recording in RECORDINGS:
        backend = vendors.backend(recording, provider.url)
        # Errors count against a backend, so that whoever plays one is used for nothing else.
        known = (name for name, one in backends.items() if one == backend)
        name = next(known, None) if recording.ok else None
        name = name or recording.alias
        backends[name] = backend
        to = {"backend": name, "model": recording.model}
        routes.append({"models": [recording.alias], "backends": [to]})
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
    """An Egret that sends requests on to them, by names that say in which schema."""
    names = {
        f"{schema}-{model}": {"backend": schema, "model": model}
        for models in MODELS.values()
        for schema, some in models.items()
        for model in some
    }
    routes = [{"models": [name], "backends": [to]} for name, to in names.items()]
    gateway = Gateway(simulators.backends(), routes, simulators.env())
    yield gateway
    gateway.close()


@pytest.fixture(scope="session")
def direct(provider: Provider) -> Iterator[dict]:
    """An SDK for each schema, without Egret."""
    readers = {schema: reader(provider.url) for schema, reader in READERS.items()}
    yield readers
    for reader in readers.values():
        reader.close()


@pytest.fixture(scope="session")
def through(gateway: Gateway) -> Iterator[dict]:
    """An SDK for each schema, through Egret."""
    readers = {schema: reader(gateway.url) for schema, reader in READERS.items()}
    yield readers
    for reader in readers.values():
        reader.close()
