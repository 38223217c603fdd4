"""Every test runs with each SDK, against each provider, streamed and not, as far as it asks for it.

Where a schema has no word for what is tested, the test names the SDKs or providers that do:
`@pytest.mark.sdks("openai", "genai")`. Nothing is skipped.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from gateway import PROVIDERS, SDKS, SIMULATORS, STACK


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for fixture, marker, every in [("sdk", "sdks", SDKS), ("provider", "providers", PROVIDERS)]:
        if fixture in metafunc.fixturenames:
            chosen = metafunc.definition.get_closest_marker(marker)
            metafunc.parametrize(fixture, chosen.args if chosen else list(every), indirect=True)


@pytest.fixture
def sdk(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A driver of an SDK that knows nothing but the gateway's address and a caller's key."""
    driver = SDKS[request.param].Driver(STACK["url"], STACK["keys"]["app"])
    yield driver
    driver.close()


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
    for simulator in SIMULATORS.values():
        simulator.reset()
    yield
    for simulator in SIMULATORS.values():
        simulator.expect_own_credential_only()
