"""Every test runs with each SDK, against each provider, streamed and not, as far as it asks for it."""

from collections.abc import Iterator
from typing import Any

import pytest
from gateway import PROVIDERS, SDKS, SIMULATORS, STACK


@pytest.fixture(params=SDKS)
def sdk(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A driver of an SDK that knows nothing but the gateway's address and a caller's key."""
    driver = SDKS[request.param].Driver(STACK["url"], STACK["keys"]["app"])
    yield driver
    driver.close()


@pytest.fixture(params=PROVIDERS)
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
