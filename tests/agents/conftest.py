"""Around every test: simulators that have forgotten the last one, and no secret gone astray."""

from collections.abc import Iterator

import pytest
from simulator import PROVIDERS, Simulator

SIMULATORS = {name: Simulator(name) for name in PROVIDERS}


@pytest.fixture(autouse=True)
def simulators() -> Iterator[dict[str, Simulator]]:
    """The providers. After every test: none of them was shown a secret that is not its own."""
    for simulator in SIMULATORS.values():
        simulator.reset()
    yield SIMULATORS
    for simulator in SIMULATORS.values():
        simulator.expect_own_credential_only()


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    """Who is to answer."""
    return request.param
