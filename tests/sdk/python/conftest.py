"""Every test runs with each SDK, against each provider, streamed and not, as far as it asks for it.

Where a schema has no word for what is tested, the test names the SDKs or providers that do:
`@pytest.mark.sdks("chat", "genai")`. Nothing is skipped.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from gateway import BACKENDS, SDKS, SIMULATORS, STACK


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for fixture, marker, every in [("sdk", "sdks", SDKS), ("provider", "providers", BACKENDS)]:
        if fixture in metafunc.fixturenames:
            chosen = metafunc.definition.get_closest_marker(marker)
            metafunc.parametrize(fixture, chosen.args if chosen else list(every), indirect=True)


@pytest.fixture(scope="session")
def drivers() -> Iterator[dict[str, Any]]:
    """One driver of each SDK: what knows nothing but the gateway's address and a caller's key."""
    every = {name: sdk.Driver(STACK["url"], STACK["keys"]["app"]) for name, sdk in SDKS.items()}
    yield every
    for driver in every.values():
        driver.close()


@pytest.fixture
def sdk(request: pytest.FixtureRequest, drivers: dict[str, Any]) -> Any:
    """A driver of an SDK."""
    return drivers[request.param]


@pytest.fixture
def provider(request: pytest.FixtureRequest) -> str:
    """Who is to answer."""
    return request.param


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    """Whether the answer is streamed."""
    return request.param


@pytest.fixture(autouse=True)
def canary() -> Iterator[None]:
    """After every test: no provider was shown a secret that is not its own."""
    simulators = set(SIMULATORS.values())
    for simulator in simulators:
        simulator.reset()
    yield
    for simulator in simulators:
        simulator.expect_own_credential_only()
