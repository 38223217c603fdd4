"""What Egret charges for recorded answers is what the catalogue of prices makes of them."""

import json
from decimal import Decimal
from typing import Any

import bill
import pytest
import vendors
import wire
from recordings import Recording

NANODOLLAR = Decimal("1e-9")


@pytest.fixture(scope="session")
def charged(provider, gateway, recordings) -> dict[str, Any]:
    """What the access log says of each answer that may cost something."""
    ids = {}
    for recording in filter(bill.billable, recordings):
        provider.play(recording)
        received = wire.post(gateway, recording, wire.simplest(recording), recording.alias)
        assert received.status == 200, received.body
        ids[recording.id] = last = received.headers["x-egret-request-id"]
    log = gateway.access_log(last)
    return {name: log[id] for name, id in ids.items()}


def test_it_is_charged_what_the_catalogue_says(charged, billed):
    line = charged[billed.id]
    usage = bill.usage(billed)
    # Every answer has read something: who counts nothing read has not counted.
    told = usage is not None and usage.input_tokens > 0
    assert line["estimated"] == (not told), usage
    if not told:
        return
    expected = bill.dollars(billed, usage) or Decimal(0)
    cost = Decimal(line["cost_usd"])
    assert expected <= cost < expected + NANODOLLAR, f"{billed.model}: {usage}"
